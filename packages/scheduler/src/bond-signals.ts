/** What cores tell each other of links and monitors, on the control lane. The protocol is in `bonds.ts`. */
import type { ExitReason, Info } from '@cambium/actor'

/** The two ends, and the epoch of the sending core: what an incarnation of it sent that is known to be lost is not heard. */
export interface BondEnds {
  readonly epoch: number
  /** Of the sending core's actor; -1 for code outside actors. */
  readonly fromSlot: number
  readonly fromGeneration: number
  readonly slot: number
  readonly generation: number
}

/** An info that comes from an actor, without who that is. `argument` is for event managers among themselves: that of the next handler. */
export type News = Omit<Extract<Info, { readonly type: 'handler_removed' }>, 'ref'> & { readonly argument: unknown }

/** What a bond is called: by the sender's own name, by the receiver's, or by both where both have made it; 0 for none. */
export interface BondNames {
  readonly kind: 'monitor' | 'link'
  readonly mine: number
  readonly yours: number
}

/** What is told comes behind what had been written by then to the data ring of the sender's core, or of the core `of` where the sender is a guest. */
export interface Behind {
  readonly after: number
  readonly of?: number
}

export type BondSignal =
  /** Watch, or link with, the actor; `name` is the sender's. Answered by a `bond_end` with `noproc` when it is not there. */
  | (BondEnds & { readonly type: 'bond_made'; readonly kind: 'monitor' | 'link'; readonly name: number })
  /** Not any more: demonitor, unlink, or the end of the watcher. */
  | (BondEnds & BondNames & { readonly type: 'bond_cut' })
  /** The sender's actor has ended. */
  | (BondEnds & BondNames & Behind & { readonly type: 'bond_end'; readonly reason: ExitReason })
  /** An exit signal that somebody sent. */
  | (BondEnds & Behind & { readonly type: 'exit'; readonly reason: ExitReason })
  /** What an actor tells another one of, as an info; `ref` is the sender. */
  | (BondEnds & Behind & { readonly type: 'told'; readonly news: News })
