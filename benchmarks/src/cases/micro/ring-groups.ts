/** Hot functions of `@cambium/ring`, on one thread: what they cost when no cache line has to travel. */
import { attachConsumer, attachProducer, createDoorbell, createSpscRing, RING_FULL } from '@cambium/ring'
import type { RingConsumer, RingProducer } from '@cambium/ring'
import type { BenchGroup, Proof } from '../../case.ts'
import { createMessageFormat } from '../message-format.ts'
import { OPS_PER_SAMPLE, opCase } from './op-task.ts'
import type { OpTask } from './op-task.ts'

const BYTES = 32
/** Room for a sample and more. */
const CAPACITY = 2 ** 17
const BATCH = 64
const MESSAGE_TYPE = 1

export function createRingGroups(scale: number): readonly BenchGroup[] {
  const params = { bytes: BYTES, capacity: CAPACITY }
  return [
    {
      name: 'micro.ring.write',
      title: 'Ring: claim, write 32 B, commit, publish',
      quick: true,
      cases: [
        opCase('publish-each', { ...params, batch: 1 }, scale, () => writeTask(1)),
        opCase(`publish-${BATCH}`, { ...params, batch: BATCH }, scale, () => writeTask(BATCH)),
      ],
      ratios: [],
    },
    {
      name: 'micro.ring.read',
      title: 'Ring: take 32 B and check them',
      quick: true,
      cases: [
        opCase('next-done', params, scale, () => readTask(readByNext)),
        opCase('poll', params, scale, () => readTask(readByPoll)),
      ],
      ratios: [],
    },
    {
      name: 'micro.doorbell',
      title: 'Doorbell: ring a thread that is busy',
      quick: true,
      cases: [opCase('ring-busy', {}, scale, doorbellTask)],
      ratios: [],
    },
  ]
}

interface Fixture {
  readonly write: (batch: number) => void
  readonly consumer: RingConsumer
  readonly prove: (read: () => { readonly count: number; readonly checksum: number }) => Proof
}

function createFixture(): Fixture {
  const format = createMessageFormat(BYTES)
  const descriptor = createSpscRing({ capacity: CAPACITY })
  const producer: RingProducer = attachProducer(descriptor)
  let sequence = 0
  let checksumExpected = 0
  return {
    consumer: attachConsumer(descriptor),
    write(batch) {
      const { int32 } = producer
      for (let op = 0; op < OPS_PER_SAMPLE; op += 1) {
        const offset = producer.claim(MESSAGE_TYPE, BYTES)
        if (offset === RING_FULL) throw new Error('the ring is full within a sample')
        format.write(format.build(sequence), int32, offset >> 2)
        producer.commit()
        sequence += 1
        if (producer.unpublished >= batch) producer.publish()
      }
      producer.publish()
    },
    prove(read) {
      for (let each = 0; each < sequence; each += 1) checksumExpected = format.check(format.build(each), checksumExpected)
      return { countExpected: sequence, checksumExpected, ...read() }
    },
  }
}

type Reader = (consumer: RingConsumer, check: (offset: number) => void) => void

function readByNext(consumer: RingConsumer, check: (offset: number) => void): void {
  while (consumer.next()) {
    check(consumer.offset)
    consumer.done()
  }
  consumer.release()
}

function readByPoll(consumer: RingConsumer, check: (offset: number) => void): void {
  consumer.poll((_type, _buffer, offset) => check(offset))
}

function createReader(
  consumer: RingConsumer,
  reader: Reader,
): { read: () => void; tally: () => { count: number; checksum: number } } {
  const format = createMessageFormat(BYTES)
  const { int32 } = consumer
  let count = 0
  let checksum = 0
  const check = (offset: number): void => {
    checksum = format.readAndCheck(int32, offset >> 2, checksum)
    count += 1
  }
  return { read: () => reader(consumer, check), tally: () => ({ count, checksum }) }
}

function writeTask(batch: number): OpTask {
  const fixture = createFixture()
  const { read, tally } = createReader(fixture.consumer, readByNext)
  return { sample: () => fixture.write(batch), after: read, prove: () => fixture.prove(tally) }
}

function readTask(reader: Reader): OpTask {
  const fixture = createFixture()
  const { read, tally } = createReader(fixture.consumer, reader)
  return { sample: read, before: () => fixture.write(BATCH), prove: () => fixture.prove(tally) }
}

/** The common case of every publish: the reader runs, so nobody is to be woken. */
function doorbellTask(): OpTask {
  const doorbell = createDoorbell(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)))
  let rings = 0
  let won = 0
  return {
    sample() {
      for (let op = 0; op < OPS_PER_SAMPLE; op += 1) {
        if (doorbell.ring()) won += 1
        rings += 1
      }
    },
    prove: () => ({
      countExpected: Math.round(rings / OPS_PER_SAMPLE) * OPS_PER_SAMPLE,
      count: rings,
      checksumExpected: 0,
      checksum: won,
    }),
  }
}
