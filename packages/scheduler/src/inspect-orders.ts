/**
 * Brings an inspector's order to where its actor is. Either may be on its way.
 *
 * 1. Home passes an order for an actor that is away on to its host, and the answer back.
 * 2. A host that has the guest no more has said so to home before it answers (`guest_back`); home acts on that when it has taken the messages before it. So home waits until the actor has
 *    another place than the one that was asked, or none, and begins anew.
 * 3. An order that replaces the state waits while the actor leaves: what it changed would stay behind. Whatever looks at a guest that has not begun waits for that, since its state is not there.
 * 4. Each wait ends with the move, which has its time, or with the guest. After so many moves the answer of the last place stands.
 */
import { toErrorRecord } from '@cambium/base'
import { AWAY, LEAVING } from './actor-cell.ts'
import type { ActorCell } from './actor-cell.ts'
import type { CoreRequests } from './core-requests.ts'
import type { InspectOrder, Inspection } from './inspection.ts'
import { slotOf } from './move-signals.ts'
import type { Moves } from './moves.ts'
import type { Signal } from './signals.ts'
import type { SlotTable } from './slot-table.ts'

/** How often one order begins anew. */
const MOVES_MAX = 16

export interface InspectOrdersHost {
  readonly slots: SlotTable
  readonly requests: CoreRequests
  readonly inspection: Inspection
  readonly moves: Pick<Moves, 'when'>
}

/** Not to be called in the middle of the actor's own code. `answer` is told once. */
export function inspect(
  host: InspectOrdersHost,
  signal: Extract<Signal, { type: 'inspect' }>,
  answer: (signal: Signal) => void,
  movesLeft: number = MOVES_MAX,
): void {
  const { request, order } = signal
  const find = (): ActorCell | undefined => host.slots.find(signal.slot, signal.generation)
  const again = (): void => {
    inspect(host, signal, answer, movesLeft - 1)
  }
  const cell = find()
  const place = cell?.status === AWAY ? cell.moved?.place : undefined
  if (place !== undefined) {
    host.requests.send(
      place.core,
      false,
      (asked) => ({ ...signal, ...slotOf(place), request: asked }),
      (answered) => {
        if (answered.type === 'start_failed' && isMissing(answered.error) && movesLeft > 0)
          host.moves.when(() => find()?.moved?.place !== place, again)
        else tell(answer, { ...answered, request })
      },
    )
  } else if (cell !== undefined && mustWait(cell, order) && movesLeft > 0)
    host.moves.when(() => find()?.status !== LEAVING, again)
  else
    host.inspection.follow(signal, order, (value, error) => {
      if (error === undefined) tell(answer, { type: 'inspected', request, value })
      else if (isMissing(error) && isOnItsWay(find()) && movesLeft > 0) again()
      else answer({ type: 'start_failed', request, error: toErrorRecord(error) })
    })
}

/** What another core has sent may not travel on: it takes a little more where its shapes are not known yet. */
function tell(answer: (signal: Signal) => void, signal: Signal & { readonly request: number }): void {
  try {
    answer(signal)
  } catch (untold) {
    answer({ type: 'start_failed', request: signal.request, error: toErrorRecord(untold) }) // it cannot travel
  }
}

function mustWait({ status, guest }: ActorCell, { what }: InspectOrder): boolean {
  if (status !== LEAVING) return false
  const hasState = guest?.onBegun === undefined
  return hasState ? what === 'replace' : what !== 'suspend' && what !== 'resume'
}

/** It has come to that since the order was looked at. */
function isOnItsWay(cell: ActorCell | undefined): boolean {
  return cell?.status === LEAVING || cell?.status === AWAY
}

function isMissing(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'ERR_NO_SUCH_ACTOR'
}
