/**
 * Stress scenarios over real threads: each sends so many records through a tiny ring, from a sequence close to the edge, with random
 * batches and pauses, and says what it verified or throws. The tests run them for a moment, `run.ts` for as long as one likes.
 */
import { Worker } from 'node:worker_threads'
import { createSeededRandom } from '@cambium/base'
import {
  createBroadcastRing,
  createDoorbell,
  createSpscRing,
  disruptor,
  evictOwner,
  evictProducer,
  inspectRing,
  inspectSlotRing,
  watchPositions,
} from '../../src/index.ts'
import type { NodeDescriptor, Topology } from '../../src/index.ts'
import {
  DONE,
  DONE_POSITION,
  FIRST,
  HANDLED,
  JOURNAL_WORDS,
  LAST,
  mix,
  NEXT_POSITION,
  record,
  REPORT_WORDS,
  SKIPPED,
  STATE,
  SUM,
  TIMES,
  WRONG,
} from './stress-record.ts'
import type { RecordFields } from './stress-record.ts'
import type { StressData, StressRole } from './stress-thread.ts'

export interface StressOptions {
  readonly records: number
  readonly seed: number
  /** One action in so many is followed by a pause; 0 for never. */
  readonly pauseEvery: number
  readonly capacity: number
  readonly start: number
  readonly strategy: string
}

interface Running {
  readonly worker: Worker
  readonly report: Int32Array
  /** Resolves at its end; rejects when it failed. */
  readonly end: Promise<unknown>
  /** Throws what it failed with, if it did. */
  readonly check: () => void
}

const running = new Set<Worker>()

/** Ends what a scenario that failed has left behind. */
export async function endAll(): Promise<void> {
  await Promise.all([...running].map((worker) => worker.terminate()))
}

let threads = 0
function start(options: StressOptions, job: StressRole, strategy: string = options.strategy): Running {
  const report = new Int32Array(new SharedArrayBuffer(REPORT_WORDS * 4))
  const data: StressData = { job, report, seed: options.seed + threads++, strategy, pauseEvery: options.pauseEvery }
  const worker = new Worker(new URL('stress-thread.ts', import.meta.url), { workerData: data })
  running.add(worker)
  worker.once('exit', () => running.delete(worker))
  let failure: Error | undefined
  const end = new Promise((resolve, reject) => {
    worker.once('error', (error: Error) => {
      failure = error
      reject(error)
    })
    worker.once('exit', resolve)
  })
  // Whoever waits for it learns of its failure; until then it must not count as unhandled.
  end.catch(() => undefined)
  const checkThread = (): void => {
    if (failure !== undefined) throw failure
  }
  return { worker, report, end, check: checkThread }
}

/** Longest time in which nothing happens that a scenario waits for. */
const STALL_MS = 20_000

/** Waits until `isSo`, while these threads run; `progress` is something that changes as long as there is hope. */
async function waitUntil(isSo: () => boolean, involved: readonly Running[], progress: () => unknown = () => 0): Promise<void> {
  let seen = progress()
  let deadline = performance.now() + STALL_MS
  while (!isSo()) {
    for (const one of involved) one.check()
    await new Promise(setImmediate)
    if (progress() !== seen) {
      seen = progress()
      deadline = performance.now() + STALL_MS
    }
    if (performance.now() > deadline) throw new Error(`nothing happens any more: progress=${String(seen)}`)
  }
}

const isWorking = async (one: Running): Promise<void> => waitUntil(() => Atomics.load(one.report, STATE) !== 0, [one])

function check(isRight: boolean, what: string, values: Readonly<Record<string, unknown>>): void {
  if (!isRight) throw new Error(`${what}: ${JSON.stringify(values)}`)
}

function checkReader(name: string, { report }: Running, records: number, sum: number): void {
  const values = { handled: report[HANDLED], records, wrong: report[WRONG], sum: report[SUM], expected: sum }
  check(
    report[HANDLED] === (records | 0) && report[WRONG] === 0 && report[SUM] === sum,
    `${name} lost or misread records`,
    values,
  )
}

/** Sum of the checks of `count` records from `first` on. */
function sumOf(first: number, count: number): number {
  let sum = 0
  for (let at = 0; at < count; at++) sum = (sum + mix((first + at) | 0)) | 0
  return sum
}

const consumerJob = (node: NodeDescriptor, stage: number, until?: number): StressRole => ({
  role: 'consumer',
  node,
  stage,
  ...(until === undefined ? {} : { until }),
  maxBatch: node.kind === 'pool' ? 64 : Math.min(64, inspectSlotRing(node.ring).capacity),
  owner: 0,
})

