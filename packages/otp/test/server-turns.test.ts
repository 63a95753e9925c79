/** What servers do besides answering at once: replies later and from elsewhere, continuations, timeouts, ends (gen_server). */
import type { Ref } from '@cambium/actor'
import { startSystem } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { simulate } from '@cambium/testkit'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { expectNothingLeft } from '../../runtime/test/nothing-left.ts'
import { run } from '../src/index.ts'
import { clerk, desk } from './fixtures/desk.ts'
import type { ClerkMessage, DeskInput, DeskSetting, DeskState } from './fixtures/desk.ts'

type Desk = Ref<DeskInput>
const empty: DeskState = { log: [], waiting: [], cache: [] }

describe('a running server', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({ cores: 2, handleSignals: false })
  })
  afterAll(async () => {
    await system.shutdown()
  })
  expectNothingLeft(() => system)
  const start = (core: number, setting: DeskSetting = {}): Promise<Desk> =>
    system.spawn(desk, setting, { core, restart: 'temporary' }) as Promise<Desk>
  const late = (): number => system.books().dead.late_reply

  describe.each([0, 1])('on core %i', (core) => {
    test('answers later, in any order it likes', async () => {
      const ref = await start(core)
      const asks = [ref.ask({ type: 'wait' }), ref.ask({ type: 'wait' })]
      ref.tell({ type: 'answer', value: 'first' })
      ref.tell({ type: 'answer', value: 'second' })
      expect(await Promise.all(asks)).toEqual(['first', 'second'])
      await system.stop(ref)
    })

    test.each([0, 1, 2])('C-42 lets an actor of core %i answer, once: the second answer is a dead letter', async (elsewhere) => {
      const ref = await start(core)
      const helper = (await system.spawn(clerk, undefined, { core: elsewhere })) as Ref<ClerkMessage>
      const before = late()
      expect(await ref.ask({ type: 'delegate', clerk: helper, answers: ['yes', 'no'] })).toBe('yes')
      await vi.waitFor(() => {
        expect(late()).toBe(before + 1)
      })
      await system.stop(ref)
      await system.stop(helper)
    })

    test('C-19 C-42 drops and counts an answer whose ask has timed out; the server lives', async () => {
      const ref = await start(core)
      const before = late()
      await expect(ref.ask({ type: 'wait' }, { timeoutMs: 5 })).rejects.toMatchObject({ code: 'ERR_ASK_TIMEOUT' })
      ref.tell({ type: 'answer', value: 'too late' })
      expect(await ref.ask({ type: 'log' })).toEqual([])
      await vi.waitFor(() => {
        expect(late()).toBe(before + 1)
      })
      await system.stop(ref)
    })

    test('C-24 whoever waits for an answer learns of its end at once', async () => {
      const ref = await start(core)
      const waiting = expect(ref.ask({ type: 'wait' }, { timeoutMs: 60_000 })).rejects.toMatchObject({
        code: 'ERR_NO_SUCH_ACTOR',
      })
      await ref.ask({ type: 'log' })
      await system.stop(ref)
      await waiting
    })

    test('an ask that is neither answered nor kept is told so at once', async () => {
      const ref = await start(core)
      await expect(ref.ask({ type: 'forget' })).rejects.toMatchObject({ code: 'ERR_NO_REPLY' })
      await system.stop(ref)
    })

    test('C-21 continues before any message that is queued, from the start and from a step', async () => {
      const ref = await start(core, {
        initMs: 20,
        actions: [
          { type: 'continue', input: { type: 'notes', texts: ['a', 'b'] } },
          { type: 'continue', input: { type: 'note', text: 'c' } },
        ],
      })
      ref.tell({ type: 'notes', texts: ['d', 'e', 'f'] })
      ref.tell({ type: 'note', text: 'g' })
      expect(await ref.ask({ type: 'log' })).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
      await system.stop(ref)
    })

    test('R1.11 C-41 is sent its timeouts as inputs; the same name replaces, and a cancelled one never comes', async () => {
      const ref = await start(core, { actions: [{ type: 'timeout', ms: 1, input: { type: 'note', text: 'from the start' } }] })
      ref.tell({ type: 'timer', name: 'a', ms: 60_000 })
      ref.tell({ type: 'timer', name: 'a', ms: 5 })
      ref.tell({ type: 'timer', name: 'b', ms: 1 })
      ref.tell({ type: 'cancel', name: 'b' })
      await vi.waitFor(async () => {
        expect(await ref.ask({ type: 'log' })).toEqual(['from the start', 'a is over'])
      })
      await system.stop(ref)
    })

    test('hibernates: what can be made again is gone', async () => {
      const ref = await start(core)
      expect(await ref.ask({ type: 'hibernate' })).toBe(3)
      expect(await ref.ask({ type: 'hibernate' })).toBe(0)
      await system.stop(ref)
    })

    test('ends by itself, in order or as a crash', async () => {
      for (const [how, reason] of [
        ['normal', { kind: 'normal' }],
        ['error', { kind: 'crash', error: expect.objectContaining({ message: 'had enough' }) as unknown }],
        ['dance', { kind: 'crash', error: expect.objectContaining({ code: 'ERR_BAD_ACTION' }) as unknown }],
      ] as const) {
        const ref = await start(core)
        const end = system.monitor(ref)
        ref.tell({ type: 'end', how })
        expect(await end).toEqual(reason)
      }
    })
  })
})

