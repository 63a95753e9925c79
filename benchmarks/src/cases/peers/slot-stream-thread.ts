/** Entry of a thread at one end of a ring of slots: it takes an order, plays its part to the end, and answers with a tally. */
import { parentPort, workerData } from 'node:worker_threads'
import {
  attachNode,
  attachSlotColumns,
  attachSlotConsumer,
  attachSlotProducer,
  attachSlots,
  busySpin,
  createBatchProcessor,
  sequencesOnly,
  yielding,
} from '@cambium/ring'
import type { Processor } from '@cambium/ring'
import { nowNs } from '../actors/messages.ts'
import { eventLayout } from './slot-event.ts'
import type { SlotTally, SlotThreadData } from './slot-event.ts'

const CLOCK = { now: () => performance.now() }
const { role, node, access, batch } = workerData as SlotThreadData
const play = role === 'sink' ? openSink() : openSource()

parentPort?.on('message', (count: number) => parentPort?.postMessage(play(count)))
parentPort?.postMessage('ready')

function openSource(): (count: number) => SlotTally {
  const producer = attachSlotProducer(node.ring, { wait: () => yielding(CLOCK), timeoutMs: Infinity })
  if (producer === undefined) throw new Error('no place for a producer')
  const slots = attachSlots(node.ring, eventLayout)
  const columns = attachSlotColumns(node.ring, eventLayout)

  function eachByView(count: number): void {
    for (let id = 0; id < count; id += 1) {
      const sequence = producer!.next()
      const slot = slots.at(sequence)
      slot.sequence = id
      slot.account = id & 1023
      producer!.publish(sequence)
    }
  }
  function eachByColumns(count: number): void {
    const { sequence: ids, account: accounts } = columns
    for (let id = 0; id < count; id += 1) {
      const sequence = producer!.next()
      ids.set(sequence, id)
      accounts.set(sequence, id & 1023)
      producer!.publish(sequence)
    }
  }
  function batchesByView(count: number): void {
    for (let id = 0; id < count;) {
      const size = Math.min(batch, count - id)
      const last = producer!.next(size)
      for (let ahead = size - 1; ahead >= 0; ahead -= 1) {
        const slot = slots.at((last - ahead) | 0)
        slot.sequence = id
        slot.account = id & 1023
        id += 1
      }
      producer!.publish(last)
    }
  }
  function batchesByColumns(count: number): void {
    const { sequence: ids, account: accounts } = columns
    for (let id = 0; id < count;) {
      const size = Math.min(batch, count - id)
      const last = producer!.next(size)
      for (let ahead = size - 1; ahead >= 0; ahead -= 1) {
        const sequence = (last - ahead) | 0
        ids.set(sequence, id)
        accounts.set(sequence, id & 1023)
        id += 1
      }
      producer!.publish(last)
    }
  }

  const byView = batch === 1 ? eachByView : batchesByView
  const byColumns = batch === 1 ? eachByColumns : batchesByColumns
  const send = access === 'view' ? byView : byColumns
  return (count) => {
    const startNs = nowNs()
    send(count)
    return { startNs, endNs: nowNs(), count, checksum: 0 }
  }
}

function openSink(): (count: number) => SlotTally {
  let expected = 0
  let count = 0
  let checksum = 0
  let endNs = 0
  const isLast = (): void => {
    endNs = nowNs()
    processor.halt()
  }
  const processor = access === 'view' ? byView() : byColumns()

  function byView(): Processor {
    return attachNode(node, eventLayout, (slot) => {
      checksum = (checksum + slot.sequence + slot.account) | 0
      count += 1
      if (count === expected) isLast()
    })
  }
  function byColumns(): Processor {
    const { sequence: ids, account: accounts } = attachSlotColumns(node.ring, eventLayout)
    return createBatchProcessor(attachSlotConsumer(node.ring, node.place), sequencesOnly, (sequence) => {
      checksum = (checksum + ids.get(sequence) + accounts.get(sequence)) | 0
      count += 1
      if (count === expected) isLast()
    })
  }

  return (messages) => {
    expected = messages
    count = 0
    checksum = 0
    const startNs = nowNs()
    processor.run(busySpin(CLOCK))
    return { startNs, endNs, count, checksum }
  }
}
