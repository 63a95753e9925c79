/** A program that is no file but the text of a command line: the threads of its stages start all the same. */
import { expect, test } from 'vitest'
import { runNode } from '../../runtime/test/run-script.ts'

const HERE = new URL('.', import.meta.url)
const STAGES = new URL('./fixtures/stages.ts', import.meta.url).href
const PROGRAM = `
  const { disruptor } = await import('@cambium/ring')
  const { startPipeline } = await import('@cambium/pipeline')
  const { record } = await import('./fixtures/record.ts')
  const topology = disruptor({ capacity: 16, layout: record }).handle({ name: 'double', module: '${STAGES}' }).build()
  const pipeline = await startPipeline(topology, { drainTimeoutMs: 0 })
  const { stages } = await pipeline.close()
  console.log(stages.map(({ stage, state }) => stage + ' ' + state).join())
`

test('a pipeline in a program that is a text', async () => {
  expect(await runNode(['--input-type=module', '--eval', PROGRAM], { directory: HERE })).toEqual({
    code: 0,
    signal: null,
    lines: ['double ended'],
    errors: '',
  })
})
