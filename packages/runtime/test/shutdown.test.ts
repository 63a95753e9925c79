/** How a system ends: it drains within its time, says what it did not manage, and answers whoever still asks (R2.8). */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CambiumError } from '@cambium/base'
import { child, startSystem } from '@cambium/runtime'
import { describe, expect, it, onTestFinished } from 'vitest'
import { counter } from './fixtures/counter.ts'
import { gate, gated } from './fixtures/gate.ts'
import { perilous } from './fixtures/perilous.ts'
import { member, recorder } from './fixtures/recorder.ts'
import { hung, saver } from './fixtures/saver.ts'
import { remnant } from './fixtures/remnant.ts'
import { ticker } from './fixtures/ticker.ts'
import { bee, hive } from './fixtures/worker-bee.ts'
import { collect, failureOf, next, start, startWithSpare } from './harness.ts'

it('queued work is done first, also what follows from it', async () => {
  const system = await start({ cores: 2 })
  const home = await system.spawn(hive, undefined, { core: 2, mailbox: { capacity: 4096 } })
  const ref = await system.spawn(bee, { ms: 0.2, passTo: home }, { core: 1 })
  for (let id = 0; id < 500; id += 1) ref.tell({ id })
  const { isDrained, undrained, books } = await system.shutdown()
  expect({ isDrained, undrained }).toEqual({ isDrained: true, undrained: 0 })
  expect(books).toMatchObject({ sent: 1000, processed: 1000, deadTotal: 0, queued: 0 })
  expect(await system.terminated).toEqual({ reason: 'shutdown' })
})

it('a deadline that is too short is kept: what was not done is counted, and the books balance', async () => {
  const system = await start({ cores: 2 })
  const home = await system.spawn(hive, undefined, { core: 2 })
  const ref = await system.spawn(bee, { ms: 2, passTo: home }, { core: 1 })
  for (let id = 0; id < 5000; id += 1) ref.tell({ id })
  const { isDrained, undrained, phases, books, tookMs } = await system.shutdown({ timeoutMs: 100 })
  expect(isDrained).toBe(false)
  expect(undrained).toBeGreaterThan(0)
  expect(phases.map(({ name, left }) => [name, left])).toEqual([
    ['drain', undrained],
    ['stop', expect.any(Number)],
    ['end', 0],
  ])
  expect(phases.reduce((sum, phase) => sum + phase.tookMs, 0)).toBeLessThanOrEqual(tookMs)
  expect(books.queued).toBe(0)
  expect(books.sent).toBe(books.processed + books.deadTotal)
  expect(books.deadTotal).toBeGreaterThan(0)
  expect(tookMs).toBeLessThan(5000) // it would have taken 10 s
})

it('a handler that never ends does not hold it up', async () => {
  const system = await start({ cores: 1, turnTimeoutMs: Infinity, ringBytes: 4096 })
  const ref = await system.spawn(perilous, undefined, { core: 1 })
  const asked = failureOf(ref.ask({ type: 'loop' }, { timeoutMs: Infinity }))
  while (ref.trySend({ type: 'where' }) === 'sent');
  const { isDrained, abandoned, books } = await system.shutdown({ timeoutMs: 100 })
  expect({ isDrained, abandoned }).toEqual({ isDrained: false, abandoned: [] })
  expect(books.dead.shut_down).toBeGreaterThanOrEqual(1)
  expect(books.queued).toBe(0)
  expect(await asked).toMatchObject({ code: 'ERR_SYSTEM_CLOSED' })
})

it('what an actor leaves behind on its thread does not hold it up', async () => {
  const system = await start()
  await system.spawn(remnant, undefined, { core: 1 })
  const { isDrained, abandoned, tookMs } = await system.shutdown({ timeoutMs: 30_000 })
  expect({ isDrained, abandoned }).toEqual({ isDrained: true, abandoned: [] })
  expect(tookMs).toBeLessThan(10_000)
})

it('an actor that tells by its timer all the time does not keep it from being drained', async () => {
  const system = await start({ cores: 2 })
  const home = await system.spawn(hive, undefined, { core: 2 })
  const refs = await Promise.all([1, 2].map((core) => system.spawn(ticker, home, { core })))
  for (const ref of refs) while ((await ref.ask({ type: 'ticks' })) < 5);
  const { isDrained, undrained, books } = await system.shutdown()
  expect({ isDrained, undrained }).toEqual({ isDrained: true, undrained: 0 })
  expect(books.sent).toBe(books.processed + books.deadTotal)
})

