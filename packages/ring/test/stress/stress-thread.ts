/** Worker: one thread of a stress scenario, in the role that its data says. It reports in shared words, for it may be killed at any time. */
import { workerData } from 'node:worker_threads'
import { createSeededRandom } from '@cambium/base'
import type { SeededRandom } from '@cambium/base'
import {
  adaptive,
  attachBroadcastProducer,
  attachConsumer,
  attachNode,
  attachProducer,
  attachSlotProducer,
  attachSlots,
  backoff,
  blocking,
  busySpin,
  createDoorbell,
  joinBroadcast,
  joinSlotRing,
  NO_ROOM,
  RING_FULL,
  yielding,
} from '../../src/index.ts'
import type {
  BroadcastDescriptor,
  Doorbell,
  NodeDescriptor,
  Processor,
  SlotRingDescriptor,
  SpscRingDescriptor,
  WaitStrategy,
} from '../../src/index.ts'
import {
  DONE,
  DONE_NUMBER,
  DONE_POSITION,
  FIRST,
  HANDLED,
  LAST,
  mix,
  moreWordsOf,
  NEXT_NUMBER,
  NEXT_POSITION,
  record,
  SKIPPED,
  STATE,
  SUM,
  TIMES,
  WORKING,
  WRONG,
} from './stress-record.ts'

export type StressRole =
  | { role: 'producer'; ring: SlotRingDescriptor; records: number; start: number; batchMax: number; owner: number }
  | { role: 'consumer'; node: NodeDescriptor; stage: number; until?: number; maxBatch: number; owner: number; tally?: Uint8Array }
  | { role: 'joiner'; ring: SlotRingDescriptor; joins: number; until: number }
  | { role: 'broadcaster'; ring: BroadcastDescriptor; records: number }
  | { role: 'listener'; ring: BroadcastDescriptor; mode: 'lossless' | 'lossy'; until: number }
  | { role: 'writer'; ring: SpscRingDescriptor; bells: RecordBells; records: number; journal: Int32Array }
  | { role: 'reader'; ring: SpscRingDescriptor; bells: RecordBells; tally: Uint8Array }

/** A word for each end of a ring of records. */
export interface RecordBells {
  readonly writer: Int32Array
  readonly reader: Int32Array
}

export interface StressData {
  readonly job: StressRole
  readonly report: Int32Array
  readonly seed: number
  readonly strategy: string
  /** One action in so many is followed by a pause; 0 for never. */
  readonly pauseEvery: number
}

const { job, report, seed, strategy, pauseEvery } = workerData as StressData
const random: SeededRandom = createSeededRandom(seed)
const clock = { now: () => performance.now() }
const WAIT_MS = 20_000
const nowhere = new Int32Array(new SharedArrayBuffer(4))

function strategyOf(bell: Doorbell): WaitStrategy {
  if (strategy === 'busySpin') return busySpin(clock)
  if (strategy === 'yielding') return yielding(clock)
  if (strategy === 'backoff') return backoff(clock)
  return strategy === 'blocking' ? blocking(bell, clock) : adaptive(bell, clock)
}

function maybePause(): void {
  if (pauseEvery === 0 || random.below(pauseEvery) !== 0) return
  if (random.chance(0.5)) Atomics.wait(nowhere, 0, 0, random.next())
  else for (let spins = random.below(20_000); spins > 0; spins--) Atomics.load(nowhere, 0)
}

/** The record is handled, if it is the one that had to come and nothing in it is wrong. */
function note(sequence: number, check: number, isRight: boolean): void {
  if (report[HANDLED] === 0) report[FIRST] = sequence
  report[LAST] = sequence
  report[SUM] = (report[SUM]! + check) | 0
  report[HANDLED] = (report[HANDLED]! + 1) | 0
  if (!isRight) report[WRONG] = report[WRONG]! + 1
}

function produce({ ring, records, start, batchMax, owner }: StressRole & { role: 'producer' }): void {
  const producer = attachSlotProducer(ring, { wait: strategyOf, owner, timeoutMs: WAIT_MS })!
  const slots = attachSlots(ring, record)
  const most = Math.min(batchMax, producer.capacity)
  for (let left = records; left > 0;) {
    const count = Math.min(1 + random.below(most), left)
    const high = producer.next(count)
    if (high === NO_ROOM) throw new Error('no room')
    // With several producers it may give a claim up now and then; what it has not produced by that it produces later.
    if (batchMax > 1 && random.below(1000) === 0) {
      producer.abort()
      report[SKIPPED] = report[SKIPPED]! + count
      maybePause()
      continue
    }
    for (let sequence = (high - count + 1) | 0; ; sequence = (sequence + 1) | 0) {
      slots.at(sequence)
      slots.sequence = sequence
      slots.check = mix(sequence)
      slots.stage = 0
      if (sequence === high) break
    }
    producer.publish(high)
    left -= count
    report[HANDLED] = (report[HANDLED]! + count) | 0
    report[LAST] = (high - start) | 0
    maybePause()
  }
  producer.leave()
}

