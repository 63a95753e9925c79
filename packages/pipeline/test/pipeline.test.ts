/** Graphs whose handlers are modules, each on a real thread: starting, handling, joining and leaving, failing, dying, ending. */
import { attachSlotProducer, attachSlots, disruptor, inspectSlotRing, NO_ROOM } from '@cambium/ring'
import type { DisruptorBuilder, Layout, LayoutFields, NodeDeclaration, Topology } from '@cambium/ring'
import { afterEach, describe, expect, test } from 'vitest'
import { startPipeline } from '../src/index.ts'
import type { Pipeline, PipelineOptions, StageDeath, StageWait } from '../src/index.ts'
import { record } from './fixtures/record.ts'
import { BATCHES, COUNT, ENDS, ERRORS, GATE, ROUNDS, STARTS, SUM, TALLY_WORDS, THREAD, TIMEOUTS } from './fixtures/stages.ts'
import type { TallyArgument } from './fixtures/stages.ts'

type FieldsOf<L> = L extends Layout<infer F> ? F : LayoutFields
type Fields = FieldsOf<typeof record>
type Node = NodeDeclaration<Fields>

const STAGES = new URL('./fixtures/stages.ts', import.meta.url)
const WAIT_MS = 20_000
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

const open: Pipeline[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((pipeline) => pipeline.close()))
})

const graph = (capacity = 16): DisruptorBuilder<Fields> => disruptor({ capacity, layout: record })
const words = (): Int32Array => new Int32Array(new SharedArrayBuffer(TALLY_WORDS * 4))
const double: Node = { name: 'double', module: STAGES }
const tally = (name: string, argument: TallyArgument, more: Partial<Node> = {}): Node => ({
  name,
  module: STAGES,
  export: 'tally',
  argument,
  ...more,
})

async function start(topology: Topology<Fields>, options: PipelineOptions = {}): Promise<Pipeline> {
  const pipeline = await startPipeline(topology, { drainTimeoutMs: 0, ...options })
  open.push(pipeline)
  return pipeline
}

/** Puts `count` values from `first` on into the ring, and waits for room beside the event loop; says how many went in. */
async function put({ ring }: Topology<Fields>, count: number, first = 0, timeoutMs = WAIT_MS): Promise<number> {
  const producer = attachSlotProducer(ring)!
  const slots = attachSlots(ring, record)
  for (let at = 0; at < count; at++) {
    const sequence = await producer.nextAsync(1, timeoutMs)
    if (sequence === NO_ROOM) return at
    slots.at(sequence).value = first + at
    slots.doubled = 0
    producer.publish(sequence)
  }
  return count
}

/** Waits until a word of a tally has come so far. */
async function until(tallied: Int32Array, word: number, least: number): Promise<number> {
  for (;;) {
    const value = Atomics.load(tallied, word)
    if (value >= least) return value
    const { async, value: outcome } = Atomics.waitAsync(tallied, word, value, WAIT_MS)
    if (async && (await outcome) === 'timed-out') throw new Error(`word ${word} stays at ${value}`)
  }
}

/** Lets a handler go on that waits at the record of its `gateAt`. */
function openGate(tallied: Int32Array): void {
  Atomics.store(tallied, GATE, 1)
  Atomics.notify(tallied, GATE)
}

/** Deaths as they come. */
function deaths(): { options: PipelineOptions; next: () => Promise<StageDeath>; all: readonly StageDeath[] } {
  const all: StageDeath[] = []
  const waiting: ((death: StageDeath) => void)[] = []
  let taken = 0
  const onStageDeath = (death: StageDeath): void => {
    all.push(death)
    waiting.shift()?.(death)
  }
  const next = (): Promise<StageDeath> => {
    taken += 1
    const known = all[taken - 1]
    return known === undefined ? new Promise((resolve) => void waiting.push(resolve)) : Promise.resolve(known)
  }
  return { options: { onStageDeath }, next, all }
}