/** Ends the consumers once all of them have come to the last record. */
async function finish(topology: Topology<RecordFields>, consumers: readonly Running[], until: number): Promise<void> {
  const hasAll = (): boolean =>
    inspectSlotRing(topology.ring).readers.every(
      ({ kind, sequence, inHand }) => (kind === 'worker' || sequence === until) && !inHand,
    )
  await waitUntil(hasAll, consumers, () => JSON.stringify(inspectSlotRing(topology.ring).readers.map(({ sequence }) => sequence)))
  topology.halt()
  await Promise.all(consumers.map(({ end }) => end))
}

/** One producer, a diamond with a tail: nobody overtakes, every stage finds what the one before it wrote. */
export async function diamond(options: StressOptions): Promise<string> {
  const topology = disruptor({ capacity: options.capacity, layout: record, startSequence: options.start })
    .handle('first')
    .then('left', 'right')
    .then('join')
    .build()
  const until = (options.start + options.records - 1) | 0
  // The two sides only read the stage, for both of them work on a record at the same time.
  const stages = { first: 0, left: -1, right: -1, join: 1 }
  const consumers = topology.nodes.map((node) => start(options, consumerJob(node, stages[node.name as 'first'], until)))
  const { start: first, records } = options
  const producer = start(options, { role: 'producer', ring: topology.ring, records, start: first, batchMax: 1, owner: 0 })
  await producer.end
  await finish(topology, consumers, until)
  const sum = sumOf(first, records)
  for (const [at, consumer] of consumers.entries()) checkReader(topology.nodes[at]!.name, consumer, records, sum)
  return `diamond: ${records} records through 4 consumers, all whole and in order`
}

/** Several producers, claims of random sizes, some given up; two consumers and a pool of two behind them. */
export async function producers(options: StressOptions): Promise<string> {
  const topology = disruptor({ capacity: options.capacity, layout: record, producers: 'multi', startSequence: options.start })
    .handle('one', 'two')
    .then({ name: 'pool', workers: 2 })
    .build()
  const names = ['one', 'two', 'pool', 'pool']
  const consumers = names.map((name) => start(options, consumerJob(topology.node(name), -1)))
  await Promise.all(consumers.map(isWorking))
  const share = Math.floor(options.records / 2)
  const job = { role: 'producer', ring: topology.ring, records: share, start: options.start, batchMax: 8 } as const
  const sources = [start(options, { ...job, owner: 1 }), start(options, { ...job, owner: 2 })]
  await Promise.all(sources.map(({ end }) => end))
  const { cursor } = inspectSlotRing(topology.ring)
  await finish(topology, consumers, cursor)
  const [one, two, ...workers] = consumers as [Running, Running, Running, Running]
  const total = share * 2
  const skipped = sources.reduce((sum, { report }) => sum + report[SKIPPED]!, 0)
  checkReader('one', one, total, one.report[SUM]!)
  checkReader('two', two, total, one.report[SUM]!)
  check(one.report[SKIPPED] === skipped, 'slots given up were not passed over', { skipped, seen: one.report[SKIPPED] })
  const byPool = workers.reduce((sum, { report }) => (sum + report[HANDLED]!) | 0, 0)
  const poolSum = workers.reduce((sum, { report }) => (sum + report[SUM]!) | 0, 0)
  check(byPool === (total | 0) && poolSum === one.report[SUM], 'the pool lost or doubled records', { byPool, total })
  check(
    workers.every(({ report }) => report[WRONG] === 0),
    'the pool misread records',
    {},
  )
  return `producers: ${total} records of 2 producers through 2 consumers and 2 workers, ${skipped} slots given up`
}

/** Consumers that join and leave while the producer runs; one that stays sees everything. */
export async function joiners(options: StressOptions, joins: number): Promise<string> {
  const topology = disruptor({ capacity: options.capacity, layout: record, startSequence: options.start }).handle('stays').build()
  const until = (options.start + options.records - 1) | 0
  const stays = start(options, consumerJob(topology.node('stays'), -1, until))
  await isWorking(stays)
  const others = [0, 1].map(() => start(options, { role: 'joiner', ring: topology.ring, joins, until }))
  const { start: first, records } = options
  const producer = start(options, { role: 'producer', ring: topology.ring, records, start: first, batchMax: 1, owner: 0 })
  await producer.end
  await Promise.all(others.map(({ end }) => end))
  await finish(topology, [stays], until)
  checkReader('stays', stays, records, sumOf(first, records))
  for (const { report } of others) {
    check(report[WRONG] === 0 && report[TIMES] === joins, 'a joiner misread records', {
      wrong: report[WRONG],
      joined: report[TIMES],
    })
  }
  const readers = inspectSlotRing(topology.ring).readers.length
  check(readers === 1, 'a place was not given back', { readers })
  return `joiners: ${records} records, ${joins * 2} joins and leaves, ${others.map(({ report }) => report[HANDLED]).join(' and ')} records seen by them`
}

