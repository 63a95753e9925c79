/**
 * What the end of a core's thread leaves in shared memory, brought in order by the root before a successor attaches (steps 2 and 3 of
 * `core-pool.ts`). Nothing of the thread writes any more, so the root may: books, congestion table, bell, attention, epoch.
 */
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import { BELL_BUSY, finishHand, inspectRing } from '@cambium/ring'
import { deadLane, endsMessage, messageInHand, readBooks, readHandler, recoverBooks } from '@cambium/scheduler'
import type { CoreBlock, MessageInHand, SystemMemory } from '@cambium/scheduler'

/** Messages that were in the mailbox of the actor in a slot; its timers' and what the runtime had to tell it are among them. */
interface MailboxLoss {
  readonly slot: number
  readonly messages: number
}

export interface CoreLoss {
  readonly core: number
  readonly error: ErrorRecord
  /** The messages from rings that were in hand. */
  readonly inHand: readonly MessageInHand[]
  /** Whose callback was running, unless the end came from outside: its supervisor counts the loss, the others restart their children for nothing. */
  readonly blamed: ActorAddress | undefined
  /** Messages lost with the heap, besides those in hand. */
  readonly lost: number
  /** Of those, what lay in the mailboxes of the core's first 16,384 slots. The rest waited for room, or in the hands of asynchronous handlers. */
  readonly mailboxes: readonly MailboxLoss[]
}

/** From now on what is sent to the core is meant for the successor, and what its thread would still write is not. */
export function countEpochUp({ epoch }: CoreBlock): void {
  Atomics.store(epoch, 0, Atomics.load(epoch, 0) + 1)
}

export interface Settlement {
  readonly loss: CoreLoss
  /** Of the ring from each core: where the successor goes on. */
  readonly positions: readonly number[]
}

export function settleCore(memory: SystemMemory, core: number, error: ErrorRecord, isBlameless: boolean): Settlement {
  const block = memory.blocks[core] as CoreBlock
  const counted = recoverBooks(memory, core)
  const running = isBlameless ? undefined : readHandler(block.handler)
  const blamed = running && { core, slot: running.slot, generation: running.generation }
  const inHand: MessageInHand[] = []
  const perhapsFinished: MessageInHand[] = []
  const positions = memory.blocks.map((_, source) => {
    if (source === core) return 0
    const ring = memory.dataRing(source, core)
    const inspection = inspectRing(ring)
    const held = inspection.inHand
    if (held !== undefined && held.payloadBytes >= 8 && endsMessage(held)) {
      const messages = source === counted ? perhapsFinished : inHand
      messages.push(messageInHand(memory, source, core, held))
    }
    finishHand(ring) // or it would be counted once more when the successor ends before it reads
    return inspection.resume
  })
  inHand.push(...perhapsFinished)
  const queued = Math.max(0, readBooks(block.books).queued)
  const handCount = Math.min(inHand.length, queued)
  const lost = queued - handCount
  inHand.length = handCount // the last one was finished when the books have its end already
  const lane = (reason: 'in_hand' | 'lost_with_core', count: number): void => {
    const at = deadLane(reason)
    block.books[at] = (block.books[at] as number) + count
  }
  lane('in_hand', handCount)
  lane('lost_with_core', lost)
  block.congestion.fill(0) // plain stores, published by the next one: a store for each bucket takes a millisecond
  Atomics.store(block.bell, 0, BELL_BUSY)
  Atomics.store(block.attention, 0, 0)
  block.handler.fill(0)
  return { loss: { core, error, inHand, blamed, lost, mailboxes: takeMailboxes(block, lost) }, positions }
}

/** Reads the lengths of the mailboxes, and clears them for the successor. Never more in all than the books say. */
function takeMailboxes({ queued }: CoreBlock, lost: number): MailboxLoss[] {
  const mailboxes: MailboxLoss[] = []
  let left = lost
  for (let slot = 0; slot < queued.length && left > 0; slot += 1) {
    const messages = Math.min(queued[slot] as number, left)
    if (messages === 0) continue
    left -= messages
    mailboxes.push({ slot, messages })
  }
  queued.fill(0)
  return mailboxes
}