describe('handlers that are modules', () => {
  test('R1.8 a diamond of stages, each on a thread of its own, over one ring', async () => {
    const [left, right, join] = [words(), words(), words()]
    const topology = graph()
      .handle(double)
      .then(tally('left', { words: left }), tally('right', { words: right }))
      .then(tally('join', { words: join }))
      .build()
    const pipeline = await start(topology)
    await put(topology, 1000)
    expect(await pipeline.drain(WAIT_MS)).toBe(true)
    for (const one of [left, right, join]) expect([one[COUNT], one[SUM]]).toEqual([1000, 999_000])
    expect(new Set([left[THREAD], right[THREAD], join[THREAD]]).size).toBe(3)
    for (const one of [left, right, join]) {
      expect(one[BATCHES]).toBeGreaterThan(0)
      expect(one[ENDS]).toBe(one[BATCHES])
    }
    const { isDrained, stages } = await pipeline.close()
    expect(isDrained).toBe(true)
    expect(stages).toEqual(
      ['double', 'left', 'right', 'join'].map((stage, place) => ({
        stage,
        worker: 0,
        state: 'ended',
        place,
        isTerminated: false,
        handled: 1000,
        failed: 0,
        skipped: 0,
      })),
    )
    expect(await pipeline.closed).toEqual(await pipeline.close())
  })

  test.each<StageWait>(['adaptive', 'blocking', 'busySpin', 'yielding', 'backoff', 'events'])('wait by %s', async (wait) => {
    const seen = words()
    const topology = graph(64)
      .handle(tally('only', { words: seen }))
      .build()
    await start(topology, { wait, maxBatch: 7, timeoutMs: 1 })
    await until(seen, TIMEOUTS, 2)
    await put(topology, 200)
    expect(await until(seen, COUNT, 200)).toBe(200)
    expect(seen[STARTS]).toBe(1)
  })

  test('beside its event loop a handler has its timers, also while there is always something to do', async () => {
    const seen = words()
    const topology = graph()
      .handle({ name: 'ticking', module: STAGES, argument: { words: seen } })
      .build()
    await start(topology, { wait: 'events' })
    await until(seen, ROUNDS, 2)
    await put(topology, 5000)
    await until(seen, COUNT, 5000)
    await until(seen, ROUNDS, seen[ROUNDS]! + 2)
  })

  test('a pool: each record to one of its workers, each on a thread of its own; one more joins, one leaves', async () => {
    const seen = words()
    const topology = graph()
      .handle(tally('pool', { words: seen }, { workers: 2 }))
      .build()
    const pipeline = await start(topology)
    expect(await until(seen, STARTS, 2)).toBe(2)
    await pipeline.join('pool')
    expect(pipeline.stages.map(({ worker }) => worker)).toEqual([0, 1, 2])
    await put(topology, 500)
    await pipeline.leave('pool', 0)
    await put(topology, 500)
    await until(seen, COUNT, 1000)
    expect(pipeline.stages.map(({ worker, state }) => `${worker} ${state}`)).toEqual(['1 running', '2 running'])
    expect((await pipeline.close()).isDrained).toBe(true)
    expect(seen[COUNT]).toBe(1000)
  })

  test('nodes with handlers of this thread, and others of nobody yet, are left alone', async () => {
    const seen = words()
    const here: number[] = []
    const topology = graph()
      .handle({ name: 'here', handler: (slot) => void here.push(slot.value) })
      .then(tally('there', { words: seen }))
      .build()
    await start(topology)
    await put(topology, 3)
    topology.poll()
    await until(seen, COUNT, 3)
    expect(here).toEqual([0, 1, 2])
  })
})

