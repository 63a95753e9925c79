/** `ctx.offload`: jobs run on threads of their own, off the schedulers, and their errors come back. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { counter } from './fixtures/counter.ts'
import { offloader } from './fixtures/jobs.ts'
import { next, start, startWithSpare } from './harness.ts'

it.for([0, 1])('from core %i: results, errors, missing jobs and aborts', async (core) => {
  const system = await start()
  const ref = await system.spawn(offloader, undefined, { core })
  const beside = await system.spawn(counter, 2, { core })
  const run = (job: string, more: object = {}) => ref.ask({ type: 'run', job, ...more }, { timeoutMs: 20_000 })

  const { value, threadId } = await run('where')
  expect(value).toMatchObject({ isMainThread: false })
  expect((value as { threadId: number }).threadId).not.toBe(threadId)
  expect((await run('add', { argument: { a: 2, b: 3 } })).value).toBe(5)

  expect((await run('fail')).error).toEqual({ code: 'ERR_ON_PURPOSE', message: 'job failed on purpose' })
  for (const job of ['nothing', 'notAFunction']) {
    const { error } = await run(job)
    expect(error?.code).toBe('ERR_OFFLOAD_JOB')
    expect(error?.message).toMatch(new RegExp(`^module exports no such function: module=file:.*jobs\\.ts, job=${job}$`))
  }
  expect((await run('x', { module: new URL('./fixtures/no-such-module.ts', import.meta.url).href })).error).toMatchObject({
    code: 'ERR_MODULE_LOAD',
    message: expect.stringMatching(/^module cannot be loaded: module=file:.*no-such-module\.ts, cause=/) as string,
  })
  expect((await run('x', { module: './relative.ts' })).error).toMatchObject({ code: 'ERR_OPTION' })
  expect((await run('')).error).toMatchObject({ code: 'ERR_OPTION' })
  expect((await run('add', { argument: { a: 1, b: 2 }, abort: 'before' })).error).toEqual({
    code: 'ERR_OFFLOAD_ABORTED',
    message: 'offloaded job was aborted',
  })

  expect((await run('add', { argument: 'uncloneable' })).error).toMatchObject({
    code: 'ERR_OFFLOAD_ARGUMENT',
    message: expect.stringMatching(/^argument of the offloaded job cannot be cloned: cause=/) as string,
  })
  const uncloneable = (await run('uncloneable')).error
  expect(uncloneable?.code).toBe('ERR_OFFLOAD_RESULT')
  expect(uncloneable?.message).toMatch(
    /^result of the offloaded job cannot be cloned: module=file:.*jobs\.ts, job=uncloneable, cause=\(\) => \{\} could not be cloned\.$/,
  )
  expect((await run('failAsAborted')).error).toMatchObject({ message: 'not of the pool' })

  // While a job loops for ever, the core serves others; an abort ends it.
  const looping = run('loop', { abort: 'while' })
  expect(await beside.ask({ type: 'read' })).toEqual({ type: 'value', value: 2 })
  expect((await looping).error).toEqual({ code: 'ERR_OFFLOAD_ABORTED', message: 'offloaded job was aborted' })

  // A job that ends its thread takes nothing else with it.
  const died = (await run('die')).error
  expect(died?.code).toBe('ERR_OFFLOAD_FAILED')
  expect(died?.message).toMatch(/^offloaded job did not end by itself: module=file:.*jobs\.ts, job=die, cause=.*exit/i)
  expect((await run('add', { argument: { a: 4, b: 3 } })).value).toBe(7)
})

it('wrong options are refused by name, and no job of the actor is counted: it can move', async () => {
  const system = await start({ cores: 2 })
  const ref = await system.spawn(offloader, undefined, { core: 1 })
  for (const [options, name] of [
    [null, 'options'],
    [5, 'options'],
    [{ signal: 5 }, 'options.signal'],
    [{ sgnal: 1 }, 'options.sgnal'],
  ] as const) {
    const { error } = await ref.ask({ type: 'run', job: 'add', argument: { a: 1, b: 2 }, options }, { timeoutMs: 20_000 })
    expect(error).toMatchObject({ code: 'ERR_OPTION', message: expect.stringContaining(`option ${name} is wrong`) as string })
  }
  await system.migrate(ref, 2)
})

it('jobs of a core that dies are ended: what never ends by itself keeps no thread of the pool', async () => {
  const system = await startWithSpare({ cores: 2 })
  const beside = await system.spawn(offloader, undefined, { core: 2 })
  const folder = mkdtempSync(join(tmpdir(), 'cambium-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  // As many as the pool has threads.
  const threads = availableParallelism()
  for (let i = 0; i < threads; i += 1) {
    const doomed = await system.spawn(offloader, undefined, { core: 1 })
    doomed.tell({ type: 'run', job: 'loopOpenly', argument: join(folder, `${i}`) })
  }
  await vi.waitFor(() => expect(readdirSync(folder)).toHaveLength(threads), { timeout: 20_000, interval: 5 })
  const restarted = next(system, 'core_restarted')
  system.killCore(1)
  await restarted
  const { value } = await beside.ask({ type: 'run', job: 'add', argument: { a: 1, b: 2 } }, { timeoutMs: 20_000 })
  expect(value).toBe(3)
})
