/**
 * Whose a supervised actor is. Its owner decides what follows when an incarnation has ended, and the slot waits for that: the root, for actors that
 * were spawned from outside, or an actor that is a supervisor, on whichever core.
 */
import type { ActorAddress } from '@cambium/base'

/** The root, where the owner of an actor is named. No actor has this address. */
export const ROOT: ActorAddress = Object.freeze({ core: 0, slot: -1, generation: 0 })

export interface Ownership {
  /** {@link ROOT}, or the supervisor. Its address stays the same through its own restarts, and so do those of its children. */
  readonly supervisor: ActorAddress
  /** Unique among the children of a supervisor. */
  readonly id: string
  /** Of the supervisor in its tree, as in `platform/core`; empty for the root. */
  readonly path: string
  /** The root is told of its slot, which then outlives its core and its supervisor's. */
  readonly isKept: boolean
  /** Epoch of the supervisor's core when it started this incarnation: it goes down with that. */
  readonly life: number
}

export const OWNED_BY_ROOT: Ownership = Object.freeze({ supervisor: ROOT, id: '', path: '', isKept: false, life: 0 })

export function isOwnedByRoot({ supervisor }: Ownership): boolean {
  return supervisor.slot === ROOT.slot
}
