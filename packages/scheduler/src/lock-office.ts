/**
 * The locks of a system, on core 0: each is a line of claims, of which the first has the lock and the others wait, in order. The claims of an incarnation are
 * found by its place, so an end costs what its actor had, however many locks there are.
 */
import { slotKey, SLOTS_MAX } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import { CallbackTimer } from './timer-wheel.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** Locks and waiters together. */
const LOCKS_MAX = 1 << 20

interface Claim {
  readonly key: string
  readonly owner: ActorAddress
  readonly answer: (error: string | undefined) => void
  /** Of one that waits, unless it does so for ever. */
  timer: CallbackTimer | undefined
  next: Claim | undefined
  previous: Claim | undefined
}

interface Line {
  first: Claim
  last: Claim
}

export class LockOffice {
  readonly #lines = new Map<string, Line>()
  /** By place, then key; an actor with one claim has it without a map: most have. */
  readonly #claims = new Map<number, Claim | Map<string, Claim>>()
  readonly #wheel: TimerWheel
  readonly #now: () => number
  #count = 0

  constructor(wheel: TimerWheel, now: () => number) {
    this.#wheel = wheel
    this.#now = now
  }

  /** Locks that somebody has, and requests that wait. */
  get count(): number {
    return this.#count
  }

  lock(key: string, owner: ActorAddress, waitMs: number, answer: (error: string | undefined) => void): void {
    const line = this.#lines.get(key)
    if (this.#count >= LOCKS_MAX) answer('ERR_DIRECTORY_FULL')
    else if (this.#find(owner, key) !== undefined) answer('ERR_LOCK_HELD')
    else if (line !== undefined && waitMs <= 0) answer('ERR_LOCK_TIMEOUT')
    else {
      const claim = { key, owner, answer, timer: undefined, next: undefined, previous: undefined }
      this.#enter(claim, line)
      if (line === undefined) answer(undefined)
      else if (waitMs !== Infinity) this.#limit(claim, waitMs)
    }
  }

  unlock(key: string, owner: ActorAddress): void {
    const claim = this.#find(owner, key)
    if (claim !== undefined && this.#lines.get(key)?.first === claim) this.#leave(claim)
  }

  /** Whoever has ended has no locks and waits for none. */
  ended(owner: ActorAddress): void {
    this.#leaveAll(slotKey(owner))
  }

  /** The same of all actors of a core: first those who wait, so that no lock is passed on to one of them. */
  coreLost(core: number): void {
    const places = [...this.#claims.keys()].filter((place) => Math.floor(place / SLOTS_MAX) === core)
    for (const place of places) for (const claim of this.#at(place)) if (claim.previous !== undefined) this.#leave(claim)
    for (const place of places) this.#leaveAll(place)
  }

  #leaveAll(place: number): void {
    for (const claim of this.#at(place)) this.#leave(claim)
  }

  #at(place: number): Iterable<Claim> {
    const claims = this.#claims.get(place)
    return claims === undefined ? [] : claims instanceof Map ? claims.values() : [claims]
  }

  #find(owner: ActorAddress, key: string): Claim | undefined {
    const claims = this.#claims.get(slotKey(owner))
    if (claims instanceof Map) return claims.get(key)
    return claims?.key === key ? claims : undefined
  }

  #limit(claim: Claim, waitMs: number): void {
    claim.timer = new CallbackTimer(() => {
      claim.timer = undefined
      this.#leave(claim)
      claim.answer('ERR_LOCK_TIMEOUT')
    })
    this.#wheel.start(claim.timer, this.#now() + waitMs)
  }

  #enter(claim: Claim, line: Line | undefined): void {
    const place = slotKey(claim.owner)
    const claims = this.#claims.get(place)
    if (claims === undefined) this.#claims.set(place, claim)
    else if (claims instanceof Map) claims.set(claim.key, claim)
    else this.#claims.set(place, new Map([claims, claim].map((each) => [each.key, each])))
    this.#count += 1
    if (line === undefined) {
      this.#lines.set(claim.key, { first: claim, last: claim })
      return
    }
    claim.previous = line.last
    line.last.next = claim
    line.last = claim
  }

  /** When it was the first, the next one has the lock. */
  #leave(claim: Claim): void {
    const { key, next, previous } = claim
    this.#unlimit(claim)
    const place = slotKey(claim.owner)
    const claims = this.#claims.get(place)
    if (claims instanceof Map) claims.delete(key)
    if (claims === claim || (claims instanceof Map && claims.size === 0)) this.#claims.delete(place)
    this.#count -= 1
    if (next !== undefined) next.previous = previous
    if (previous !== undefined) {
      previous.next = next
      if (next === undefined) (this.#lines.get(key) as Line).last = previous
    } else if (next === undefined) this.#lines.delete(key)
    else {
      ;(this.#lines.get(key) as Line).first = next
      this.#unlimit(next)
      next.answer(undefined)
    }
  }

  #unlimit(claim: Claim): void {
    if (claim.timer !== undefined) this.#wheel.cancel(claim.timer)
    claim.timer = undefined
  }
}
