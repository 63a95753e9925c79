/** Threads that do not end when they are told to: their cores live on, nothing of theirs reaches a successor, and past a limit the process ends (D3, D10). */
import { startSystem } from '@cambium/runtime'
import { expect, it, onTestFinished, vi } from 'vitest'
import { blocked, unwatched } from './fixtures/blocked.ts'
import { counter } from './fixtures/counter.ts'
import { createNamedPipe } from './fixtures/named-pipe.ts'
import { hive } from './fixtures/worker-bee.ts'
import { collect, failureOf, next, settled, startWithSpare as start } from './harness.ts'
import { runScript } from './run-script.ts'

function pipe(): ReturnType<typeof createNamedPipe> {
  const made = createNamedPipe()
  onTestFinished(async () => {
    await made.release()
    made.remove()
  })
  return made
}

it('a core whose thread is in a native call goes to a successor after terminateTimeoutMs, and what the thread does later reaches nobody (R3.1, R3.3)', async () => {
  const system = await start({ cores: 2, terminateTimeoutMs: 100 })
  const home = await system.spawn(hive, undefined, { core: 2 })
  const ref = await system.spawn(blocked, undefined, { core: 1, name: 'blocked' })
  const neighbour = await system.spawn(counter, 5, { core: 1 })
  const { path, release } = pipe()
  const deaths = collect(system, 'core_lost')
  const abandoned = next(system, 'thread_abandoned')
  const restarted = next(system, 'core_restarted')
  const asked = failureOf(ref.ask({ pipe: path, home }, { timeoutMs: 20_000 }))
  neighbour.tell({ type: 'inc' }) // waits in the ring behind it
  expect(await abandoned).toMatchObject({ core: 1, abandoned: 1, error: { code: 'ERR_CALLBACK_BUDGET' } })
  expect(await asked).toMatchObject({ code: 'ERR_CORE_LOST' })
  expect(await restarted).toMatchObject({ core: 1 })
  expect(await neighbour.ask({ type: 'read' })).toEqual({ type: 'value', value: 6 })
  expect(await ref.ask('where')).toBe(1)
  await settled(system)
  const before = system.books()

  const ended = next(system, 'abandoned_ended')
  await release()
  expect(await ended).toEqual({ core: 1, abandoned: 0 })
  expect(await home.ask({ type: 'ids' })).toEqual([])
  expect(await ref.ask('where')).toBe(1)
  await settled(system)
  expect(system.books()).toMatchObject({ dead: before.dead, sent: before.sent + 4 })
  expect(deaths).toHaveLength(1)
})

it('a thread that does not end at the shutdown is told of in its report', async () => {
  const system = await startSystem({ cores: 1, terminateTimeoutMs: 50, handleSignals: false })
  const home = await system.spawn(hive, undefined, { core: 0 })
  const ref = await system.spawn(unwatched, undefined, { core: 1 })
  const { path, release } = pipe()
  const ended = next(system, 'abandoned_ended')
  ref.tell({ pipe: path, home })
  await vi.waitFor(() => expect(system.booksOf(1).taken).toBe(1), { timeout: 10_000, interval: 2 })
  // Its handler runs; in the time that is given to drain it comes to its call, however busy the machine is.
  expect(await system.shutdown({ timeoutMs: 3000 })).toMatchObject({ isDrained: false, abandoned: [1], abandonedThreads: 1 })
  await release()
  expect(await ended).toEqual({ core: 1, abandoned: 0 })
})

it('past abandonedMax the system fails, and the process ends by SIGKILL after its report, as it could not end otherwise', async () => {
  const { code, signal, lines, errors } = await runScript('failure-script.ts', [
    'blocked',
    JSON.stringify({ abandonedMax: 0 }),
    pipe().path,
  ])
  expect({ code, signal, lines }).toEqual({ code: null, signal: 'SIGKILL', lines: ['terminated: failed'] })
  expect(JSON.parse(errors)).toMatchObject({
    cambium: 'system failed',
    error: {
      code: 'ERR_CORES_ABANDONED',
      message: expect.stringMatching(/^threads did not end: abandoned=1, abandonedMax=0, last=callback did not end/) as string,
      cause: { code: 'ERR_CALLBACK_BUDGET', fields: { budgetMs: 500 } },
    },
    report: { abandoned: [1], abandonedThreads: 1, books: { queued: 0 } },
  })
})

it('with abandonedMax: Infinity all of them are borne', async () => {
  const { code, lines, errors } = await runScript('failure-script.ts', ['blocked', JSON.stringify({ borne: true }), pipe().path])
  expect({ code, lines, errors }).toEqual({
    code: 0,
    lines: ['incarnation 1', 'terminated: shutdown', 'exit listener'],
    errors: '',
  })
})

it('a system that fails ends its process with code 70 and a report when onFailure says exit, and leaves it alone otherwise (R3.4)', async () => {
  const exits = await runScript('failure-script.ts', ['deaths', JSON.stringify({ coreIntensity: 0, onFailure: 'exit' })])
  expect({ code: exits.code, lines: exits.lines }).toEqual({ code: 70, lines: ['terminated: failed', 'exit listener'] })
  expect(JSON.parse(exits.errors)).toMatchObject({
    error: { code: 'ERR_CORE_INTENSITY', cause: { code: 'ERR_CORE_KILLED' } },
    report: { abandonedThreads: 0 },
  })
  const lives = await runScript('failure-script.ts', ['deaths', JSON.stringify({ coreIntensity: 0 })])
  expect(lives).toMatchObject({ code: 0, lines: ['terminated: failed', 'exit listener'], errors: '' })
})