/** Both ends killed at random moments and replaced, again and again: one producer, and a consumer with a tally of every record. */
export async function replacements(options: StressOptions, kills: number): Promise<string> {
  const topology = disruptor({ capacity: options.capacity, layout: record, startSequence: 0 }).handle('only').build()
  const node = topology.node('only')
  const { ring } = topology
  const { records } = options
  const random = createSeededRandom(options.seed)
  const tally = new Uint8Array(new SharedArrayBuffer(records))
  const job = { ...consumerJob(node, -1, records - 1), tally } as StressRole
  const inHand: number[] = []
  const produced = (): number => (inspectSlotRing(ring).cursor + 1) | 0
  const consumed = (): number => (inspectSlotRing(ring).readers[0]!.sequence + 1) | 0
  const producing = (): Running =>
    start(options, { role: 'producer', ring, records: records - produced(), start: 0, batchMax: 1, owner: 0 })
  let producer = producing()
  let consumer = start(options, job)
  for (let kill = 0; kill < kills; kill++) {
    const isProducer = kill % 2 === 0
    const count = isProducer ? produced : consumed
    const target = Math.min(count() + random.below(Math.floor((2 * records) / kills)), records)
    const victim = isProducer ? producer : consumer
    await waitUntil(() => count() >= target, [producer, consumer], count)
    await victim.worker.terminate()
    check(victim.report[WRONG] === 0, 'a record was wrong', { kill, wrong: victim.report[WRONG] })
    if (isProducer) producer = producing()
    else {
      const hand = inspectSlotRing(ring).readers[0]!.inHand
      if (hand !== undefined) inHand.push(hand.sequence)
      consumer = start(options, job)
    }
  }
  await producer.end
  await finish(topology, [consumer], records - 1)
  const missing = [...tally.keys()].filter((sequence) => tally[sequence] === 0)
  const twice = [...tally.keys()].filter((sequence) => tally[sequence]! > 1)
  check(twice.length === 0, 'records were handled twice', { twice: twice.slice(0, 5) })
  check(
    missing.every((sequence) => inHand.includes(sequence)),
    'records were lost',
    { missing: missing.slice(0, 5), inHand },
  )
  check(consumer.report[WRONG] === 0, 'a record was wrong', {})
  return `replacements: ${records} records, ${kills} threads killed, ${inHand.length} records in hand, ${missing.length} of them not handled`
}

/** Producers of several and workers killed at random moments; the root gives up their claims, and everybody else goes on. */
export async function evictions(options: StressOptions, kills: number): Promise<string> {
  const topology = disruptor({ capacity: options.capacity, layout: record, producers: 'multi', startSequence: options.start })
    .handle('all')
    .then({ name: 'pool', workers: 4 })
    .build()
  const { ring } = topology
  const random = createSeededRandom(options.seed)
  const all = start(options, consumerJob(topology.node('all'), -1))
  const endless = { role: 'producer', ring, records: Number.MAX_SAFE_INTEGER, start: options.start, batchMax: 4 } as const
  let owner = 0
  const producing = (): Running & { owner: number } => ({ ...start(options, { ...endless, owner: ++owner }), owner })
  const working = (): Running & { owner: number } => ({
    ...start(options, { ...consumerJob(topology.node('pool'), -1), owner: ++owner } as StressRole),
    owner,
  })
  const sources = [producing(), producing()]
  const workers = [working(), working()]
  let aborted = 0
  for (let kill = 0; kill < kills; kill++) {
    const group = kill % 2 === 0 ? sources : workers
    const at = random.below(2)
    const victim = group[at]!
    const target = (inspectSlotRing(ring).cursor + random.below(2 * Math.floor(options.records / kills))) | 0
    const cursorNow = (): number => inspectSlotRing(ring).cursor
    await waitUntil(() => ((cursorNow() - target) | 0) >= 0, [all, ...sources, ...workers], cursorNow)
    await victim.worker.terminate()
    check(victim.report[WRONG] === 0, 'a record was wrong', { kill })
    const evicted = evictOwner(ring, victim.owner)
    check(evicted.undecided === 0, 'a claim stayed undecided', { kill, ...evicted })
    aborted += evicted.aborted
    group[at] = group === sources ? producing() : working()
  }
  for (const { worker, owner: id } of sources) {
    await worker.terminate()
    const attached = inspectSlotRing(ring).attached.find((one) => one.owner === id)
    if (attached !== undefined) aborted += evictProducer(ring, attached.place).aborted
  }
  const { cursor } = inspectSlotRing(ring)
  await finish(topology, [all, ...workers], cursor)
  check(all.report[WRONG] === 0 && workers.every(({ report }) => report[WRONG] === 0), 'a record was wrong', {})
  const passed = (cursor - options.start + 1) | 0
  const seen = (all.report[HANDLED]! + all.report[SKIPPED]!) | 0
  check(seen === passed, 'a record was neither seen nor given up', { seen, passed })
  check(all.report[FIRST] === options.start || all.report[SKIPPED]! > 0, 'the first record was not seen', {
    first: all.report[FIRST],
  })
  return `evictions: ${passed} slots, ${kills} threads killed, ${aborted} slots given up for dead producers, last ${all.report[LAST]}`
}

