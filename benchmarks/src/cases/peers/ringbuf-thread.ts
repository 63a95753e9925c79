/** Entry of a thread at one end of a ringbuf.js buffer: it takes an order, plays its part to the end, and answers with a tally. */
import { parentPort } from 'node:worker_threads'
import { RingBuffer } from 'ringbuf.js'
import { nowNs } from '../actors/messages.ts'
import { createMessageFormat } from '../message-format.ts'

export const RECORD_WORDS = 8

export interface RingbufOrder {
  readonly role: 'source' | 'sink'
  readonly storage: SharedArrayBuffer
  readonly count: number
  readonly popRecords: number
}

export interface RingbufTally {
  readonly startNs: number
  readonly endNs: number
  readonly count: number
  readonly checksum: number
}

const format = createMessageFormat(RECORD_WORDS * 4)

parentPort?.on('message', (order: RingbufOrder) => {
  parentPort?.postMessage(order.role === 'source' ? send(order) : receive(order))
})

/** Records are pushed one by one. The capacity is a multiple of a record, so one is pushed whole or not at all. */
function send({ storage, count }: RingbufOrder): RingbufTally {
  const ring = new RingBuffer(storage, Int32Array)
  const record = new Int32Array(RECORD_WORDS)
  const startNs = nowNs()
  for (let sequence = 0; sequence < count; sequence += 1) {
    format.write(format.build(sequence), record, 0)
    while (ring.push(record) === 0);
  }
  return { startNs, endNs: nowNs(), count, checksum: 0 }
}

/** As many records at a time as are there, up to a limit. */
function receive({ storage, count: expected, popRecords }: RingbufOrder): RingbufTally {
  const ring = new RingBuffer(storage, Int32Array)
  const records = new Int32Array(popRecords * RECORD_WORDS)
  const startNs = nowNs()
  let count = 0
  let checksum = 0
  while (count < expected) {
    const words = ring.pop(records)
    for (let index = 0; index < words; index += RECORD_WORDS) checksum = format.readAndCheck(records, index, checksum)
    count += words / RECORD_WORDS
  }
  return { startNs, endNs: nowNs(), count, checksum }
}
