/**
 * How an actor is named (D8): core, slot on that core, generation of the slot. Generations come from a counter that
 * outlives the core's thread, so a ref to a stopped actor never leads to a stranger.
 */
export interface ActorAddress {
  readonly core: number
  readonly slot: number
  /** Int32; compared for equality only. */
  readonly generation: number
}

/** Cores of one system, the main thread included. A core number travels in 8 bits. */
export const CORES_MAX = 256
/** Actors alive on one core. A slot number travels in 24 bits. */
export const SLOTS_MAX: number = 1 << 24

/** Core and slot as one number, for tables of actors by their place. */
export function slotKey({ core, slot }: { readonly core: number; readonly slot: number }): number {
  return core * SLOTS_MAX + slot
}

/** `core-2/17#40`: how an address is written in errors and logs. */
export function formatAddress(address: ActorAddress): string {
  return `core-${address.core}/${address.slot}#${address.generation >>> 0}`
}

export function sameAddress(a: ActorAddress, b: ActorAddress): boolean {
  return a.slot === b.slot && a.generation === b.generation && a.core === b.core
}
