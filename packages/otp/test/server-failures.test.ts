/** What holds when a server fails after its step, when it continues for long, and when a callback returns what it must not (gen_server). */
import type { Ref } from '@cambium/actor'
import { startSystem } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectNothingLeft } from '../../runtime/test/nothing-left.ts'
import { run } from '../src/index.ts'
import type { Server } from '../src/index.ts'
import { onBothPlatforms } from './fixtures/both-platforms.ts'
import type { Stage } from './fixtures/both-platforms.ts'
import { bystander, late, lateConsumer, lateMachine, lateManager, maybe, odd, safe, teller } from './fixtures/tellers.ts'
import type { TellerInput } from './fixtures/tellers.ts'

const LEARNED = [safe, teller, maybe] as never[]
const CRASHED = (code: string): unknown =>
  expect.objectContaining({ code: 'ERR_ACTOR_CRASHED', cause: expect.objectContaining({ code }) })

async function open(stage: Stage, core = 1) {
  const saved = await stage.spawn(safe, undefined, { core })
  const ref = await stage.spawn(teller, saved as Ref<number>, { core })
  const crashed: unknown[] = []
  stage.system.events.on('dead_letter', ({ reason, message }) => {
    if (reason === 'crashed') crashed.push(message)
  })
  return { saved, ref, crashed }
}

for (const [input, failing, error] of [
  ['pay and log', 'log', 'log is full'],
  ['pay and sleep', 'pay and sleep', 'no bed'],
] as const) {
  onBothPlatforms(
    `R1.3 C-20 a step that was answered is kept when what comes after it fails, and the report names that: ${input}`,
    async (stage) => {
      const { saved, ref, crashed } = await open(stage)
      const report = stage.next('crash_report')
      expect(await ref.ask(input)).toBe('paid')
      expect(await report).toMatchObject({ message: failing, state: { sum: 1 }, error: { message: error } })
      expect(await ref.ask('read')).toBe(0) // the next incarnation
      expect(await saved.ask('read')).toEqual([1])
      expect(crashed).toEqual([]) // its message was handled
    },
    LEARNED,
  )
}

onBothPlatforms(
  'R1.3 C-20 a step that was not answered is kept, too; its message fails with what fails after it',
  async (stage) => {
    const { saved, ref } = await open(stage)
    const dead = stage.next('dead_letter')
    await expect(ref.ask('slip and sleep')).rejects.toMatchObject({ code: 'ERR_ACTOR_CRASHED', cause: { message: 'no bed' } })
    expect(await dead).toMatchObject({ reason: 'crashed' })
    expect(await ref.ask('read')).toBe(0)
    expect(await saved.ask('read')).toEqual([1])
  },
  LEARNED,
)

onBothPlatforms(
  'C-21 the output of what it continues with goes to nobody: whoever asked is told so at once',
  async (stage) => {
    const { ref } = await open(stage)
    await expect(ref.ask('hand on', { timeoutMs: 60_000 })).rejects.toMatchObject({ code: 'ERR_NO_REPLY' })
  },
  LEARNED,
)

onBothPlatforms(
  'C-21 a server that ends continues with nothing',
  async (stage) => {
    const { ref } = await open(stage)
    const ended = await stage.watch(ref as Ref<never>)
    expect(await ref.ask('close')).toBe('closed')
    expect(await ended()).toBe('normal')
  },
  LEARNED,
)

onBothPlatforms(
  'C-21 it continues 20,000 times in a row before the next message',
  async (stage) => {
    const { ref } = await open(stage)
    const begun = ref.ask({ count: 20_000 }, { timeoutMs: 60_000 })
    expect(await ref.ask('read', { timeoutMs: 60_000 })).toBe(20_000)
    expect(await begun).toBe('begun')
  },
  LEARNED,
)

onBothPlatforms(
  'R1.5 a state may be undefined',
  async (stage) => {
    const ref = await stage.spawn(maybe, 'first', { core: 1 })
    expect(await ref.ask('clear')).toBe('cleared')
    expect(await ref.ask('read')).toBe('state=undefined')
    await ref.ask('hibernate')
    expect(await ref.ask('read')).toBe('state=undefined')
    const other = await stage.spawn(maybe, undefined, { core: 2 })
    expect(await other.ask('read')).toBe('state=undefined')
    expect(await stage.system.inspect(other).getState()).toBe(undefined)
  },
  LEARNED,
)

/** What is no action, and how it is named. */
const WRONG: readonly (readonly [what: string, action: unknown, found: string])[] = [
  ['null', null, 'null'],
  ['a name', 'continue', 'continue'],
  ['of no type', {}, 'undefined'],
  ['a timeout in the past', { type: 'timeout', ms: -1, input: 0 }, 'timeout'],
  ['a timeout without a time', { type: 'timeout', input: 0 }, 'timeout'],
  ['a timeout whose name is none', { type: 'timeout', name: 7, ms: 1, input: 0 }, 'timeout'],
  ['a timeout that is not cancelled', { type: 'timeout', cancel: false }, 'timeout'],
  ['a reply to nobody', { type: 'reply', value: 1 }, 'reply'],
  ['a stop for no reason that is one', { type: 'stop', reason: 'enough' }, 'stop'],
]