describe('C-46 joining and leaving while it runs', () => {
  test('a stage joins behind another one, gets what comes from then on, and leaves', async () => {
    const [stays, joins] = [words(), words()]
    const topology = graph()
      .handle(double)
      .then(tally('stays', { words: stays }))
      .build()
    const pipeline = await start(topology)
    await put(topology, 100)
    await until(stays, COUNT, 100)
    await pipeline.join({ name: 'joins', module: STAGES, export: 'tally', argument: { words: joins }, after: ['double'] })
    await put(topology, 50, 100)
    await until(joins, COUNT, 50)
    expect(joins[SUM]).toBe(2 * (50 * 100 + (49 * 50) / 2))
    expect(await pipeline.leave('joins')).toMatchObject([
      { stage: 'joins', state: 'ended', handled: 50, isTerminated: false, place: undefined },
    ])
    await put(topology, 50)
    await until(stays, COUNT, 200)
    expect(joins[COUNT]).toBe(50)
    expect(pipeline.stages.map(({ stage }) => stage)).toEqual(['double', 'stays'])
    expect(await Promise.all([pipeline.leave('stays'), pipeline.leave('stays')])).toHaveLength(2)
    expect(pipeline.stages.map(({ stage }) => stage)).toEqual(['double'])
    await expect(pipeline.leave('joins')).rejects.toThrow(code('ERR_PIPELINE_STAGE'))
  })

  test('when the one in the middle leaves, the last one is behind the first', async () => {
    const [middle, last] = [words(), words()]
    const topology = graph()
      .handle(double)
      .then(tally('middle', { words: middle }))
      .then(tally('last', { words: last }))
      .build()
    const pipeline = await start(topology)
    await pipeline.leave('middle')
    expect(inspectSlotRing(topology.ring).readers.find(({ place }) => place === 2)?.after).toEqual([0])
    await put(topology, 100)
    await until(last, COUNT, 100)
    expect([middle[COUNT], last[SUM]]).toEqual([0, 9900])
    await expect(pipeline.join({ name: 'x', module: STAGES, export: 'double', after: ['middle'] })).rejects.toThrow(
      'there is none of this name to come after, stage=middle',
    )
  })

  test.each<[string, Parameters<Pipeline['join']>[0], string]>([
    ['a name that is there', { name: 'double', module: STAGES }, 'there is one of this name, stage=double'],
    ['no name', { name: '', module: STAGES }, 'it has no name'],
    ['no URL', { name: 'x', module: './stages.ts' }, 'its module is not named by a URL'],
    ['after nobody', { name: 'x', module: STAGES, after: ['y'] }, 'there is none of this name to come after, stage=y'],
    ['a worker of no pool', 'double', 'it is no pool with a module'],
    [
      'after a text',
      { name: 'x', module: STAGES, after: 'double' as never },
      'option after is wrong: value="double", expected an array of names',
    ],
    [
      'after no name',
      { name: 'x', module: STAGES, after: ['double', 5 as never] },
      'option after is wrong: value=array of 2, expected an array of names',
    ],
    ['an argument that cannot be cloned', { name: 'x', module: STAGES, argument: () => 1 }, 'its argument cannot be cloned'],
  ])('%s is refused', async (_what, declared, message) => {
    const pipeline = await start(graph().handle(double).build())
    await expect(pipeline.join(declared)).rejects.toThrow(message)
    await expect(pipeline.join(declared)).rejects.toThrow(
      code(message.startsWith('option') ? 'ERR_OPTION' : 'ERR_PIPELINE_STAGE'),
    )
    expect(pipeline.stages).toHaveLength(1)
  })

  test('a stage whose module is wrong joins nothing', async () => {
    const topology = graph().handle(double).build()
    const pipeline = await start(topology)
    await expect(pipeline.join({ name: 'x', module: STAGES, export: 'nothing' })).rejects.toThrow(code('ERR_STAGE_EXPORT'))
    expect(inspectSlotRing(topology.ring).readers).toHaveLength(1)
    expect(await put(topology, 100)).toBe(100)
  })

  test('there are no more places than the ring has', async () => {
    const topology = disruptor({ capacity: 16, layout: record, places: 1 }).handle(double).build()
    const pipeline = await start(topology)
    await expect(pipeline.join({ name: 'x', module: STAGES, export: 'double' })).rejects.toThrow(
      'the ring has no place left, stage=x',
    )
  })
})