/** The stage of a record is how many consumers in a row have had it. */
function consume({ node, stage, until, maxBatch, owner, tally }: StressRole & { role: 'consumer' }): void {
  const isPool = node.kind === 'pool'
  let next: number | undefined
  let last: number | undefined
  const options = isPool ? { maxBatch, owner } : { maxBatch }
  const processor: Processor = attachNode(
    node,
    record,
    {
      onEvent: (slot, sequence) => {
        const isNext = isPool
          ? last === undefined || ((sequence - last) | 0) > 0
          : next === undefined || ((sequence - next) | 0) >= 0
        const isRight =
          isNext && slot.sequence === sequence && slot.check === mix(sequence) && (stage < 0 || slot.stage === stage)
        if (stage >= 0) slot.stage = stage + 1
        if (tally !== undefined) tally[sequence] = tally[sequence]! + 1
        note(sequence, slot.check, isRight)
        next = (sequence + 1) | 0
        last = sequence
        maybePause()
      },
      onTimeout: (sequence) => {
        report[SKIPPED] = processor.skipped
        // The last slots may have been given up, so that no handler was called for them.
        if (Atomics.load(report, STATE) === DONE || (!isPool && sequence === until)) processor.halt()
      },
    },
    options,
  )
  Atomics.store(report, STATE, WORKING)
  processor.run(strategyOf(processor.bell), 50)
  report[SKIPPED] = processor.skipped
}

/** Joins, reads some records, leaves, and again. Everything between a join and its leave must be there, in order. */
function joinAndLeave({ ring, joins, until }: StressRole & { role: 'joiner' }): void {
  const slots = attachSlots(ring, record)
  for (let join = 0; join < joins; join++) {
    const consumer = joinSlotRing(ring)
    if (consumer === undefined) throw new Error('no place')
    const wait = strategyOf(consumer.bell)
    const count = random.below(200)
    while (report[HANDLED]! < count * (join + 1) && consumer.sequence !== until) {
      if (!wait.waitFor(() => consumer.available() > 0, 50)) break
      for (let available = consumer.available(); available > 0; available--) {
        const sequence = (consumer.sequence + 1) | 0
        consumer.take()
        slots.at(sequence)
        note(sequence, slots.check, slots.sequence === sequence && slots.check === mix(sequence))
        consumer.done()
      }
      consumer.release()
      maybePause()
    }
    consumer.leave()
    report[TIMES] = join + 1
    maybePause()
  }
}

/** Records of varying size; every word of one follows from its number. */
function broadcast({ ring, records }: StressRole & { role: 'broadcaster' }): void {
  const producer = attachBroadcastProducer(ring)
  const wait = strategyOf(producer.bell)
  for (let number = 0; number < records; number++) {
    const words = 1 + (mix(number) & 7)
    let offset = producer.claim(number & 0xffff, words * 4)
    while (offset === RING_FULL) {
      producer.publish()
      if (!wait.waitFor(() => producer.hasRoom(words * 4), WAIT_MS)) throw new Error('no room')
      offset = producer.claim(number & 0xffff, words * 4)
    }
    for (let word = 0; word < words; word++) producer.int32[(offset >> 2) + word] = mix(number) + word
    producer.commit()
    if (producer.unpublished > random.below(20)) {
      producer.publish()
      maybePause()
    }
    report[HANDLED] = number + 1
  }
  producer.publish()
}

function listen({ ring, mode, until }: StressRole & { role: 'listener' }): void {
  const reader = joinBroadcast(ring, { mode })!
  const wait = strategyOf(reader.bell)
  let number = 0
  Atomics.store(report, STATE, WORKING)
  while (number < until && Atomics.load(report, STATE) !== DONE) {
    if (!wait.waitFor(() => !reader.isEmpty, 50)) continue
    reader.poll((type, _buffer, offset, length) => {
      // Its number is at least the next one, and has the type's low bits.
      number += (type - number) & 0xffff
      while (reader.mode === 'lossy' && reader.int32[offset >> 2] !== mix(number) && number < until) number += 0x10000
      const words = 1 + (mix(number) & 7)
      let isRight = length === words * 4
      for (let word = 0; word < words; word++) isRight &&= reader.int32[(offset >> 2) + word] === ((mix(number) + word) | 0)
      note(number, mix(number), isRight)
      number += 1
    }, 500)
    report[SKIPPED] = reader.lost
    report[TIMES] = reader.lapped
    if (reader.corrupt > 0) report[WRONG] = report[WRONG]! + 1
    maybePause()
  }
  reader.leave()
}

