/** `run`: a server stepped through its inputs without a runtime. */
import { describe, expect, test } from 'vitest'
import { run } from '../src/index.ts'
import { counter, faulty } from './fixtures/counter.ts'
import type { CounterInput } from './fixtures/counter.ts'

const INCREMENT: CounterInput = { type: 'increment' }
const READ: CounterInput = { type: 'read' }
const RESET: CounterInput = { type: 'reset' }

describe('the counter', () => {
  test('R1.2 Increment, Increment, Read: Value 2', () => {
    expect(run(counter, 0, [INCREMENT, INCREMENT, READ]).output).toEqual({ type: 'value', value: 2 })
  })

  test('R1.2 Increment, Increment: Ack', () => {
    expect(run(counter, 0, [INCREMENT, INCREMENT]).output).toEqual({ type: 'ack' })
  })

  test('R1.2 Increment, Reset, Read: Value 0', () => {
    expect(run(counter, 0, [INCREMENT, RESET, READ]).output).toEqual({ type: 'value', value: 0 })
  })

  test('R1.2 Reset, Reset, Read: crashes', () => {
    expect(() => run(counter, 0, [RESET, RESET, READ])).toThrow('reset at 0')
  })

  test('R1.1 gives the last state and all outputs, in order', () => {
    expect(run(counter, 40, [INCREMENT, READ, INCREMENT])).toEqual({
      state: 42,
      outputs: [{ type: 'ack' }, { type: 'value', value: 41 }, { type: 'ack' }],
      output: { type: 'ack' },
      timeouts: [],
      isStopped: false,
    })
  })

  test('does nothing with no inputs, and takes any iterable', () => {
    expect(run(counter, 7, [])).toMatchObject({ state: 7, outputs: [], output: undefined })
    expect(run(counter, 7, new Set([READ])).output).toEqual({ type: 'value', value: 7 })
  })
})

test('what is no server, and inputs that are none, are told so', () => {
  const option = (name: string): unknown =>
    expect.objectContaining({ code: 'ERR_OPTION', fields: expect.objectContaining({ option: name }) as object })
  expect(() => run({} as never, 0 as never, [])).toThrow(option('server'))
  expect(() => run(counter, 0, 5 as never)).toThrow(option('inputs'))
})

test('C-22 a bad return value of step is named', () => {
  expect(() => run(faulty, 0, ['bad step'])).toThrow(
    expect.objectContaining({
      code: 'ERR_BAD_STEP',
      severity: 'crash',
      message: 'step returned no [state, output]: server=faulty, found undefined',
    }),
  )
})