describe('run', () => {
  test('R1.2 shows answers where they were asked for, whenever they were given', () => {
    const { outputs, state } = run(desk, empty, [
      { type: 'wait' },
      { type: 'note', text: 'a' },
      { type: 'wait' },
      { type: 'answer', value: 'one' },
      { type: 'log' },
    ])
    expect(outputs).toEqual(['one', undefined, undefined, undefined, ['a']])
    expect(state.waiting).toHaveLength(1)
  })

  test('continues, hibernates and stops as the runtime does, and shows the timeouts', () => {
    const ran = run(desk, { ...empty, cache: [1] }, [
      { type: 'notes', texts: ['a', 'b'] },
      { type: 'timer', name: 't', ms: 5 },
      { type: 'hibernate' },
      { type: 'end', how: 'normal' },
      { type: 'note', text: 'never' },
    ])
    expect(ran.state).toEqual({ log: ['a', 'b', 'ends'], waiting: [], cache: [] })
    expect(ran.timeouts).toEqual([{ type: 'timeout', name: 't', ms: 5, input: { type: 'note', text: 't is over' } }])
    expect(ran.isStopped).toBe(true)
  })

  test('C-22 names an action that is none', () => {
    expect(() => run(desk, empty, [{ type: 'end', how: 'dance' }])).toThrow(
      expect.objectContaining({ code: 'ERR_BAD_ACTION', fields: { server: 'desk', found: 'dance' } }),
    )
  })
})

test('C-24 C-42 answers through others survive whatever order things come in, and every ask ends', async () => {
  await simulate(
    async (sim) => {
      sim.learn(clerk as never)
      const ref = (await sim.spawn(desk, {}, { core: 1 })) as Desk
      const helper = (await sim.spawn(clerk, undefined, { core: 2 })) as Ref<ClerkMessage>
      const asks = Array.from({ length: 10 }, (_, at) =>
        ref
          .ask({ type: 'delegate', clerk: helper, answers: [`answer ${at}`, 'again'] }, { timeoutMs: 1000 })
          .catch((error: unknown) => (error as { code: string }).code),
      )
      await sim.advance(sim.random.below(3))
      const deaths = sim.random.below(3)
      if (deaths > 0) sim.killCore(deaths)
      await sim.advance(60_000)
      const outcomes = await Promise.all(asks)
      for (const [at, outcome] of outcomes.entries()) {
        if (deaths === 0) expect(outcome).toBe(`answer ${at}`)
        else expect([`answer ${at}`, 'ERR_CORE_LOST', 'ERR_NO_SUCH_ACTOR', 'ERR_ASK_TIMEOUT', 'ERR_NO_REPLY']).toContain(outcome)
      }
    },
    { seed: 1, runs: 60, cores: 2 },
  )
})