describe('starting', () => {
  test.each<[string, Node, string, RegExp]>([
    ['a module that is not there', { name: 'x', module: new URL('./nowhere.ts', STAGES) }, 'ERR_STAGE_MODULE', /nowhere\.ts/],
    [
      'a module that throws',
      { name: 'x', module: new URL('./throws-at-load.ts', STAGES) },
      'ERR_STAGE_MODULE',
      /TypeError: not today/,
    ],
    ['no such export', { name: 'x', module: STAGES }, 'ERR_STAGE_EXPORT', /export=x, type=undefined/],
    ['a text', { name: 'x', module: STAGES, export: 'notAHandler' }, 'ERR_STAGE_EXPORT', /type=string/],
    ['a maker of no handler', { name: 'x', module: STAGES, export: 'uselessMaker' }, 'ERR_STAGE_EXPORT', /type=number/],
    [
      'a maker that throws',
      { name: 'x', module: STAGES, export: 'brokenMaker' },
      'ERR_STAGE_MAKER',
      /RangeError: cannot be made/,
    ],
  ])('%s fails the start, and leaves no thread behind', async (_what, node, expected, message) => {
    const seen = words()
    const topology = graph()
      .handle(tally('fine', { words: seen }))
      .then(node)
      .build()
    const failed = startPipeline(topology)
    await expect(failed).rejects.toThrow(code(expected))
    await expect(failed).rejects.toThrow(message)
    // The graph is as it was: it can be run by others.
    expect(inspectSlotRing(topology.ring).readers).toHaveLength(2)
    expect(inspectSlotRing(topology.ring).isHalted).toBe(false)
  })

  test('a module that is never done is ended when its time is over', async () => {
    const topology = graph()
      .handle({ name: 'slow', module: new URL('./never-loads.ts', STAGES) })
      .build()
    await expect(startPipeline(topology, { startTimeoutMs: 300 })).rejects.toThrow('stage was not ready in time: stage=slow')
  })

  test.each<[string, PipelineOptions]>([
    ['wait', { wait: 'never' as 'events' }],
    ['onDeath', { onDeath: 'ignore' as 'halt' }],
    ['stuckMs', { stuckMs: 1 }],
    ['maxBatch', { maxBatch: 0 }],
    ['onStageDeath', { onStageDeath: 1 as never }],
    ['strange', { strange: 1 } as never],
  ])('option %s is checked', async (_name, options) => {
    await expect(startPipeline(graph().handle(double).build(), options)).rejects.toThrow(code('ERR_OPTION'))
  })

  test.each([undefined, null, {}, 5])('a graph that is %s is refused', async (topology) => {
    await expect(startPipeline(topology as never)).rejects.toThrow(code('ERR_OPTION'))
  })

  test('so is one that is none of disruptor(…).build()', async () => {
    const { ring, layout, nodes } = graph().handle(double).build()
    const [node] = nodes
    const wrong = [
      { ring, nodes },
      { ring, nodes, layout: {} },
      ...[null, 5, { ...node, name: 5 }, { ...node, workers: Infinity }, { ...node, workers: '2' }, { ...node, workers: 33 }].map(
        (one) => ({ ring, layout, nodes: [one] }),
      ),
    ]
    for (const one of wrong) await expect(startPipeline(one as never)).rejects.toThrow('option topology is wrong')
  })

  test('a stage is named, and a wait has an end', async () => {
    const topology = graph().handle(double).then('nobody').build()
    const pipeline = await start(topology)
    await put(topology, 1)
    for (const wrong of [undefined, null, 5, Symbol('double'), {}]) {
      await expect(pipeline.leave(wrong as never)).rejects.toThrow(code('ERR_OPTION'))
    }
    await expect(pipeline.leave('double', 'first' as never)).rejects.toThrow(code('ERR_PIPELINE_STAGE'))
    for (const wrong of [null, Number.NaN, -1, '5', {}]) {
      await expect(pipeline.drain(wrong as never)).rejects.toThrow(code('ERR_OPTION'))
    }
    expect([await pipeline.drain(0), pipeline.stages.length]).toEqual([false, 1])
  })

  test('halt: the start fails by the first fault, and not by the end of those that it ended', async () => {
    const seen = words()
    const topology = graph()
      .handle({ name: 'broken', module: STAGES, export: 'brokenHook', argument: { words: seen, hook: 'onStart' } })
      .then(double)
      .build()
    const failed = startPipeline(topology, { onDeath: 'halt' })
    await expect(failed).rejects.toThrow(
      'handler threw outside of a record: stage=broken, method=onStart, error=Error: broken hook',
    )
    await expect(failed).rejects.toThrow(code('ERR_STAGE_HOOK'))
  })

  test('halt: a stage that dies at a record while others start is the fault of the start, and it can be tried again', async () => {
    const seen = words()
    const topology = graph()
      .handle(tally('dies', { words: seen, exitAt: 0 }))
      .then({ name: 'slow', module: new URL('./never-loads.ts', STAGES) })
      .build()
    await put(topology, 5)
    const failed = startPipeline(topology, { onDeath: 'halt', startTimeoutMs: WAIT_MS })
    await expect(failed).rejects.toThrow('thread of a stage ended by itself: stage=dies, exitCode=7')
    expect(inspectSlotRing(topology.ring)).toMatchObject({ isHalted: false, readers: { length: 2 } })
  })

  test.each([
    ['asynchronous', 'onEvent'],
    ['asynchronousEnd', 'onShutdown'],
  ])('a handler that is declared asynchronous is refused: %s', async (name, method) => {
    const failed = startPipeline(graph().handle({ name, module: STAGES }).build())
    await expect(failed).rejects.toThrow(`stage=${name}, method=${method}, expected a function that returns no promise`)
    await expect(failed).rejects.toThrow(code('ERR_STAGE_PROMISE'))
  })

  test('a graph runs once', async () => {
    const topology = graph().handle(double).build()
    await start(topology)
    await expect(startPipeline(topology)).rejects.toThrow('the graph runs already')
  })

  test('a start that failed can be tried again', async () => {
    const seen = words()
    const topology = graph()
      .handle(tally('slow', { words: seen }))
      .build()
    await expect(startPipeline(topology, { startTimeoutMs: 1 })).rejects.toThrow(code('ERR_STAGE_START'))
    await start(topology)
    await put(topology, 10)
    await until(seen, COUNT, 10)
  })

  test('a graph without modules has nothing to start', async () => {
    await expect(startPipeline(graph().handle('a').build())).rejects.toThrow('no node was declared with a module')
  })
})