/** Records of any size in batches of any size, some given up; from where the journal and the ring say that its predecessor came to. */
function writeRecords({ ring, bells, records, journal }: StressRole & { role: 'writer' }): void {
  const producer = attachProducer(ring)
  const [bell, peer] = [createDoorbell(bells.writer), createDoorbell(bells.reader)]
  bell.busy()
  const wait = strategyOf(bell)
  const isDone = producer.position === journal[DONE_POSITION]
  if (!isDone && producer.position !== journal[NEXT_POSITION]) throw new Error('the ring is where no writer was')
  let number = journal[isDone ? DONE_NUMBER : NEXT_NUMBER]!
  const publish = (): void => {
    journal[NEXT_NUMBER] = number
    journal[NEXT_POSITION] = producer.position
    producer.publish()
    journal[DONE_NUMBER] = number
    journal[DONE_POSITION] = producer.position
    peer.ring()
  }
  publish()
  Atomics.store(report, STATE, WORKING)
  for (let batch = 1 + random.below(40); number < records;) {
    const bytes = 4 + 4 * moreWordsOf(number)
    // More than it needs is claimed now and then, and a claim given up.
    const claimed = Math.min(bytes + 4 * random.below(3), producer.recordBytesMax)
    const offset = producer.claim(mix(number) & 0xff, claimed)
    if (offset === RING_FULL) {
      publish()
      if (!wait.waitFor(() => producer.hasRoom(claimed), WAIT_MS)) throw new Error('no room')
      continue
    }
    if (random.below(100) === 0) {
      producer.abort()
      continue
    }
    const word = offset >> 2
    producer.int32[word] = number
    for (let more = moreWordsOf(number); more > 0; more--) producer.int32[word + more] = mix(number + more)
    producer.commit(bytes)
    number += 1
    report[HANDLED] = number
    if (producer.unpublished < batch) continue
    batch = 1 + random.below(40)
    publish()
    maybePause()
  }
  publish()
}

/** Reads until it is told that nothing more comes; by `poll` or one at a time, and gives room back now or later. */
function readRecords({ ring, bells, tally }: StressRole & { role: 'reader' }): void {
  const consumer = attachConsumer(ring)
  const [bell, peer] = [createDoorbell(bells.reader), createDoorbell(bells.writer)]
  bell.busy()
  const wait = strategyOf(bell)
  const { int32 } = consumer
  let next: number | undefined
  const handle = (type: number, _buffer: Buffer, offset: number, length: number): void => {
    const number = int32[offset >> 2]!
    const more = moreWordsOf(number)
    let isRight = (next === undefined || number === next) && type === (mix(number) & 0xff) && length === 4 + 4 * more
    for (let word = more; isRight && word > 0; word--) isRight = int32[(offset >> 2) + word] === mix(number + word)
    tally[number] = tally[number]! + 1
    note(number, mix(number), isRight)
    next = number + 1
    maybePause()
  }
  const isOver = (): boolean => Atomics.load(report, STATE) === DONE
  consumer.release()
  peer.ring()
  Atomics.compareExchange(report, STATE, 0, WORKING)
  while (!consumer.isEmpty || !isOver()) {
    if (!wait.waitFor(() => !consumer.isEmpty || isOver(), 50)) continue
    if (random.chance(0.5)) consumer.poll(handle, 1 + random.below(60))
    else {
      for (let left = random.below(60); left > 0 && consumer.next(); left--) {
        handle(consumer.type, consumer.buffer, consumer.offset, consumer.length)
        if (random.chance(0.5)) consumer.done()
      }
      consumer.done()
      consumer.release()
    }
    peer.ring()
  }
}

if (job.role === 'producer') produce(job)
else if (job.role === 'consumer') consume(job)
else if (job.role === 'joiner') joinAndLeave(job)
else if (job.role === 'broadcaster') broadcast(job)
else if (job.role === 'listener') listen(job)
else if (job.role === 'writer') writeRecords(job)
else readRecords(job)
Atomics.store(report, STATE, DONE)
