/**
 * Bounded queues can wait in a circle (D5). Names it: who waits for whom, from an actor whose message finds no room.
 *
 * A chain that leaves the core goes on as a signal to the next core, with the names met so far; the core on which it comes back to its
 * first actor reports it. A chain that ends, or runs into a circle without its first actor, says nothing: the members of that
 * circle look for themselves.
 *
 * An actor that has moved is one of the chain, by its ref: its home, which waits for room in its mailbox, and the place where it waits itself are not two.
 */
import { formatAddress, sameAddress } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import { AWAY } from './actor-cell.ts'
import type { ActorCell } from './actor-cell.ts'
import type { SlotTable } from './slot-table.ts'

/** Actors of one chain that are named. */
const CHAIN_MAX = 16

/** `A → B → A (cycle)`, as far as it lies on this core. */
export function describeWait(sender: ActorCell | undefined, target: ActorAddress, slots: SlotTable, core: number): string {
  const names = [sender?.label ?? 'outside']
  const seen = new Set<ActorCell>(sender === undefined ? [] : [sender])
  let next: ActorAddress | undefined = target
  while (next !== undefined && names.length < CHAIN_MAX) {
    const cell: ActorCell | undefined = next.core === core ? slots.find(next.slot, next.generation) : undefined
    names.push(cell?.label ?? formatAddress(next))
    if (cell === undefined) break
    if (seen.has(cell)) return `waiting: ${names.join(' → ')} (cycle)`
    seen.add(cell)
    next = cell.status === AWAY ? undefined : cell.waitsFor // where it is, it waits for what is not known here
  }
  return `waiting: ${names.join(' → ')}`
}

/** One actor of a chain of waits. */
export interface WaitLink {
  readonly core: number
  readonly slot: number
  readonly generation: number
  readonly label: string
}

export interface WaitChainHost {
  readonly coreNumber: number
  readonly slots: SlotTable
  /** The chain goes on at the core of `next`. */
  forward(chain: readonly WaitLink[], next: ActorAddress): void
  /** The chain has come back to its first actor. */
  found(cycle: readonly WaitLink[]): void
}

/** Follows a chain of waits as far as it lies on this core. */
export function followWaits(host: WaitChainHost, known: readonly WaitLink[], from: ActorAddress): void {
  const chain = [...known]
  let next = from
  while (chain.length < CHAIN_MAX) {
    const first = chain[0]
    if (first !== undefined && sameAddress(first, next)) {
      host.found(chain)
      return
    }
    if (next.core !== host.coreNumber) {
      const { core, slot, generation } = next
      host.forward(chain, { core, slot, generation })
      return
    }
    const cell = host.slots.find(next.slot, next.generation)
    if (cell === undefined || cell.outbox === 0 || cell.waitsFor === undefined) return
    const { address } = cell
    if (cell.status !== AWAY) {
      if (chain.some((link) => sameAddress(link, address))) return
      chain.push({ core: address.core, slot: address.slot, generation: address.generation, label: cell.label })
    }
    next = cell.waitsFor
  }
}