describe('C-45 a handler that throws', () => {
  test('and decides about it: its records all pass', async () => {
    const seen = words()
    const topology = graph()
      .handle(tally('only', { words: seen, throwAt: 2, isForgiving: true }))
      .build()
    const pipeline = await start(topology)
    await put(topology, 5)
    await until(seen, COUNT, 4)
    const { stages } = await pipeline.close()
    expect([seen[ERRORS], stages[0]?.handled, stages[0]?.failed]).toEqual([1, 5, 1])
  })

  test('evict: its thread ends, the record in hand is told, and nobody waits for it any more', async () => {
    const [bad, good] = [words(), words()]
    const topology = graph()
      .handle(tally('bad', { words: bad, throwAt: 2 }))
      .then(tally('good', { words: good }))
      .build()
    const { options, next } = deaths()
    const pipeline = await start(topology, options)
    expect(await put(topology, 100)).toBe(100)
    expect(await next()).toMatchObject({
      stage: 'bad',
      action: 'evicted',
      inHand: { sequence: 2, isCertain: true },
      error: { code: 'ERR_RING_HANDLER', message: /odd value 2/ as never },
    })
    await until(good, COUNT, 100)
    expect(bad[COUNT]).toBe(2)
    expect(pipeline.stages).toMatchObject([
      { stage: 'good', state: 'running' },
      { stage: 'bad', state: 'ended', place: undefined, handled: 3, failed: 1, error: { code: 'ERR_RING_HANDLER' } },
    ])
  })

  test.each<StageWait>(['adaptive', 'events'])(
    'so does one that returns a promise, whatever it says to errors: %s',
    async (wait) => {
      const topology = graph().handle({ name: 'promising', module: STAGES }).build()
      const { options, next } = deaths()
      await start(topology, { ...options, wait })
      await put(topology, 3)
      expect(await next()).toMatchObject({
        error: { code: 'ERR_RING_HANDLER', cause: { code: 'ERR_STAGE_PROMISE' } },
        inHand: { sequence: 0 },
      })
    },
  )

  test('a thread that has failed, and is kept by what its handler left open, is ended', async () => {
    const topology = graph().handle({ name: 'lingering', module: STAGES }).build()
    const { options, next } = deaths()
    await start(topology, { ...options, haltTimeoutMs: 50 })
    await put(topology, 1)
    expect(await next()).toMatchObject({ error: { code: 'ERR_RING_HANDLER' }, action: 'evicted' })
  })

  test('restart: a successor goes on behind the record, until it dies too often', async () => {
    const seen = words()
    const topology = graph()
      .handle(tally('only', { words: seen, throwAt: 2 }))
      .build()
    const { options, next, all } = deaths()
    await start(topology, { ...options, onDeath: 'restart', restartsMax: 1, restartPeriodMs: 600_000 })
    await put(topology, 5)
    expect(await next()).toMatchObject({ action: 'restarted', inHand: { sequence: 2 } })
    await until(seen, COUNT, 4)
    await put(topology, 1, 2)
    expect(await next()).toMatchObject({ action: 'evicted', inHand: { sequence: 5 } })
    expect(await put(topology, 100)).toBe(100)
    expect([seen[COUNT], seen[STARTS], all.length]).toEqual([4, 2, 2])
  })

  test('halt: the whole pipeline ends, and a producer that waits is told', async () => {
    const [bad, other] = [words(), words()]
    const topology = graph()
      .handle(tally('bad', { words: bad, throwAt: 20 }), tally('other', { words: other }))
      .build()
    const { options, next } = deaths()
    const pipeline = await start(topology, { ...options, onDeath: 'halt' })
    expect(await put(topology, 20)).toBe(20)
    await until(other, COUNT, 20)
    await put(topology, 1, 20)
    expect(await next()).toMatchObject({ stage: 'bad', action: 'halted' })
    const { isDrained, stages } = await pipeline.closed
    expect([isDrained, stages.map(({ state }) => state)]).toEqual([false, ['ended', 'ended']])
    expect(await put(topology, 100, 0, Infinity)).toBeLessThan(17)
    await expect(pipeline.join({ name: 'x', module: STAGES })).rejects.toThrow(code('ERR_PIPELINE_CLOSED'))
  })
})

