/** What lies in a mailbox, as the oracles see it. */
import { NORMAL } from '@cambium/actor'
import type { Mailbox } from '@cambium/actor'
import type { Core } from '@cambium/scheduler'
import { Marked } from '../marked.ts'

export type Cell = Core['slots']['cells'][number] & object

/** The place of a message in the order of taking that no priority tells: it was put back, and comes before all others. */
export const PUT_BACK = -1
/** The runtime itself has made it, or its core died before this code saw it. */
export const UNKNOWN = 0

/** A message of an actor's timer. */
export interface OwnTimer {
  readonly cell: Cell
  readonly incarnation: number
}

/** What an actor's timer told it, or the runtime: no book knows it, and no policy drops it. */
export function isOwn(beside: unknown): boolean {
  return isMessageTimer(beside) || (typeof beside === 'object' && beside !== null && 'isOfLink' in beside)
}

export function isMessageTimer(beside: unknown): beside is OwnTimer {
  return typeof beside === 'object' && beside !== null && 'repeatMs' in beside
}

/** `HIGH`, `NORMAL`, `LOW`, {@link PUT_BACK} or {@link UNKNOWN}. */
export function priorityIn(message: unknown, beside: unknown): number {
  if (message instanceof Marked) return message.isTaken || message.isBack ? PUT_BACK : message.priority
  if (isMessageTimer(beside)) return beside.cell.judgesPriority ? UNKNOWN : NORMAL
  return isOwn(beside) ? NORMAL : UNKNOWN
}

/** Messages in a mailbox by priority, but those that were put back; `own` of them are no other actor's. */
export function countByPriority<A>(mailbox: Mailbox<A>): { readonly counts: readonly number[]; readonly own: number } {
  const counts = [0, 0, 0, 0]
  let own = 0
  mailbox.forEach((message, beside) => {
    if (isOwn(beside)) own += 1
    const priority = priorityIn(message, beside)
    if (priority !== PUT_BACK) counts[priority] = (counts[priority] as number) + 1
  })
  return { counts, own }
}
