/**
 * What the end of a core's thread leaves in shared memory, brought in order by the root before a successor attaches (steps 2 and 3 of
 * `core-pool.ts`). Nothing of the thread writes any more, so the root may: books, congestion table, bell, attention, epoch.
 */
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import { BELL_BUSY, inspectRing } from '@cambium/ring'
import { deadLane, endsMessage, readBooks, readHandler, recoverBooks } from '@cambium/scheduler'
import type { CoreBlock, SystemMemory } from '@cambium/scheduler'

export interface CoreLoss {
  readonly core: number
  readonly error: ErrorRecord
  /** Targets of the messages from rings that were in hand. */
  readonly inHand: readonly ActorAddress[]
  /** Whose callback was running, unless the end came from outside: its supervisor counts the loss, the others restart their children for nothing. */
  readonly blamed: ActorAddress | undefined
  /** Messages lost with the heap, besides those in hand. */
  readonly lost: number
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
  recoverBooks(memory, core)
  const running = isBlameless ? undefined : readHandler(block.handler)
  const blamed = running && { core, slot: running.slot, generation: running.generation }
  const inHand: ActorAddress[] = []
  const positions = memory.blocks.map((_, source) => {
    if (source === core) return 0
    const inspection = inspectRing(memory.dataRing(source, core))
    const held = inspection.inHand
    if (held !== undefined && held.payloadBytes >= 8 && endsMessage(held)) {
      inHand.push({
        core,
        slot: held.buffer.readInt32LE(held.payloadOffset),
        generation: held.buffer.readInt32LE(held.payloadOffset + 4),
      })
    }
    return inspection.resume
  })
  const queued = Math.max(0, readBooks(block.books).queued)
  const handCount = Math.min(inHand.length, queued)
  const lost = queued - handCount
  inHand.length = handCount // one that the books have already was finished, only not yet marked so in its ring
  const lane = (reason: 'in_hand' | 'lost_with_core', count: number): void => {
    const at = deadLane(reason)
    block.books[at] = (block.books[at] as number) + count
  }
  lane('in_hand', handCount)
  lane('lost_with_core', lost)
  for (let bucket = 0; bucket < block.congestion.length; bucket += 1) Atomics.store(block.congestion, bucket, 0)
  Atomics.store(block.bell, 0, BELL_BUSY)
  Atomics.store(block.attention, 0, 0)
  block.handler.fill(0)
  return { loss: { core, error, inHand, blamed, lost }, positions }
}