describe('C-48 R3.3 a thread that dies', () => {
  test.each(['evict', 'restart'] as const)('by itself, %s: producers are not blocked', async (onDeath) => {
    const seen = words()
    const topology = graph()
      .handle(tally('only', { words: seen, exitAt: 50 }))
      .build()
    const { options, next } = deaths()
    await start(topology, { ...options, onDeath })
    expect(await put(topology, 200)).toBe(200)
    const death = await next()
    expect(death).toMatchObject({ inHand: { sequence: 50 }, error: { code: 'ERR_STAGE_EXIT', message: /exitCode=7/ as never } })
    if (onDeath === 'restart') expect(await until(seen, COUNT, 199)).toBe(199)
    else expect(seen[COUNT]).toBe(50)
  })

  test('one that is stuck is ended, when there is a limit for it', async () => {
    const seen = words()
    const topology = graph()
      .handle(tally('only', { words: seen, stuckAt: 3 }))
      .build()
    const { options, next } = deaths()
    await start(topology, { ...options, stuckMs: 100, onDeath: 'restart' })
    await put(topology, 10)
    expect(await next()).toMatchObject({ error: { code: 'ERR_STAGE_STUCK' }, inHand: { sequence: 3 }, action: 'restarted' })
    expect(await until(seen, COUNT, 9)).toBe(9)
  })

  test('a worker of a pool: the others take the rest; the last one takes the pool with it', async () => {
    const seen = words()
    const topology = graph()
      .handle(tally('pool', { words: seen, exitAt: 50 }, { workers: 2 }))
      .build()
    const { options, next } = deaths()
    await start(topology, options)
    await put(topology, 200)
    expect(await next()).toMatchObject({ stage: 'pool', action: 'evicted', inHand: { sequence: 50 } })
    expect(await until(seen, COUNT, 199)).toBe(199)
    await put(topology, 1, 50)
    await next()
    expect(inspectSlotRing(topology.ring).readers).toEqual([])
    expect(await put(topology, 100)).toBe(100)
  })

  test('a worker that is restarted is one more worker', async () => {
    const seen = words()
    const topology = graph()
      .handle(tally('pool', { words: seen, exitAt: 50 }, { workers: 2 }))
      .build()
    const { options, next } = deaths()
    const pipeline = await start(topology, { ...options, onDeath: 'restart' })
    await put(topology, 200)
    expect(await next()).toMatchObject({ action: 'restarted' })
    await until(seen, STARTS, 3)
    expect(await until(seen, COUNT, 199)).toBe(199)
    expect(pipeline.stages).toHaveLength(2)
    expect(inspectSlotRing(topology.ring).readers.filter(({ kind }) => kind === 'worker')).toHaveLength(2)
  })

  test('a stage that had joined: its successor goes on at its place', async () => {
    const [first, joined] = [words(), words()]
    const topology = graph()
      .handle(tally('first', { words: first }))
      .build()
    const { options, next } = deaths()
    const pipeline = await start(topology, { ...options, onDeath: 'restart' })
    await pipeline.join({
      name: 'joined',
      module: STAGES,
      export: 'tally',
      argument: { words: joined, exitAt: 7 },
      after: ['first'],
    })
    await put(topology, 100)
    expect(await next()).toMatchObject({ stage: 'joined', action: 'restarted', inHand: { sequence: 7 } })
    expect(await until(joined, COUNT, 99)).toBe(99)
  })
})

