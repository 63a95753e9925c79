/** Definitions of behaviours, their mistakes, and the words for exit reasons and dead letters. */
import { expect, test } from 'vitest'
import {
  createBehaviour,
  DEAD_LETTER_REASONS,
  defineActor,
  EXIT_KILLED,
  EXIT_NORMAL,
  EXIT_SHUTDOWN,
  formatExitReason,
  isBehaviour,
} from '../src/index.ts'

const program = { init: (): number => 0, receive: (): void => {} }

test('defineActor keeps module, name, program and mailbox, frozen', () => {
  const behaviour = defineActor(import.meta.url, 'counter', program, { mailbox: { capacity: 7 } })
  expect(behaviour).toMatchObject({
    kind: 'actor',
    module: import.meta.url,
    name: 'counter',
    mailbox: { capacity: 7, overflow: 'backpressure', stashCapacity: 1024 },
  })
  expect(behaviour.program).toBe(program)
  expect(Object.isFrozen(behaviour)).toBe(true)
  expect(isBehaviour(behaviour)).toBe(true)
  expect(defineActor(new URL(import.meta.url), 'counter', program).module).toBe(import.meta.url)
  expect(createBehaviour('server', import.meta.url, 'x', program).kind).toBe('server')
  expect(behaviour.isReentrant).toBe(false)
  expect(defineActor(import.meta.url, 'counter', program, { reentrant: 'call-chain' }).isReentrant).toBe(true)
  expect(() => defineActor(import.meta.url, 'counter', program, { reentrant: 'always' as never })).toThrow(
    'option reentrant is wrong',
  )
})

test('isBehaviour knows a copy with its brand, and nothing else', () => {
  expect(isBehaviour({ ...defineActor(import.meta.url, 'counter', program) })).toBe(true)
  for (const value of [null, undefined, {}, program, 'counter', () => {}]) expect(isBehaviour(value)).toBe(false)
})

test.each([
  ['counter.ts', 'counter', program, /module="counter.ts".*import\.meta\.url/],
  [import.meta.url, '', program, /name is empty/],
  [import.meta.url, 'x', null, /object of callbacks/],
  [import.meta.url, 'x', { receive: program.receive }, /init is undefined/],
  [import.meta.url, 'x', { init: program.init, receive: 7 }, /receive is number/],
  [import.meta.url, 'x', { ...program, terminate: 'no' }, /terminate is string/],
  [import.meta.url, 'x', { ...program, terminat: () => {} }, /terminat is unknown, expected one of init, receive,/],
])('a wrong definition says what is wrong: %s %s', (module, name, wrong, message) => {
  expect(() => defineActor(module, name, wrong as never)).toThrow(
    expect.objectContaining({ code: 'ERR_BEHAVIOUR', message: expect.stringMatching(message) }),
  )
})

test('a wrong mailbox option is an ERR_OPTION of the definition', () => {
  expect(() => defineActor(import.meta.url, 'x', program, { mailbox: { capacity: -1 } })).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION' }),
  )
})

test.each([
  [null, 'options'],
  [5, 'options'],
  [{ budget: 50 }, 'options.budget'],
])('wrong options are an ERR_OPTION of the definition: %j', (options, option) => {
  expect(() => defineActor(import.meta.url, 'x', program, options as never)).toThrow(
    expect.objectContaining({ code: 'ERR_OPTION', fields: expect.objectContaining({ option }) as object }),
  )
})

test('exit reasons are one line each', () => {
  expect([EXIT_NORMAL, EXIT_SHUTDOWN, EXIT_KILLED].map(formatExitReason)).toEqual(['normal', 'shutdown', 'killed'])
  const error = { name: 'TypeError', code: 'ERR_UNKNOWN', message: 'boom', stack: '', severity: 'crash', fields: {} } as const
  expect(formatExitReason({ kind: 'crash', error })).toBe('crash: TypeError: boom')
  expect(formatExitReason({ kind: 'core_lost', error })).toBe('core_lost: TypeError: boom')
})

test('the order of dead letter reasons is the order of counters in shared memory', () => {
  expect(DEAD_LETTER_REASONS).toEqual([
    'no_such_actor', 'stopped', 'overflow', 'outbox_full', 'send_timeout', 'crashed', 'in_hand', 'lost_with_core', 'not_decodable', 'late_reply', 'shut_down', 'shed', 'expired', 'stash_full',
  ]) // prettier-ignore
})
