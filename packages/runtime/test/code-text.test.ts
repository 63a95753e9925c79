/** Programs that are no file but the text of a command line or stdin: their threads start all the same. */
import { expect, it } from 'vitest'
import { runNode } from './run-script.ts'

const HERE = new URL('.', import.meta.url)
const PROGRAM = `
  const { startSystem } = await import('@cambium/runtime')
  const { offloader } = await import('./fixtures/jobs.ts')
  const system = await startSystem({ cores: 1 })
  const ref = await system.spawn(offloader, undefined, { core: 1 })
  console.log((await ref.ask({ type: 'run', job: 'add', argument: { a: 2, b: 3 } }, { timeoutMs: 20_000 })).value)
  await system.shutdown()
`

it.for([
  ['--input-type=module', '--eval', PROGRAM],
  ['--expose-gc', '--conditions', 'x', '--input-type', 'module', '-e', PROGRAM],
  ['--input-type=module'],
  ['--input-type', 'module', '-'],
])('a system in a program that is a text, and its offloaded jobs: node %s %s', async (flags) => {
  const run = await runNode(flags, { input: PROGRAM, directory: HERE })
  expect(run).toEqual({ code: 0, signal: null, lines: ['5'], errors: '' })
})