/** Bytes that a record takes on average, header included. */
const RECORD_BYTES = 76

/** A ring of records, the one that actors use: either end is killed at random moments and replaced, again and again, with a tally of every record. */
export async function recordRing(options: StressOptions, kills: number): Promise<string> {
  const { records, capacity } = options
  const ring = createSpscRing({ capacity, startPosition: options.start })
  const words = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(count * 4))
  const bells = { writer: words(1), reader: words(1) }
  const journal = words(JOURNAL_WORDS)
  journal[DONE_POSITION] = options.start
  journal[NEXT_POSITION] = options.start
  const tally = new Uint8Array(new SharedArrayBuffer(records))
  const random = createSeededRandom(options.seed)
  const positions = watchPositions(ring)
  const writing = (): Running => start(options, { role: 'writer', ring, bells, records, journal })
  const reading = (): Running => start(options, { role: 'reader', ring, bells, tally })
  let writer = writing()
  let reader = reading()
  const inHand: number[] = []
  const step = Math.min(Math.floor((2 * records * RECORD_BYTES) / Math.max(kills, 1)), 2 ** 30)
  for (let kill = 0; kill < kills; kill++) {
    const isWriter = random.chance(0.5)
    const position = (): number => (isWriter ? positions.producer : positions.consumer)
    const target = (position() + random.below(step)) | 0
    // Nearly at the end nothing moves any more, and then whoever is left is killed.
    const isThere = (): boolean => ((position() - target) | 0) >= 0 || Atomics.load(writer.report, STATE) === DONE
    await waitUntil(isThere, [writer, reader], position)
    const victim = isWriter ? writer : reader
    await victim.worker.terminate()
    check(victim.report[WRONG] === 0, 'a record was wrong', { kill, last: victim.report[LAST] })
    if (isWriter) writer = writing()
    else {
      const hand = inspectRing(ring).inHand
      if (hand !== undefined) inHand.push(hand.buffer.readInt32LE(hand.payloadOffset))
      reader = reading()
    }
  }
  await waitUntil(
    () => Atomics.load(writer.report, STATE) === DONE,
    [writer, reader],
    () => positions.producer,
  )
  await writer.end
  await isWorking(reader)
  Atomics.store(reader.report, STATE, DONE)
  createDoorbell(bells.reader).ring()
  await reader.end
  check(reader.report[WRONG] === 0, 'a record was wrong', { last: reader.report[LAST] })
  const { used, inHand: left } = inspectRing(ring)
  check(used === 0 && left === undefined, 'something is left in the ring', { used })
  const known = new Set(inHand)
  let missing = 0
  for (let number = 0; number < records; number++) {
    check(tally[number]! < 2, 'a record was handled twice', { number })
    check(tally[number] === 1 || known.has(number), 'a record was lost', { number, inHand })
    if (tally[number] === 0) missing += 1
  }
  return `record ring: ${records} records, ${kills} threads killed, ${inHand.length} records in hand, ${missing} of them not handled`
}

/** A broadcast ring with a lossless and a lossy reader. */
export async function broadcasts(options: StressOptions): Promise<string> {
  const ring = createBroadcastRing({ capacity: 4096, startPosition: 2 ** 31 - 4096 })
  const listener = (mode: 'lossless' | 'lossy'): Running =>
    start(options, { role: 'listener', ring, mode, until: options.records })
  const [exact, lossy] = [listener('lossless'), listener('lossy')]
  await Promise.all([exact, lossy].map(isWorking))
  const source = start(options, { role: 'broadcaster', ring, records: options.records })
  await source.end
  await exact.end
  checkReader('lossless', exact, options.records, sumOf(0, options.records))
  await waitUntil(
    () => lossy.report[LAST] === options.records - 1,
    [lossy],
    () => lossy.report[LAST],
  )
  await lossy.end
  const { report } = lossy
  const counted = (report[HANDLED]! + report[SKIPPED]! + report[FIRST]!) | 0
  check(report[WRONG] === 0 && counted === (options.records | 0), 'the lossy reader misread or miscounted', {
    wrong: report[WRONG],
    counted,
    records: options.records,
  })
  return `broadcasts: ${options.records} records, lossy reader lapped ${report[TIMES]} times and missed ${report[SKIPPED]}`
}
