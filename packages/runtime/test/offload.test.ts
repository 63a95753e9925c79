/** `ctx.offload`: jobs run on threads of their own, off the schedulers, and their errors come back. */
import { expect, it } from 'vitest'
import { counter } from './fixtures/counter.ts'
import { offloader } from './fixtures/jobs.ts'
import { start } from './harness.ts'

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
    code: 'ERR_MODULE_NOT_FOUND',
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
  expect((await run('failAsAborted')).error).toMatchObject({ message: 'not of the pool' })

  // While a job loops for ever, the core serves others; an abort ends it.
  const looping = run('loop', { abort: 'while' })
  expect(await beside.ask({ type: 'read' })).toEqual({ type: 'value', value: 2 })
  expect((await looping).error).toEqual({ code: 'ERR_OFFLOAD_ABORTED', message: 'offloaded job was aborted' })

  // A job that ends its thread takes nothing else with it.
  expect((await run('die')).error?.message).toMatch(/exit/i)
  expect((await run('add', { argument: { a: 4, b: 3 } })).value).toBe(7)
})
