/**
 * Asks that wait for a reply. An ask to another core is found again by a correlation number that is never reused within 2^32 asks; its
 * numbers start anew in a range of its own for each incarnation of the core, so a reply to the dead incarnation finds nobody.
 */
import type { ActorAddress } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import type { Hand } from './hand.ts'
import { Timer } from './timer-wheel.ts'

/** An asker on another core. */
export class RemoteAsker {
  readonly core: number
  readonly correlation: number
  constructor(core: number, correlation: number) {
    this.core = core
    this.correlation = correlation
  }
}

export type Asker = RemoteAsker | PendingAsk

/** An actor with the latest of the asks that it waits for. */
export interface Asking {
  asks: PendingAsk | undefined
}

export class PendingAsk extends Timer {
  readonly target: ActorAddress
  readonly timeoutMs: number
  /** 0 for an ask on the same core. */
  correlation = 0
  /** End of its record, or of its first fragment, as a {@link RecordLane.position} of the way to the target's core; undefined until that is written there. */
  position: number | undefined = undefined
  isSettled = false
  /** When it was asked, if an actor's handler waits for it; that handler, and its neighbours in the list of what that waits for. */
  askedAt = 0
  /** Number of the chain of calls that it goes on with; 0 for none. */
  chain = 0
  hand: Hand | undefined = undefined
  previousOfHand: PendingAsk | undefined = undefined
  nextOfHand: PendingAsk | undefined = undefined
  /** The actor whose handler it is. */
  owner: ActorCell | undefined = undefined
  /** Lets go of what the ask holds outside. */
  onSettled: (() => void) | undefined = undefined
  /** The actor that asked, which has this one in its list; undefined outside actors, and once it is settled. */
  #by: Asking | undefined
  #nextOfBy: PendingAsk | undefined = undefined
  #previousOfBy: PendingAsk | undefined = undefined
  readonly #resolve: (value: unknown) => void
  readonly #reject: (error: unknown) => void
  readonly #expire: (ask: PendingAsk) => void

  constructor(
    target: ActorAddress,
    timeoutMs: number,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    expire: (ask: PendingAsk) => void,
    by: Asking | undefined,
  ) {
    super()
    this.target = target
    this.timeoutMs = timeoutMs
    this.#by = by
    if (by !== undefined) {
      this.#nextOfBy = by.asks
      if (by.asks !== undefined) by.asks.#previousOfBy = this
      by.asks = this
    }
    this.#resolve = resolve
    this.#reject = reject
    this.#expire = expire
  }

  override fire(): void {
    this.#expire(this)
  }

  resolve(value: unknown): void {
    this.abandon()
    this.#resolve(value)
  }

  reject(error: unknown): void {
    this.abandon()
    this.#reject(error)
  }

  /** Nobody waits any more: the promise never settles. */
  abandon(): void {
    this.isSettled = true
    this.hand?.removeAsk(this)
    this.onSettled?.()
    const by = this.#by
    if (by === undefined) return
    this.#by = undefined
    if (this.#nextOfBy !== undefined) this.#nextOfBy.#previousOfBy = this.#previousOfBy
    if (this.#previousOfBy === undefined) by.asks = this.#nextOfBy
    else this.#previousOfBy.#nextOfBy = this.#nextOfBy
    this.#nextOfBy = undefined
    this.#previousOfBy = undefined
  }
}

/** In place of the asker of a message in hand that has its answer: another one is a dead letter, not a mistake. */
export const ANSWERED: RemoteAsker = new RemoteAsker(-1, 0)

/** Bits of the correlation number that count within one incarnation of the core. */
const RANGE_BITS = 26
/** The same for chains of calls; a chain is a number below 2^53. */
const CHAIN_BITS = 32
const CORES_MAX = 256

/** Places that a table begins with, and has again when it is empty after it had more than the other so many. */
const PLACES_MIN = 256
const PLACES_KEPT_MAX = 8192

/**
 * The asks that can be found by their number: each lies at the place that the low bits of its number say, and a number whose place is taken is skipped.
 * The table is never more than half full, so over a lap no more numbers are skipped than used.
 *
 * Not a `Map`: one to which asks are added and from which they go all the time is copied every few hundred of them, and a copy that is done with keeps its
 * asks, and the next copy, alive until the whole heap is collected. Nearly all asks then outlived the young generation.
 */
export class AskTable {
  #places: (PendingAsk | undefined)[] = emptyPlaces(PLACES_MIN)
  #size = 0
  #last: number
  #lastChain: number

  constructor(epoch: number) {
    this.#last = epoch << RANGE_BITS
    this.#lastChain = epoch * 2 ** CHAIN_BITS
  }

  get size(): number {
    return this.#size
  }

  add(ask: PendingAsk): void {
    if (this.#size * 2 >= this.#places.length) this.#grow()
    const mask = this.#places.length - 1
    do this.#last = (this.#last + 1) | 0
    while (this.#last === 0 || this.#places[this.#last & mask] !== undefined) // ends: half of the places are free
    ask.correlation = this.#last
    this.#places[this.#last & mask] = ask
    this.#size += 1
  }

  /** A fresh number for a chain of calls: none has it on any core, nor had it in this core's earlier lives. */
  nextChain(core: number): number {
    this.#lastChain += 1
    return this.#lastChain * CORES_MAX + core
  }

  find(correlation: number): PendingAsk | undefined {
    const ask = this.#places[correlation & (this.#places.length - 1)]
    return ask?.correlation === correlation ? ask : undefined
  }

  /** The ask, taken out of the table. */
  take(correlation: number): PendingAsk | undefined {
    const ask = this.find(correlation)
    if (ask !== undefined) this.drop(ask)
    return ask
  }

  drop({ correlation }: PendingAsk): void {
    if (correlation === 0 || this.find(correlation) === undefined) return
    this.#places[correlation & (this.#places.length - 1)] = undefined
    this.#size -= 1
    if (this.#size === 0 && this.#places.length > PLACES_KEPT_MAX) this.#places = emptyPlaces(PLACES_MIN)
  }

  all(): PendingAsk[] {
    return this.#places.filter((ask) => ask !== undefined)
  }

  /** Numbers that lie apart in the low bits do so with one bit more. */
  #grow(): void {
    const grown = emptyPlaces(this.#places.length * 2)
    for (const ask of this.#places) if (ask !== undefined) grown[ask.correlation & (grown.length - 1)] = ask
    this.#places = grown
  }
}

function emptyPlaces(count: number): (PendingAsk | undefined)[] {
  return new Array<PendingAsk | undefined>(count).fill(undefined)
}
