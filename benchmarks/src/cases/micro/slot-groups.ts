/** Rings of `@cambium/ring` with places, on one thread: slots with one producer and with several, and the broadcast ring. */
import {
  attachBroadcastProducer,
  attachSlotProducer,
  attachSlots,
  createBroadcastRing,
  disruptor,
  joinBroadcast,
  layout,
  NO_ROOM,
  RING_FULL,
  u32,
} from '@cambium/ring'
import type { BenchGroup } from '../../case.ts'
import { createMessageFormat } from '../message-format.ts'
import { OPS_PER_SAMPLE, opCase } from './op-task.ts'
import type { OpTask } from './op-task.ts'

/** Slots; room for a sample and more. */
const SLOTS = 2 ** 11
/** Bytes of the broadcast ring. */
const CAPACITY = 2 ** 17
const BYTES = 32
const MESSAGE_TYPE = 1
const record = layout({ id: u32, value: u32 })

export function createSlotGroups(scale: number): readonly BenchGroup[] {
  const slots = { slots: SLOTS, bytes: 8, batch: 1 }
  return [
    {
      name: 'micro.slots',
      title: 'Ring of slots: claim, write two fields, publish',
      quick: true,
      cases: [
        opCase('single-producer', slots, scale, () => slotTask('single')),
        opCase('multi-producer', slots, scale, () => slotTask('multi')),
      ],
      ratios: [],
    },
    {
      name: 'micro.broadcast',
      title: 'Broadcast ring: claim, write 32 B, commit and publish, and one reader takes and checks them',
      quick: true,
      cases: [opCase('publish-poll', { bytes: BYTES, capacity: CAPACITY, readers: 1 }, scale, broadcastTask)],
      ratios: [],
    },
  ]
}

function slotTask(producers: 'single' | 'multi'): OpTask {
  let count = 0
  let checksum = 0
  const graph = disruptor({ capacity: SLOTS, layout: record, producers })
    .handle({
      name: 'check',
      handler: ({ id, value }) => {
        count += 1
        checksum = (checksum + id + value) | 0
      },
    })
    .build()
  const producer = attachSlotProducer(graph.ring)
  if (producer === undefined) throw new Error('the ring has no place for a producer')
  const slots = attachSlots(graph.ring, record)
  let sent = 0
  return {
    sample() {
      for (let op = 0; op < OPS_PER_SAMPLE; op += 1) {
        const sequence = producer.tryNext()
        if (sequence === NO_ROOM) throw new Error('the ring is full within a sample')
        const slot = slots.at(sequence)
        slot.id = sent
        slot.value = sent & 1023
        producer.publish(sequence)
        sent += 1
      }
    },
    after: () => void graph.poll(),
    prove() {
      let checksumExpected = 0
      for (let id = 0; id < sent; id += 1) checksumExpected = (checksumExpected + id + (id & 1023)) | 0
      return { countExpected: sent, count, checksumExpected, checksum }
    },
  }
}

function broadcastTask(): OpTask {
  const format = createMessageFormat(BYTES)
  const ring = createBroadcastRing({ capacity: CAPACITY })
  const producer = attachBroadcastProducer(ring)
  const reader = joinBroadcast(ring)
  if (reader === undefined) throw new Error('the ring has no place for a reader')
  let sent = 0
  let count = 0
  let checksum = 0
  return {
    sample() {
      const { int32 } = producer
      for (let op = 0; op < OPS_PER_SAMPLE; op += 1) {
        const offset = producer.claim(MESSAGE_TYPE, BYTES)
        if (offset === RING_FULL) throw new Error('the ring is full within a sample')
        format.write(format.build(sent), int32, offset >> 2)
        producer.commit()
        producer.publish()
        sent += 1
      }
      reader.poll((_type, _buffer, offset) => {
        checksum = format.readAndCheck(int32, offset >> 2, checksum)
        count += 1
      })
    },
    prove() {
      let checksumExpected = 0
      for (let each = 0; each < sent; each += 1) checksumExpected = format.check(format.build(each), checksumExpected)
      return { countExpected: sent, count, checksumExpected, checksum }
    },
  }
}
