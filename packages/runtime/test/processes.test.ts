/** What a system does to its process: signals end it after a drain (R2.8), listeners that throw do not harm the runtime. */
import type { ChildProcess } from 'node:child_process'
import { expect, it } from 'vitest'
import { runScript } from './run-script.ts'

const kill =
  (signal: NodeJS.Signals) =>
  (script: ChildProcess): void => {
    script.kill(signal)
  }

it.for(['SIGINT', 'SIGTERM'] as const)('%s: the system drains, then the signal takes its course', async (signal) => {
  expect(await runScript('signal-script.ts', [], kill(signal))).toEqual({
    errors: '',
    code: null,
    signal,
    lines: ['ready', 'shutdown processed=100 queued=0'],
  })
})

it('SIGTERM under full load: what was acknowledged is done, every client is answered, nothing is left (R2.8)', async () => {
  const { code, lines, errors } = await runScript('acknowledging-script.ts', [], kill('SIGTERM'))
  const said = JSON.parse(lines.at(-1) as string) as { acknowledged: number; done: number; codes: string[] }
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
  expect(said).toMatchObject({
    isDrained: true,
    undrained: 0,
    refused: 64,
    codes: ['ERR_SYSTEM_CLOSED'],
    queued: 0,
    deadTotal: 0,
  })
  expect(said.acknowledged).toBeGreaterThanOrEqual(2000)
  expect(said.done).toBeGreaterThanOrEqual(said.acknowledged)
})

it('with two systems in the process both drain', async () => {
  const { signal, lines } = await runScript('signal-script.ts', ['2'], kill('SIGTERM'))
  expect({ signal, lines }).toEqual({
    signal: 'SIGTERM',
    lines: ['ready', 'shutdown processed=100 queued=0', 'shutdown processed=100 queued=0'],
  })
})

it("a handler of the user's own stays in charge of the process; the system drains all the same", async () => {
  expect(await runScript('signal-script.ts', ['1', 'own'], kill('SIGTERM'))).toEqual({
    errors: '',
    code: 42,
    signal: null,
    lines: ['ready', 'own handler', 'shutdown processed=100 queued=0'],
  })
})

it('with handleSignals: false the signal has its usual effect at once', async () => {
  expect(await runScript('signal-script.ts', ['1', 'off'], kill('SIGTERM'))).toEqual({
    errors: '',
    code: null,
    signal: 'SIGTERM',
    lines: ['ready'],
  })
})

it.for(['1', '2'])('a signal again, later: the process of %s systems ends at once by that signal', async (systems) => {
  const { code, signal, lines } = await runScript('signal-script.ts', [systems, 'hung'], (script) => {
    // What comes within the same press counts for nothing, so: until one has come late enough.
    const again = setInterval(() => {
      script.kill('SIGINT')
    }, 50)
    script.on('exit', () => {
      clearInterval(again)
    })
  })
  expect({ code, signal, lines }).toEqual({ code: null, signal: 'SIGINT', lines: ['ready'] })
})

it('a signal that a runner passes on a moment after the terminal counts as the same: the system drains', async () => {
  const { code, signal, lines } = await runScript('signal-script.ts', [], (script) => {
    script.kill('SIGINT')
    script.kill('SIGTERM') // another one, since two of a kind may arrive as one
  })
  expect({ code, lines }).toEqual({ code: null, lines: ['ready', 'shutdown processed=100 queued=0'] })
  expect(['SIGINT', 'SIGTERM']).toContain(signal)
})

it('a listener that throws is an uncaught error of the process, and the runtime goes on', async () => {
  const { code, lines } = await runScript('listener-script.ts')
  expect(code).toBe(0)
  expect(JSON.parse(lines.at(-1) as string)).toEqual({
    value: 5,
    isDrained: true,
    uncaught: ['actor_exited', 'actor_restarted', 'core_lost', 'core_restarted', 'dead_letter'].map(
      (event) => `listener of ${event}`,
    ),
  })
})
