/** The locks of a system, on core 0: each has one owner and those who wait, in order. */
import type { ActorAddress } from '@cambium/base'
import { CallbackTimer } from './timer-wheel.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** Locks and waiters together. */
const LOCKS_MAX = 1 << 20

interface Waiter {
  readonly owner: ActorAddress
  readonly answer: (error: string | undefined) => void
  readonly timer: CallbackTimer | undefined
}

interface Lock {
  owner: ActorAddress
  readonly waiters: Waiter[]
}

export class LockOffice {
  readonly #locks = new Map<string, Lock>()
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
    if (this.#count >= LOCKS_MAX) {
      answer('ERR_DIRECTORY_FULL')
      return
    }
    const lock = this.#locks.get(key)
    if (lock === undefined) {
      this.#locks.set(key, { owner, waiters: [] })
      this.#count += 1
      answer(undefined)
      return
    }
    if (isSame(lock.owner, owner) || lock.waiters.some((waiter) => isSame(waiter.owner, owner))) {
      answer('ERR_LOCK_HELD')
      return
    }
    if (waitMs <= 0) {
      answer('ERR_LOCK_TIMEOUT')
      return
    }
    const timer = waitMs === Infinity ? undefined : new CallbackTimer(() => this.#giveUp(lock, waiter))
    const waiter: Waiter = { owner, answer, timer }
    lock.waiters.push(waiter)
    this.#count += 1
    if (timer !== undefined) this.#wheel.start(timer, this.#now() + waitMs)
  }

  unlock(key: string, owner: ActorAddress): void {
    const lock = this.#locks.get(key)
    if (lock !== undefined && isSame(lock.owner, owner)) this.#pass(key, lock)
  }

  /** Whoever has ended has no locks and waits for none. Walks over all: that an actor with locks ends is rare. */
  release(isOver: (owner: ActorAddress) => boolean): void {
    for (const [key, lock] of this.#locks) {
      for (const waiter of lock.waiters.filter(({ owner }) => isOver(owner))) this.#drop(lock, waiter)
      if (isOver(lock.owner)) this.#pass(key, lock)
    }
  }

  #giveUp(lock: Lock, waiter: Waiter): void {
    this.#drop(lock, waiter)
    waiter.answer('ERR_LOCK_TIMEOUT')
  }

  #drop(lock: Lock, waiter: Waiter): void {
    if (waiter.timer !== undefined) this.#wheel.cancel(waiter.timer)
    lock.waiters.splice(lock.waiters.indexOf(waiter), 1)
    this.#count -= 1
  }

  #pass(key: string, lock: Lock): void {
    const next = lock.waiters[0]
    if (next === undefined) {
      this.#locks.delete(key)
      this.#count -= 1
      return
    }
    this.#drop(lock, next)
    lock.owner = next.owner
    next.answer(undefined)
  }
}

function isSame(a: ActorAddress, b: ActorAddress): boolean {
  return a.slot === b.slot && a.core === b.core && a.generation === b.generation
}
