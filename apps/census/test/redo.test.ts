/** Dispatcher and aggregator as they run, with the test in the place of the analysers: what is lost is done again and counted once. */
import { isRef, startSystem } from 'cambium'
import type { Ref, System } from 'cambium'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { aggregator } from '../src/aggregator.ts'
import { createFileAnalyser } from '../src/analyse-file.ts'
import { dispatcher } from '../src/dispatcher.ts'
import { addFile, createPartial } from '../src/partial.ts'
import type { CensusPartial } from '../src/partial.ts'
import { runPlainLoop } from '../src/plain-loop.ts'
import type { AggregatorMessage, AnalyserMessage, DispatcherMessage, DispatcherReply, Total } from '../src/protocol.ts'
import { makeFolder } from './folder.ts'
import { recorder } from './recorder.ts'
import type { RecorderMessage } from './recorder.ts'

const LIMITS = { filesMax: 1000, bytesMax: 1_000_000 }

let system: System
beforeEach(async () => {
  system = await startSystem({ cores: 0, handleSignals: false })
})
afterEach(async () => {
  const { books } = await system.shutdown()
  expect(books.sent).toBe(books.processed + books.deadTotal)
})

interface Census {
  readonly folder: string
  readonly desk: Ref<DispatcherMessage, DispatcherReply>
  readonly sum: Ref<AggregatorMessage, Total>
  /** In the place of an analyser. */
  readonly stand: Ref<RecorderMessage, readonly unknown[]>
  readonly ready: (analyser: number, session: number) => void
  readonly told: (count: number) => Promise<readonly AnalyserMessage[]>
  readonly analyse: (analyser: number, batch: AnalyserMessage) => void
}

async function open(files: number, analysers: number): Promise<Census> {
  const folder = makeFolder(
    Object.fromEntries(Array.from({ length: files }, (_, index) => [`f${index}.js`, `name${index} = value`])),
  )
  const desk = await system.spawn(dispatcher, { folder, limits: LIMITS, analysers }, { core: 0 })
  const sum = await system.spawn(aggregator, { dispatcher: desk }, { core: 0 })
  const stand = await system.spawn(recorder, undefined, { core: 0 })
  expect(isRef(stand)).toBe(true)
  return {
    folder,
    desk,
    sum,
    stand,
    ready: (analyser, session) => {
      desk.tell({ type: 'ready', analyser, session, ref: stand as unknown as Ref<AnalyserMessage> })
    },
    told: async (count) => (await stand.ask({ type: 'recall', count })) as readonly AnalyserMessage[],
    analyse: (analyser, { number, session, files: inBatch }) => {
      sum.tell({ type: 'partial', batch: number, analyser, session, partial: partialOf(folder, inBatch) })
    },
  }
}

function partialOf(folder: string, files: AnalyserMessage['files']): CensusPartial {
  const analyser = createFileAnalyser(folder)
  const partial = createPartial()
  for (const { path, language } of files) addFile(partial, analyser.analyse(path, language))
  return partial
}

test('a batch whose analyser came back anew is handed out again, once', async () => {
  const { folder, desk, sum, ready, told, analyse } = await open(20, 2)
  const completion = desk.ask({ type: 'run' })
  ready(0, 10)
  ready(0, 11) // the incarnation of session 10 has ended
  ready(1, 20)
  const [first, again, second] = (await told(3)) as [AnalyserMessage, AnalyserMessage, AnalyserMessage]
  expect([first.number, first.session]).toEqual([1, 10])
  expect([again.number, again.session]).toEqual([1, 11])
  expect([second.number, second.session]).toEqual([2, 20])
  expect(again.files).toEqual(first.files)
  analyse(0, again)
  analyse(1, second)
  expect(await completion).toMatchObject({
    losses: [{ analyser: 0, inHand: 1, redone: 1 }],
    uncounted: [],
    source: { files: 20 },
  })
  const { result, repeated } = await sum.ask({ type: 'finish', top: 20 })
  expect(repeated).toBe(0)
  expect(result).toEqual(runPlainLoop(folder, LIMITS).result)
  expect(await told(3)).toHaveLength(3)
})

test('a result that comes late and a second time counts once', async () => {
  const { folder, desk, sum, ready, told, analyse } = await open(3, 2)
  const completion = desk.ask({ type: 'run' })
  ready(0, 10)
  ready(0, 11)
  const [first, again] = (await told(2)) as [AnalyserMessage, AnalyserMessage]
  analyse(0, first) // had been on its way when the incarnation ended
  analyse(0, again)
  await completion
  const { result, repeated } = await sum.ask({ type: 'finish', top: 20 })
  expect(repeated).toBe(1)
  expect(result).toEqual(runPlainLoop(folder, LIMITS).result)
  expect(await desk.ask({ type: 'progress' })).toEqual({ files: 3, bytes: result.bytes })
})

test('work that is lost at the very end goes to whoever is idle', async () => {
  const { desk, ready, told, analyse } = await open(3, 2)
  const completion = desk.ask({ type: 'run' })
  ready(0, 10)
  ready(1, 20) // nothing is left for it
  desk.tell({ type: 'gone', analyser: 0 })
  const [, again] = (await told(2)) as [AnalyserMessage, AnalyserMessage]
  expect([again.number, again.session]).toEqual([1, 20])
  analyse(1, again)
  expect(await completion).toMatchObject({ losses: [{ analyser: 0, redone: 1 }], uncounted: [] })
})

test('with all analysers gone the census ends and says what it lacks', async () => {
  const { desk, ready } = await open(3, 1)
  const completion = desk.ask({ type: 'run' })
  ready(0, 10)
  desk.tell({ type: 'gone', analyser: 0 })
  const { uncounted } = await completion
  expect(uncounted.map(({ files }) => files.length)).toEqual([3])
})

test('a folder without source completes as soon as somebody asks for a batch', async () => {
  const { desk, ready } = await open(0, 1)
  const completion = desk.ask({ type: 'run' })
  ready(0, 10)
  expect(await completion).toMatchObject({ losses: [], uncounted: [], source: { files: 0 } })
})