describe('without a runtime', () => {
  const server = teller as unknown as Server<never, { at: Ref<number>; sum: number }, TellerInput, string | number>
  const empty = { at: undefined as never, sum: 0 }

  test('C-21 the output of what it continues with goes to nobody, and a server that ends continues with nothing', () => {
    expect(run(server, empty, ['hand on' as never]).outputs).toEqual([undefined])
    expect(run(server, empty, ['close' as never])).toMatchObject({ outputs: ['closed'], isStopped: true })
  })

  test('C-21 a chain of 100,000 steps is gone through, one without an end is an error', () => {
    expect(run(server, empty, [{ count: 100_000 } as never])).toMatchObject({ state: { sum: 100_000 }, output: 'begun' })
    expect(() => run(server, empty, [{ count: Infinity } as never])).toThrow(
      expect.objectContaining({ code: 'ERR_ENDLESS_CONTINUE', fields: { server: 'teller', max: 1_000_000 } }),
    )
  })

  test('R1.5 a state may be undefined', () => {
    expect(run(maybe, 'first', ['clear', 'read']).output).toBe('state=undefined')
    expect(run(maybe, 'first', ['hibernate']).state).toBe(undefined)
  })

  test.each(WRONG)('C-22 %s is no action', (_what, action, found) => {
    expect(() => run(odd, 0, [[action]])).toThrow(
      expect.objectContaining({ code: 'ERR_BAD_ACTION', fields: { server: 'odd', found } }),
    )
  })

  test.each(['step', 'output', 'hibernate'] as const)('C-22 a promise is refused, and its rejection taken: %s', (input) => {
    expect(() => run(late, 0, [input])).toThrow(expect.objectContaining({ code: 'ERR_BAD_STEP' }))
  })
})

describe('on threads', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({ cores: 1, handleSignals: false })
  })
  afterAll(async () => {
    await system.shutdown()
  })
  expectNothingLeft(() => system)

  test.each(WRONG)('C-22 %s is no action, in a step and at the start; none is done then', async (_what, action, found) => {
    const first = { type: 'stop' } as const
    const ref = await system.spawn(odd, [], { core: 1, restart: 'temporary' })
    const end = system.monitor(ref)
    await expect(ref.ask([first, action])).rejects.toEqual(CRASHED('ERR_BAD_ACTION'))
    expect(await end).toMatchObject({ kind: 'crash', error: { code: 'ERR_BAD_ACTION', fields: { server: 'odd', found } } })
    await expect(system.spawn(odd, [action], { core: 1, restart: 'temporary' })).rejects.toMatchObject({
      code: 'ERR_INIT_FAILED',
      cause: { code: 'ERR_BAD_ACTION' },
    })
  })

  test.each(['nonsense', undefined, null, 7])('C-22 what it starts with is a list of actions, not %s', async (actions) => {
    await expect(system.spawn(odd, actions, { core: 1, restart: 'temporary' })).rejects.toMatchObject({
      code: 'ERR_INIT_FAILED',
      cause: { code: 'ERR_BAD_ACTION', fields: { found: String(actions) } },
    })
  })

  test('R1.6 a server that never stops continuing lets others have their turn, and can be stopped', async () => {
    const saved = await system.spawn(safe, undefined, { core: 1 })
    const ref = await system.spawn(teller, saved as Ref<number>, { core: 1 })
    expect(await ref.ask({ count: Infinity })).toBe('begun')
    const other = await system.spawn(bystander, undefined, { core: 1 })
    expect(await other.ask('count')).toBe(1)
    await system.stop(ref)
    expect(await saved.ask('read')).toEqual([expect.any(Number)])
    await system.stop(other)
  })

  test('C-22 a promise for a state that has travelled is refused, and its rejection taken; the server stays where it was', async () => {
    const ref = await system.spawn(late, undefined, { core: 1, restart: 'temporary' })
    await expect(system.migrate(ref, 0)).rejects.toMatchObject({
      code: 'ERR_BAD_STEP',
      message: 'migrate.load returned no state: server=late, found a promise',
    })
    await expect(ref.ask('step')).rejects.toEqual(CRASHED('ERR_BAD_STEP'))
  })

  test('R1.6 C-22 a promise where none may be is a crash of its actor, and its rejection does not end the core', async () => {
    const lost: unknown[] = []
    system.events.on('core_lost', (loss) => lost.push(loss))
    const near = await system.spawn(bystander, undefined, { core: 1 })
    const options = { core: 1, restart: 'temporary' } as const
    let count = 0
    const goesOn = async (): Promise<void> => {
      expect(await near.ask('count')).toBe((count += 1))
    }
    for (const input of ['step', 'output', 'hibernate'] as const) {
      const ref = await system.spawn(late, undefined, options)
      await expect(ref.ask(input), input).rejects.toEqual(CRASHED('ERR_BAD_STEP'))
      await goesOn()
    }
    for (const type of ['handler', 'enter'] as const) {
      const ref = await system.spawn(lateMachine, undefined, options)
      await expect(ref.ask({ type }), type).rejects.toEqual(CRASHED('ERR_BAD_STEP'))
      await goesOn()
    }
    const machine = await system.spawn(lateMachine, undefined, options)
    const end = system.monitor(machine)
    machine.tell({ type: 'hibernate' })
    expect(await end).toMatchObject({ error: { code: 'ERR_BAD_STEP' } })
    await goesOn()
    for (const [starting, code] of [
      [lateConsumer, 'ERR_OPTION'],
      [lateManager, 'ERR_BAD_STEP'],
    ] as const) {
      await expect(system.spawn(starting as typeof bystander, undefined, options), starting.name).rejects.toMatchObject({
        code: 'ERR_INIT_FAILED',
        cause: { code },
      })
      await goesOn()
    }
    expect(lost).toEqual([])
  })
})