describe('counts of threads that died', () => {
  const dying: readonly [string, Partial<TallyArgument>, number, number][] = [
    ['throws', { throwAt: 3 }, 40, 1],
    ['exits', { exitAt: 3 }, 39, 0],
    ['is stuck', { stuckAt: 3 }, 39, 0],
  ]
  const stuck = ({ stuckAt }: Partial<TallyArgument>): PipelineOptions => (stuckAt === undefined ? {} : { stuckMs: 250 })

  test.each(dying)('a stage that %s, restarted: those of all its threads', async (_how, how, handled, failed) => {
    const seen = words()
    const topology = graph()
      .handle(tally('only', { words: seen, ...how }))
      .build()
    const pipeline = await start(topology, { ...deaths().options, onDeath: 'restart', ...stuck(how) })
    await put(topology, 40)
    await until(seen, COUNT, 39)
    const { stages } = await pipeline.close()
    expect(stages).toMatchObject([{ stage: 'only', handled, failed }])
  })

  test.each(dying)('a stage that %s, evicted: in the report', async (_how, how, _handled, failed) => {
    const topology = graph()
      .handle(tally('only', { words: words(), ...how }))
      .build()
    const { options, next } = deaths()
    const pipeline = await start(topology, { ...options, ...stuck(how) })
    await put(topology, 10)
    await next()
    expect((await pipeline.close()).stages).toMatchObject([{ stage: 'only', state: 'ended', handled: 3 + failed, failed }])
  })

  test.each(dying.slice(0, 2))('a worker of a pool that %s', async (_how, how, handled, failed) => {
    const seen = words()
    const topology = graph()
      .handle(tally('pool', { words: seen, ...how }, { workers: 2 }))
      .build()
    const { options, next } = deaths()
    const pipeline = await start(topology, options)
    await put(topology, 40)
    await next()
    await until(seen, COUNT, 39)
    const { stages } = await pipeline.close()
    expect([stages.length, stages.reduce((sum, one) => sum + one.handled, 0)]).toEqual([2, handled])
    expect(stages.reduce((sum, one) => sum + one.failed, 0)).toBe(failed)
  })
})