it('what is reported as undrained agrees with isDrained, for a system that failed as well', async () => {
  const system = await startWithSpare({ coreIntensity: 0 })
  system.killCore(1)
  await system.terminated
  expect(await system.shutdown()).toMatchObject({ isDrained: true, undrained: 0 })
})

it('twice gives one answer, and a third comes after the end', async () => {
  const system = await start()
  const [first, second] = await Promise.all([system.shutdown(), system.shutdown({ timeoutMs: 1 })])
  expect(second).toBe(first)
  expect(await system.shutdown()).toBe(first)
})

it('stops actors in reverse order of their start, each with its terminate', async () => {
  const system = await start({ cores: 2 })
  const { file, readLines } = recordFile()
  const log = await system.spawn(recorder, { file }, { core: 0 })
  for (const [i, name] of ['a', 'b', 'c', 'd'].entries())
    await system.spawn(member, { name, recorder: log }, { core: 1 + (i % 2) })
  // It is there as long as any of them, because it was started first; and it hands its record on when it is stopped itself.
  const faults = collect(system, 'fault')
  const { books } = await system.shutdown()
  expect(faults).toEqual([])
  expect(readLines()).toEqual(['start a', 'start b', 'start c', 'start d', 'stop d', 'stop c', 'stop b', 'stop a'])
  expect(books.deadTotal).toBe(0)
})

it('a terminate that never ends takes theirs from no others, before or after it', async () => {
  const system = await start({ cores: 2 })
  const { file, readLines } = recordFile()
  for (const name of ['a', 'b']) await system.spawn(saver, { file, name }, { core: 1 })
  await system.spawn(hung, undefined, { core: 2 })
  await system.spawn(hung, undefined, { core: 2, shutdown: 'infinity' })
  await system.spawn(saver, { file, name: 'c' }, { core: 2 })
  const { isDrained, tookMs } = await system.shutdown({ timeoutMs: 1000 })
  expect(isDrained).toBe(true)
  expect(readLines()).toEqual(['c', 'b', 'a', ''])
  expect(tookMs).toBeLessThan(4000)
})

it('too many that never end for their shares: the rest is stopped all at once', async () => {
  const system = await start({ cores: 2 })
  const { file, readLines } = recordFile()
  await system.spawn(saver, { file, name: 'first' }, { core: 1 })
  for (let i = 0; i < 30; i += 1) await system.spawn(hung, undefined, { core: 2 })
  await system.shutdown({ timeoutMs: 400 })
  expect(readLines()).toEqual(['first', ''])
})

it('a core that died and ends the system takes terminate from no actor of another', async () => {
  const system = await startWithSpare({ cores: 2, coreIntensity: 0 })
  const { file, readLines } = recordFile()
  await system.spawn(saver, { file, name: 'healthy' }, { core: 1 })
  await system.spawn(saver, { file, name: 'dead' }, { core: 2 })
  system.killCore(2)
  expect(await system.terminated).toMatchObject({ reason: 'failed', error: { code: 'ERR_CORE_INTENSITY' } })
  expect(readLines()).toEqual(['healthy', ''])
})

it('spawn, supervise and refs afterwards: closed', async () => {
  const system = await start()
  const refs = [await system.spawn(counter, 0, { core: 0 }), await system.spawn(counter, 0, { core: 1 })]
  const ending = system.shutdown()
  for (let round = 0; round < 2; round += 1) {
    expect(await failureOf(system.spawn(counter, 0))).toMatchObject({
      code: 'ERR_SYSTEM_CLOSED',
      message: 'system is shutting down',
    })
    expect(await failureOf(system.supervise({}))).toMatchObject({ code: 'ERR_SYSTEM_CLOSED' })
    for (const ref of refs) {
      const letter = next(system, 'dead_letter')
      ref.tell({ type: 'inc' })
      expect(await letter).toMatchObject({ reason: 'shut_down', target: { core: ref.core } })
      expect(ref.trySend({ type: 'inc' })).toBe('closed')
      const message = `system is shutting down: target=${String(ref)}`
      expect(await failureOf(ref.ask({ type: 'read' }))).toMatchObject({ code: 'ERR_SYSTEM_CLOSED', message })
      expect(await failureOf(ref.send({ type: 'inc' }))).toMatchObject({ code: 'ERR_SYSTEM_CLOSED', message })
    }
    await ending
  }
  expect(system.books().dead.shut_down).toBe(4)
})

