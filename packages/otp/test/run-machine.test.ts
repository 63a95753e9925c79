/** `runMachine` and `drawMachine`, and what definitions are refused. */
import { IGNORE } from '@cambium/actor'
import type { ActorContext, AnyRef, Monitor, Ref } from '@cambium/actor'
import { describe, expect, test } from 'vitest'
import { defineStateMachine, drawMachine, MACHINE_EVENTS_MAX, runMachine } from '../src/index.ts'
import type { MachineDefinition } from '../src/index.ts'
import { desk } from './fixtures/desk.ts'
import type { ClerkMessage } from './fixtures/desk.ts'
import { closedAt, ending, guarded, openAt, reception, slow, uneasy, watcher } from './fixtures/machines.ts'
import { act, acts, held } from './fixtures/machine-hosts.ts'
import { recorder } from './fixtures/recorder.ts'

describe('a run', () => {
  test('R1.2 tells, asks, and lets virtual time pass', () => {
    const run = runMachine(closedAt, 1000)
    expect(run.ask({ type: 'open' })).toMatchObject({ isAnswered: true, value: 'open' })
    const closed = run.ask({ type: 'await closed' })
    run.advance(999)
    expect([run.state, closed.isAnswered, run.now]).toEqual(['open', false, 999])
    run.advance(1)
    expect([run.state, closed.value, run.now]).toEqual(['closed', 'closed by itself', 1000])
  })

  test('R1.11 timeouts come in the order in which they are due, those of one time in the order in which they were set', () => {
    const run = runMachine(recorder, {})
    run.tell(
      acts(
        'set',
        { type: 'timeout', name: 'u', ms: 20 },
        { type: 'timeout', name: 't', ms: 10 },
        { type: 'state_timeout', ms: 20 },
      ),
    )
    run.advance(1e6)
    expect(run.ask({ type: 'log' }).value?.slice(2)).toEqual([
      't undefined in a',
      'u undefined in a',
      'state timeout undefined in a',
    ])
    expect(() => run.advance(-1)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })

  test('what a handler throws, throws here; the data is what it was', () => {
    const run = runMachine(recorder, {})
    run.tell(act('before'))
    const { data } = run
    expect(() => run.tell({ type: 'crash' })).toThrow('as told')
    expect(() => run.tell({ type: 'bad return' })).toThrow(expect.objectContaining({ code: 'ERR_BAD_STEP' }))
    expect(run.data).toBe(data)
  })

  test('has ended when its machine has', () => {
    const run = runMachine(ending, undefined)
    expect(run.ask({ type: 'finish' }).value).toBe('bye')
    expect(run.stopped).toBe('normal')
    expect(() => run.tell({ type: 'finish' })).toThrow(expect.objectContaining({ code: 'ERR_ACTOR_STOPPED' }))
    const crash = runMachine(recorder, {})
    crash.tell({ type: 'crash stop' })
    expect(crash.stopped).toEqual(new Error('enough'))
  })

  test('answers by a token where it was asked, and what a token cannot do without a runtime is said', () => {
    const run = runMachine(reception, undefined)
    const told: unknown[] = []
    const helper = { tell: (message: unknown) => told.push(message) } as unknown as Ref<ClerkMessage>
    const answer = run.ask({ type: 'delegate', clerk: helper, answers: [] })
    expect(told).toEqual([]) // postponed
    run.tell({ type: 'open' })
    expect(answer.isAnswered).toBe(false)
    const { to } = told[0] as ClerkMessage
    for (const text of ['yes', 'no']) to.tell(text)
    expect(answer).toMatchObject({ isAnswered: true, value: 'yes' })
    expect(() => to.trySend('more')).toThrow(expect.objectContaining({ code: 'ERR_NO_RUNTIME' }))
    expect(() => run.tell({ type: 'twice' })).toThrow(expect.objectContaining({ code: 'ERR_NOT_ASKED' }))
  })

  test('what is no machine, no option, or no start is told so', () => {
    const option = (name: string): unknown =>
      expect.objectContaining({ code: 'ERR_OPTION', fields: expect.objectContaining({ option: name }) as object })
    expect(() => runMachine(desk as never, {} as never)).toThrow(option('machine'))
    expect(() => runMachine(recorder, {}, { form: 1 } as never)).toThrow(option('options.form'))
    expect(() => runMachine(guarded, 'none')).toThrow(expect.objectContaining({ code: 'ERR_IGNORED' }))
    expect(() => drawMachine(desk as never)).toThrow(option('machine'))
    expect(() => drawMachine(recorder, recorder as never)).toThrow(option('runs'))
  })

  test.each([
    ['a timeout that ends after the end of all timers', { actions: [{ type: 'state_timeout', ms: 1e13 }] }, 'ERR_BAD_ACTION'],
    ['a repeat that is neither there nor not', { repeat: 'often' as never }, 'ERR_BAD_STEP'],
  ] as const)('%s crashes', (_what, step, code) => {
    const run = runMachine(recorder, {})
    expect(() => run.tell(act('odd', step))).toThrow(expect.objectContaining({ code }))
  })

  test('begins anywhere; an asynchronous init wants that', () => {
    const run = runMachine(closedAt, 0, { from: { state: 'open', data: { ms: 5 } } })
    expect(run.state).toBe('open')
    expect(() => runMachine(slow, 1)).toThrow(expect.objectContaining({ code: 'ERR_NO_RUNTIME' }))
    expect(runMachine(slow, 1, { from: { state: 'ready', data: [] } }).data).toEqual(['entered'])
    expect(() => runMachine(uneasy, 'throw')).toThrow('not today')
  })

  test('has no actor around it but what the test gives', () => {
    interface Around {
      argument: undefined
      states: { only: null }
      event: { type: 'name' | 'core' | 'time' }
      reply: unknown
    }
    const around = defineStateMachine<Around>(import.meta.url, 'around', {
      init: () => ({ state: 'only', data: null }),
      states: {
        only: {
          on: {
            name: (_data, _event, { context }) => ({ actions: [{ type: 'reply', value: context.name }] }),
            core: (_data, _event, { context }) => ({ actions: [{ type: 'reply', value: context.core }] }),
            time: (_data, _event, turn) => ({ actions: [{ type: 'reply', value: turn.now() }] }),
          },
        },
      },
    })
    const run = runMachine(around, undefined, { context: { name: 'ada' } })
    expect(run.ask({ type: 'name' }).value).toBe('ada')
    run.advance(7)
    expect(run.ask({ type: 'time' }).value).toBe(7)
    expect(() => run.ask({ type: 'core' })).toThrow(
      expect.objectContaining({
        code: 'ERR_NO_RUNTIME',
        message: 'there is no actor around the machine: context.core, expected it in options.context',
      }),
    )
  })

  test('is told the ends of others', () => {
    const run = runMachine(watcher, undefined, { context: { monitor: () => 1 as Monitor } })
    const watched = {} as AnyRef
    run.tell({ type: 'watch', ref: watched })
    expect(run.state).toBe('watching')
    run.info({ type: 'down', monitor: 1 as Monitor, ref: watched, reason: { kind: 'normal' } })
    expect([run.state, run.data]).toEqual(['over', 'normal'])
    expect(run.transitions.at(-1)).toEqual({ from: 'watching', event: 'info down', to: 'over' })
  })

  test('hibernate drops what it can once nothing is queued', () => {
    const run = runMachine(recorder, {})
    expect(run.data.spare).toBe('big')
    run.tell(acts('sleep', { type: 'hibernate' }, { type: 'next_event', event: act('not yet') }))
    expect(run.data.spare).toBe('big')
    run.tell(acts('sleep', { type: 'hibernate' }))
    expect(run.data.spare).toBeUndefined()
  })

  test('events that wait are bounded', () => {
    const run = runMachine(recorder, {})
    for (let index = 0; index < MACHINE_EVENTS_MAX; index++) run.tell(held('x'))
    expect(() => run.tell(held('x'))).toThrow(
      expect.objectContaining({ code: 'ERR_EVENTS_FULL', fields: { machine: 'recorder', state: 'a', max: MACHINE_EVENTS_MAX } }),
    )
  })

  test.each([
    ['an unknown timeout', acts('x', { type: 'timeout', name: 'v' as 't', ms: 1 }), 'the state has no handler for it'],
    ['a negative time', acts('x', { type: 'state_timeout', ms: -1 }), 'found { type: "state_timeout", ms: number }'],
    ['no time', acts('x', { type: 'state_timeout' } as never), 'found { type: "state_timeout" }'],
    ['null', acts('x', null as never), 'found null'],
    ['no list', act('x', { actions: 7 as never }), 'found 7'],
    [
      'more than a reply at the end',
      act('x', { stop: 'normal', actions: [{ type: 'hibernate' }] }),
      'found { type: "hibernate" }',
    ],
  ])('C-29 bad action: %s', (_what, event, text) => {
    const run = runMachine(recorder, {})
    expect(() => run.tell(event)).toThrow(
      expect.objectContaining({ code: 'ERR_BAD_ACTION', message: expect.stringContaining(text) as string }),
    )
  })
})

test('a machine may decide not to run, and be put into another state by hand', () => {
  const { program } = guarded
  expect(program.init('none', {} as ActorContext)).toBe(IGNORE)
  const engine = program.init('4711', {} as ActorContext)
  expect(program.inner?.read(engine)).toEqual({ state: 'shut', data: '4711' })
  expect(program.inner?.write(engine, { state: 'shut', data: '1' })).toBe(engine)
  expect(() => program.inner?.write(engine, { state: 'ajar', data: '2' })).toThrow(
    expect.objectContaining({ code: 'ERR_NO_SUCH_STATE' }),
  )
  expect(() => program.inner?.write(engine, '3')).toThrow(expect.objectContaining({ code: 'ERR_BAD_STEP' }))
  expect(program.inner?.read(engine)).toEqual({ state: 'shut', data: '1' })
})

describe('a drawing', () => {
  test('has the states, what they leave out, and the transitions that runs have shown', () => {
    const run = runMachine(openAt, undefined)
    run.tell({ type: 'open' })
    run.tell({ type: 'close' })
    expect(drawMachine(openAt, run)).toBe(`stateDiagram-v2
    closed
    closed : postpones knock
    closed : ignores close
    open
    open : postpones farewell
    open : ignores open
    [*] --> closed
    closed --> open : open
    open --> closed : close
`)
  })

  test('without runs has no arrows; ends and timeouts are drawn; runs add up', () => {
    expect(drawMachine(closedAt)).not.toContain('-->')
    const first = runMachine(closedAt, 5)
    first.tell({ type: 'open' })
    const second = runMachine(closedAt, 5, { from: { state: 'open', data: { ms: 5 } } })
    second.tell({ type: 'open' })
    first.advance(5)
    const drawn = drawMachine(closedAt, first, second)
    expect(drawn.match(/-->.*/g)).toEqual(['--> closed', '--> open', '--> open : open', '--> closed : state timeout'])
    const end = runMachine(ending, undefined)
    end.tell({ type: 'finish' })
    expect(drawMachine(ending, end)).toContain('    on --> [*] : finish\n')
  })

  test('names that Mermaid would misread are written out', () => {
    interface Odd {
      argument: undefined
      states: { 'off: hook': null; end: null }
      event: { type: 'a;b' }
    }
    const odd = defineStateMachine<Odd>(import.meta.url, 'odd', {
      init: () => ({ state: 'off: hook', data: null }),
      states: { 'off: hook': { on: { 'a;b': () => ({ state: 'end' }) } }, end: { on: { 'a;b': 'ignore' } } },
    })
    const run = runMachine(odd, undefined)
    run.tell({ type: 'a;b' })
    expect(drawMachine(odd, run)).toBe(`stateDiagram-v2
    state "off#58; hook" as state0
    state "end" as state1
    state1 : ignores a#59;b
    [*] --> state0
    state0 --> state1 : a#59;b
`)
  })
})

describe('a definition', () => {
  const on = { go: 'ignore' }
  const nothing = (): unknown => null
  test.each([
    ['null', null, 'definition is no object'],
    ['no init', { states: { a: { on } } }, 'init is undefined, expected a function'],
    ['no states', { init: nothing, states: {} }, 'states is no object with states'],
    [
      'a state without handlers',
      { init: nothing, states: { a: {} } },
      'states.a.on is undefined, expected an object of handlers',
    ],
    ['a state that is nothing', { init: nothing, states: { a: null } }, 'states.a is null, expected an object'],
    [
      'a handler of another kind',
      { init: nothing, states: { a: { on: { go: 'drop' } } } },
      'states.a.on.go is string, expected a function, postpone or ignore',
    ],
    [
      'a wrong timeout',
      { init: nothing, states: { a: { on, timeouts: { t: 5 } } } },
      'states.a.timeouts.t is number, expected a function, postpone or ignore',
    ],
    ['a wrong enter', { init: nothing, states: { a: { on, enter: 'x' } } }, 'states.a.enter is string, expected a function'],
    [
      'a field that it does not have',
      { init: nothing, states: { a: { on, leave: () => {} } } },
      'states.a.leave is unknown, expected one of on, enter, eventTimeout, stateTimeout, timeouts, info',
    ],
    [
      'a callback with a slip',
      { init: nothing, states: { a: { on } }, terminat: nothing },
      'terminat is unknown, expected one of init, terminate, hibernate, redact, states',
    ],
    ['a wrong terminate', { init: nothing, states: { a: { on } }, terminate: 1 }, 'terminate is number, expected a function'],
  ])('is refused: %s', (_what, definition, problem) => {
    expect(() => defineStateMachine(import.meta.url, 'wrong', definition as unknown as MachineDefinition<never>)).toThrow(
      expect.objectContaining({ code: 'ERR_BEHAVIOUR', message: `state machine is wrong: name=wrong, ${problem}` }),
    )
  })

  test('options that are none, and unknown ones, are refused by name', () => {
    for (const [options, option] of [
      [null, 'options'],
      [{ budget: 50 }, 'options.budget'],
    ] as const) {
      const define = (): unknown =>
        defineStateMachine(import.meta.url, 'wrong', { init: nothing, states: { a: { on } } } as never, options as never)
      expect(define).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION', fields: expect.objectContaining({ option }) as object }),
      )
    }
  })

  test('becomes a behaviour', () => {
    expect(closedAt).toMatchObject({
      kind: 'state machine',
      module: expect.stringContaining('machines.ts') as string,
      name: 'closedAt',
    })
    expect(Object.isFrozen(closedAt)).toBe(true)
  })
})