describe('ending', () => {
  test.each(['close', 'leave'] as const)(
    'a handler that throws when it is ended by %s: counts and error are told',
    async (how) => {
      const seen = words()
      const topology = graph()
        .handle({ name: 'broken', module: STAGES, export: 'brokenHook', argument: { words: seen, hook: 'onShutdown' } })
        .build()
      const { options, all } = deaths()
      const pipeline = await start(topology, options)
      await put(topology, 5)
      await until(seen, COUNT, 5)
      const stages = how === 'close' ? (await pipeline.close()).stages : await pipeline.leave('broken')
      const error = {
        code: 'ERR_STAGE_HOOK',
        message: 'handler threw outside of a record: stage=broken, method=onShutdown, error=Error: broken hook',
      }
      expect(stages).toMatchObject([{ stage: 'broken', state: 'ended', handled: 5, error }])
      expect(all).toMatchObject([{ stage: 'broken', action: how === 'close' ? 'halted' : 'evicted', error }])
    },
  )

  test('a stage that is joining when all are ended did not join because of that', async () => {
    const topology = graph().handle(double).build()
    const pipeline = await start(topology)
    const joining = pipeline.join({ name: 'slow', module: new URL('./never-loads.ts', STAGES) })
    await Promise.all([expect(joining).rejects.toThrow(code('ERR_PIPELINE_CLOSED')), pipeline.close()])
  })

  test('close drains first: nothing that was published is lost', async () => {
    const seen = words()
    const topology = graph(1024)
      .handle(double)
      .then(tally('last', { words: seen }))
      .build()
    {
      await using pipeline = await startPipeline(topology)
      await put(topology, 1000)
      expect(pipeline.stages).toHaveLength(2)
    }
    expect([seen[COUNT], seen[SUM]]).toEqual([1000, 999_000])
    expect(inspectSlotRing(topology.ring).isHalted).toBe(true)
  })

  describe('R3.3 a thread that dies while close waits', () => {
    const dying = (drainTimeoutMs: number, options: PipelineOptions) => {
      const [bad, good] = [words(), words()]
      const topology = graph()
        .handle(tally('bad', { words: bad, gateAt: 2, throwAt: 3 }))
        .then(tally('good', { words: good }))
        .build()
      return { topology, bad, good, started: start(topology, { ...options, drainTimeoutMs, maxBatch: 1 }) }
    }

    test.each(['evict', 'restart'] as const)('%s: those behind it go on, and nothing else is lost', async (onDeath) => {
      const { options, next } = deaths()
      const { topology, bad, good, started } = dying(WAIT_MS, { ...options, onDeath })
      const pipeline = await started
      await put(topology, 6)
      await until(bad, COUNT, 2)
      const closing = pipeline.close()
      openGate(bad)
      expect(await next()).toMatchObject({ stage: 'bad', action: `${onDeath}ed`, inHand: { sequence: 3 } })
      expect((await closing).isDrained).toBe(true)
      expect([bad[COUNT], good[COUNT]]).toEqual([onDeath === 'evict' ? 3 : 5, 6])
    })

    test('halt: close waits no longer', async () => {
      const { options, next } = deaths()
      const { topology, bad, started } = dying(86_400_000, { ...options, onDeath: 'halt' })
      const pipeline = await started
      await put(topology, 6)
      await until(bad, COUNT, 2)
      const closing = pipeline.close()
      openGate(bad)
      expect(await next()).toMatchObject({ stage: 'bad', action: 'halted' })
      expect((await closing).isDrained).toBe(false)
    })
  })

  test('a thread that does not come to the end of its record is ended there, and the report says so', async () => {
    const seen = words()
    const topology = graph()
      .handle(tally('only', { words: seen, stuckAt: 3 }))
      .build()
    const pipeline = await start(topology, { haltTimeoutMs: 50 })
    await put(topology, 10)
    await until(seen, COUNT, 3)
    const { isDrained, stages } = await pipeline.close()
    expect([isDrained, stages[0]?.state, stages[0]?.isTerminated]).toEqual([false, 'ended', true])
    expect(inspectSlotRing(topology.ring).readers[0]?.inHand).toEqual({ sequence: 3, isCertain: true })
  })
})