describe('in the middle of something', () => {
  it('a spawn under way is answered', async () => {
    const system = await start({ cores: 1 })
    const door = await system.spawn(gate, { isOpen: false }, { core: 0 })
    const spawning = failureOf(system.spawn(gated, door, { core: 1 }))
    await door.ask({ type: 'arrived', count: 1 })
    await system.shutdown({ timeoutMs: 200 })
    expect((await spawning).code).toMatch(/^ERR_(SYSTEM_CLOSED|INIT_FAILED)$/)
  })

  it('a team whose first child is starting is answered, its second never starts', async () => {
    const system = await start({ cores: 1 })
    const door = await system.spawn(gate, { isOpen: false }, { core: 0 })
    const starting = failureOf(
      system.supervise({ a: child(gated, door, { core: 1, name: 'a' }), b: child(counter, 0, { core: 1, name: 'b' }) }),
    )
    await door.ask({ type: 'arrived', count: 1 })
    await system.shutdown({ timeoutMs: 200 })
    expect((await starting).code).toMatch(/^ERR_(SYSTEM_CLOSED|INIT_FAILED)$/)
  })

  it('right after the start, with spawns on their way to every core', async () => {
    const system = await start({ cores: 2 })
    const spawns = [0, 1, 2].map((core) => outcomeOf(system.spawn(counter, 0, { core })))
    const { isDrained } = await system.shutdown()
    expect(isDrained).toBe(true)
    for (const outcome of await Promise.all(spawns))
      expect(['resolved', 'ERR_SYSTEM_CLOSED', 'ERR_STOPPED_DURING_START']).toContain(outcome)
  })

  it('a core that is being replaced', async () => {
    const system = await startWithSpare({ cores: 2 })
    const ref = await system.spawn(counter, 0, { core: 1 })
    const lost = next(system, 'core_lost')
    system.killCore(1)
    await lost
    const asked = outcomeOf(ref.ask({ type: 'read' }))
    const { abandoned, books } = await system.shutdown()
    expect(abandoned).toEqual([])
    expect(books.queued).toBe(0)
    expect(['resolved', 'ERR_SYSTEM_CLOSED', 'ERR_NO_SUCH_ACTOR']).toContain(await asked)
  })

  it('an ask whose reply was deferred fails when its actor stops', async () => {
    const system = await start({ cores: 1 })
    const failures: ReturnType<typeof failureOf>[] = []
    for (const core of [0, 1]) {
      const door = await system.spawn(gate, { isOpen: false }, { core, name: `door ${core}` })
      failures.push(failureOf(door.ask({ type: 'enter' }, { timeoutMs: Infinity })))
      await door.ask({ type: 'arrived', count: 1 })
    }
    await system.shutdown()
    const errors = await Promise.all(failures)
    expect(errors.map(({ code, message }) => ({ code, message }))).toEqual(
      [0, 1].map((core) => ({ code: 'ERR_NO_SUCH_ACTOR', message: `actor has ended: actor=door ${core}` })),
    )
  })
})

it('await using ends it at the end of the block', async () => {
  let outside
  {
    await using system = await startSystem({ cores: 1, handleSignals: false })
    outside = system
    expect(await (await system.spawn(counter, 3)).ask({ type: 'read' })).toEqual({ type: 'value', value: 3 })
  }
  expect(await outside.terminated).toEqual({ reason: 'shutdown' })
  expect(await failureOf(outside.spawn(counter, 0))).toMatchObject({ code: 'ERR_SYSTEM_CLOSED' })
})

/** `resolved`, or the code of the error. */
async function outcomeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'resolved'
  } catch (error) {
    return (error as CambiumError).code
  }
}

/** A file that outlives the system. */
function recordFile(): { file: string; readLines: () => string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'cambium-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  const file = join(folder, 'record')
  return { file, readLines: () => readFileSync(file, 'utf8').split('\n') }
}

it('an actor of core 0 that holds refs made outside still uses them while the system drains', async () => {
  const system = await start()
  const home = await system.spawn(hive, undefined, { core: 1 })
  const ref = await system.spawn(bee, { ms: 0, passTo: home }, { core: 0 })
  for (let id = 0; id < 100; id += 1) ref.tell({ id })
  const { isDrained, books } = await system.shutdown()
  expect(isDrained).toBe(true)
  expect(books).toMatchObject({ sent: 200, processed: 200, deadTotal: 0 })
})

it('a send that waits for a full ring is told when the system ends', async () => {
  const system = await start({ turnTimeoutMs: Infinity, ringBytes: 4096 })
  const ref = await system.spawn(perilous, undefined, { core: 1 })
  ref.tell({ type: 'loop' })
  while (ref.trySend({ type: 'where' }) === 'sent');
  const waiting = failureOf(ref.send({ type: 'where' }, { timeoutMs: Infinity }))
  await system.shutdown({ timeoutMs: 100 })
  expect(await waiting).toMatchObject({ code: 'ERR_SYSTEM_CLOSED' })
})
