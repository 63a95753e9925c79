/** Supervisors that are actors, in the simulator: order and restarts exactly, whatever the seed. */
import type { Ref } from '@cambium/actor'
import { simulate } from '@cambium/testkit'
import type { Simulation } from '@cambium/testkit'
import { child } from '@cambium/runtime'
import { describe, expect, test } from 'vitest'
import { childRef, countChildren, deleteChild, restartChild, startChild, terminateChild, whichChildren } from '../src/index.ts'
import type { SupervisorRef } from '../src/index.ts'
import { linesOf, log, member, tree } from './fixtures/family.ts'
import type { LogMessage, MemberMessage, TreeSetting } from './fixtures/family.ts'

type Log = Ref<LogMessage, readonly string[]>
type Member = Ref<MemberMessage, number>

interface Family {
  readonly log: Log
  readonly supervisor: SupervisorRef
  readonly member: (id: string) => Promise<Member>
  /** What happened since the last look. */
  readonly news: () => Promise<readonly string[]>
}

async function family(sim: Simulation, setting: Omit<TreeSetting, 'log'>, core = 1): Promise<Family> {
  for (const behaviour of [log, member, tree]) sim.learn(behaviour as never)
  const logRef = await sim.spawn(log, undefined, { core: 0 })
  const supervisor = await sim.spawn(tree, { log: logRef, ...setting }, { name: 'top', core, restart: 'transient' })
  return {
    log: logRef,
    supervisor,
    member: async (id) => (await childRef<MemberMessage, number>(supervisor, id)) as Member,
    news: async () => {
      await sim.settle()
      return logRef.ask({ clear: true })
    },
  }
}

const runs = { runs: 20, cores: 2 }
const three = [{ id: 'a' }, { id: 'b' }, { id: 'c' }]
const spread = [
  { id: 'a', core: 1 },
  { id: 'b', core: 2 },
  { id: 'c', core: 0 },
]

describe.each([
  ['on the core of their supervisor', three],
  ['on different cores', spread],
])('children %s', (_where, children) => {
  test('R1.6 C-SUP-8 start in order and stop in reverse', async () => {
    await simulate(async (sim) => {
      const { supervisor, news } = await family(sim, { children })
      if (children === three) expect(await news()).toEqual(['start a', 'start b', 'start c'])
      else expect([...(await news())].sort()).toEqual(['start a', 'start b', 'start c'])
      await sim.system.stop(supervisor)
      if (children === three) expect(await news()).toEqual(['stop c', 'stop b', 'stop a'])
      else expect([...(await news())].sort()).toEqual(['stop a', 'stop b', 'stop c'])
    }, runs)
  })

  test.each([
    ['one_for_one', ['stop b', 'start b']],
    ['rest_for_one', ['stop b', 'stop c', 'start b', 'start c']],
    ['one_for_all', ['stop b', 'stop c', 'stop a', 'start a', 'start b', 'start c']],
  ] as const)('R0.2 C-SUP-8 %s', async (strategy, expected) => {
    await simulate(async (sim) => {
      const { member: of, news } = await family(sim, { strategy, children })
      await news()
      const b = await of('b')
      b.tell('crash')
      const lines = await news()
      if (children === three) expect(lines).toEqual(expected)
      else expect([...lines].sort()).toEqual([...expected].sort())
      expect((await of('b')).equals(b)).toBe(true) // D8
      b.tell('touch')
      expect(await b.ask('count')).toBe(1)
    }, runs)
  })
})

describe('intensity', () => {
  test('C-SUP-1 the third failure within the period ends the supervisor, its children stopped first', async () => {
    await simulate(async (sim) => {
      const { supervisor, member: of, news } = await family(sim, { intensity: 2, children: three })
      const b = await of('b')
      await news()
      for (let failure = 1; failure <= 2; failure += 1) {
        b.tell('crash')
        await sim.settle()
      }
      expect(await news()).toEqual(['stop b', 'start b', 'stop b', 'start b'])
      b.tell('crash')
      expect(await news()).toEqual(['stop b', 'stop c', 'stop a'])
      expect(sim.isGone(supervisor)).toBe(true)
      expect(sim.isGone(b)).toBe(true)
    }, runs)
  })

  test('C-SUP-2 failures that are far enough apart are borne for ever', async () => {
    await simulate(async (sim) => {
      const { supervisor, member: of } = await family(sim, { intensity: 1, periodMs: 1000, children: three })
      const b = await of('b')
      for (let failure = 0; failure < 10; failure += 1) {
        b.tell('crash')
        await sim.advance(2100)
      }
      expect(await b.ask('count')).toBe(0)
      expect(sim.isGone(supervisor)).toBe(false)
    }, runs)
  })

  test('C-SUP-3 a restart that keeps failing uses it up', async () => {
    await simulate(async (sim) => {
      const children = [{ id: 'a' }, { id: 'b', again: 'fail' as const }, { id: 'c' }]
      const { supervisor, member: of, news } = await family(sim, { intensity: 3, children })
      await news()
      ;(await of('b')).tell('crash')
      expect(await news()).toEqual(['stop b', 'stop c', 'stop a'])
      expect(sim.isGone(supervisor)).toBe(true)
    }, runs)
  })

  test('R3.4 repeated failure escalates level by level', async () => {
    await simulate(async (sim) => {
      const logRef = await sim.spawn(log, undefined, { core: 0 })
      const { supervisor } = await family(sim, { intensity: 5, children: [] })
      const below: TreeSetting = { log: logRef, intensity: 1, children: [{ id: 'x' }, { id: 'y' }] }
      const inner = (await startChild(supervisor, child(tree, below, { id: 'inner' }))) as SupervisorRef
      const x = (await childRef<MemberMessage, number>(inner, 'x')) as Member
      await sim.settle()
      await logRef.ask({ clear: true })
      for (let failure = 0; failure < 2; failure += 1) {
        x.tell('crash')
        await sim.settle()
      }
      // The second failure is one too many for `inner`, whose own supervisor starts it again: same refs (D8).
      expect(await linesOf(logRef)).toEqual(['stop x', 'start x', 'stop x', 'stop y', 'start x', 'start y'])
      expect(await x.ask('count')).toBe(0)
      expect((await childRef(supervisor, 'inner'))?.equals(inner)).toBe(true)
    }, runs)
  })
})

describe('restart types', () => {
  test.each([
    ['permanent', 'stop', true],
    ['permanent', 'crash', true],
    ['transient', 'stop', false],
    ['transient', 'crash', true],
    ['temporary', 'stop', false],
    ['temporary', 'crash', false],
  ] as const)('C-SUP-6 %s after %s: back %s', async (restart, how, isBack) => {
    await simulate(async (sim) => {
      const { supervisor, member: of, news } = await family(sim, { intensity: 3, children: [{ id: 'a', restart }] })
      const a = await of('a')
      await news()
      a.tell(how)
      expect(await news()).toEqual(isBack ? ['stop a', 'start a'] : ['stop a'])
      expect(sim.isGone(a)).toBe(!isBack)
      const children = await whichChildren(supervisor)
      expect(children.map(({ id, status }) => [id, status])).toEqual(
        restart === 'temporary' ? [] : [['a', isBack ? 'running' : 'stopped']],
      )
    }, runs)
  })

  test('C-SUP-4 a temporary sibling stopped by one_for_all is not restarted', async () => {
    await simulate(async (sim) => {
      const children = [{ id: 'a' }, { id: 'b', restart: 'temporary' as const }]
      const { supervisor, member: of, news } = await family(sim, { strategy: 'one_for_all', children })
      await news()
      ;(await of('a')).tell('crash')
      expect(await news()).toEqual(['stop a', 'stop b', 'start a'])
      expect((await whichChildren(supervisor)).map(({ id }) => id)).toEqual(['a'])
    }, runs)
  })

  test('C-SUP-7 init that ignores: a permanent child keeps its spec, a temporary one loses it', async () => {
    await simulate(async (sim) => {
      const children = [
        { id: 'a', first: 'ignore' as const },
        { id: 'b', first: 'ignore' as const, restart: 'temporary' as const },
        { id: 'c' },
      ]
      const { supervisor } = await family(sim, { children })
      expect((await whichChildren(supervisor)).map(({ id, status, ref }) => [id, status, ref === undefined])).toEqual([
        ['a', 'stopped', true],
        ['c', 'running', false],
      ])
    }, runs)
  })
})

describe('requests', () => {
  test('C-SUP-5 C-SUP-11 start, terminate, restart, delete', async () => {
    await simulate(async (sim) => {
      const { supervisor, log: logRef, news } = await family(sim, { children: [{ id: 'a' }] })
      const b = await startChild(supervisor, child(member, { id: 'b', log: logRef }, { id: 'b' }))
      expect(await b?.ask('count')).toBe(0)
      expect(await news()).toEqual(['start a', 'start b'])
      const again = startChild(supervisor, child(member, { id: 'b', log: logRef }, { id: 'b' }))
      await expect(again).rejects.toMatchObject({ code: 'ERR_CHILD_PRESENT', message: expect.stringContaining('runs') as string })
      await expect(restartChild(supervisor, 'b')).rejects.toMatchObject({ code: 'ERR_CHILD_RUNNING' })
      await expect(deleteChild(supervisor, 'b')).rejects.toMatchObject({ code: 'ERR_CHILD_RUNNING' })
      await terminateChild(supervisor, b as Member)
      expect(await countChildren(supervisor)).toEqual({ specs: 2, active: 1, supervisors: 0, workers: 2 })
      const present = startChild(supervisor, child(member, { id: 'b', log: logRef }, { id: 'b' }))
      await expect(present).rejects.toMatchObject({
        code: 'ERR_CHILD_PRESENT',
        message: expect.stringContaining('is down') as string,
      })
      expect(await (await restartChild<MemberMessage, number>(supervisor, 'b'))?.ask('count')).toBe(0)
      await terminateChild(supervisor, 'b')
      await deleteChild(supervisor, 'b')
      await expect(terminateChild(supervisor, 'b')).rejects.toMatchObject({ code: 'ERR_NO_SUCH_CHILD' })
      await expect(childRef(supervisor, 'b')).rejects.toMatchObject({ code: 'ERR_NO_SUCH_CHILD' })
    }, runs)
  })

  test('C-SUP-15 a bad child spec is named, and nothing is started', async () => {
    await simulate(async (sim) => {
      const { supervisor, log: logRef } = await family(sim, { children: [] })
      const wrong = (options: object): unknown => child(member, { id: 'b', log: logRef }, options)
      for (const [options, field] of [
        [{ restart: 'always' }, 'restart'],
        [{ shutdown: -1 }, 'shutdown'],
        [{ core: 99 }, 'core'],
        [{ significant: true }, 'significant'],
        [{ spread: true, core: 1 }, 'spread'],
        [{ colour: 'red' }, 'options.colour'],
      ] as const) {
        const start = startChild(supervisor, wrong(options) as never)
        await expect(start, field).rejects.toMatchObject({ code: 'ERR_CHILD_SPEC', fields: { field } })
      }
      expect(await countChildren(supervisor)).toMatchObject({ specs: 0 })
      const top = sim.spawn(tree, { log: logRef, strategy: 'all_for_one' as never, children: [] }, { name: 'bad' })
      await expect(top).rejects.toMatchObject({ code: 'ERR_INIT_FAILED', message: expect.stringContaining('strategy') as string })
      const twice = sim.spawn(tree, { log: logRef, children: [{ id: 'x' }, { id: 'x' }] }, { name: 'bad' })
      await expect(twice).rejects.toMatchObject({ code: 'ERR_INIT_FAILED', message: expect.stringContaining('id') as string })
      expect(await linesOf(logRef)).toEqual([])
    }, runs)
  })

  test('a first start that fails rolls back in reverse and says why', async () => {
    await simulate(async (sim) => {
      const logRef = await sim.spawn(log, undefined, { core: 0 })
      const children = [{ id: 'a' }, { id: 'b' }, { id: 'c', first: 'fail' as const }, { id: 'd' }]
      for (const behaviour of [member, tree]) sim.learn(behaviour as never)
      const start = sim.spawn(tree, { log: logRef, children }, { name: 'top', core: 1 })
      await expect(start).rejects.toMatchObject({
        code: 'ERR_INIT_FAILED',
        message: expect.stringContaining('c does not start') as string,
      })
      await sim.settle()
      expect(await linesOf(logRef)).toEqual(['start a', 'start b', 'stop b', 'stop a'])
      expect(sim.system.whereis('top')).toBeUndefined()
    }, runs)
  })

  test('C-SUP-9 a child that overruns its shutdown time is killed', async () => {
    await simulate(async (sim) => {
      const children = [{ id: 'a', terminate: 'never' as const, shutdown: 50 }, { id: 'b' }]
      const { supervisor, member: of, news } = await family(sim, { children })
      const a = await of('a')
      await news()
      const began = sim.now()
      await terminateChild(supervisor, 'a')
      expect(sim.now() - began).toBeGreaterThanOrEqual(50)
      expect(sim.isGone(a)).toBe(true)
    }, runs)
  })
})

describe('dynamic supervisors', () => {
  test('C-SUP-12 children come by request, by ref or id, and are lost with a restart of their supervisor; a static sibling is not', async () => {
    await simulate(async (sim) => {
      const { supervisor, log: logRef } = await family(sim, { children: [] })
      const pool = (await startChild(
        supervisor,
        child(tree, { log: logRef, kind: 'dynamic', intensity: 0, maxChildren: 2, children: [] }, { id: 'pool' }),
      )) as SupervisorRef
      const start = (id: string) => startChild(pool, child(member, { id, log: logRef }))
      const [x, y] = [(await start('x')) as Member, (await start('y')) as Member]
      await expect(start('z')).rejects.toMatchObject({ code: 'ERR_MAX_CHILDREN' })
      expect((await whichChildren(pool)).map(({ id }) => id)).toEqual(['child-1', 'child-2'])
      await terminateChild(pool, y)
      expect(sim.isGone(y)).toBe(true)
      expect(await countChildren(pool)).toMatchObject({ specs: 1, active: 1 })
      x.tell('crash')
      await sim.settle()
      expect(await countChildren(pool)).toMatchObject({ specs: 0 })
      expect(sim.isGone(x)).toBe(true)
    }, runs)
  })
})

describe('backoff', () => {
  test('C-SUP-17 restarts wait longer each time, and the supervisor answers meanwhile', async () => {
    await simulate(async (sim) => {
      const backoff = { initialMs: 100, maxMs: 1000, jitter: 0 }
      const { supervisor, member: of, news } = await family(sim, { intensity: 10, backoff, children: [{ id: 'a' }] })
      const a = await of('a')
      await news()
      for (const waitMs of [100, 200, 400]) {
        a.tell('crash')
        await sim.settle()
        await sim.advance(waitMs - 10)
        expect((await whichChildren(supervisor))[0]?.status).toBe('restarting')
        await sim.advance(20)
        expect((await whichChildren(supervisor))[0]?.status).toBe('running')
      }
      a.tell('crash')
      await sim.settle()
      await sim.system.stop(supervisor)
      expect(sim.isGone(a)).toBe(true)
    }, runs)
  })
})

describe('significant children', () => {
  test('C-SUP-14 a normal end of a transient one ends the supervisor; a crash does not', async () => {
    await simulate(async (sim) => {
      const children = [{ id: 'a', restart: 'transient' as const, significant: true }, { id: 'b' }]
      const { supervisor, member: of, news } = await family(sim, { intensity: 5, autoShutdown: 'any_significant', children })
      const a = await of('a')
      await news()
      a.tell('crash')
      expect(await news()).toEqual(['stop a', 'start a'])
      a.tell('stop')
      expect(await news()).toEqual(['stop a', 'stop b'])
      expect(sim.isGone(supervisor)).toBe(true)
    }, runs)
  })
})

describe('the loss of a core', () => {
  test('C-SUP-18 is one event for a supervisor: one restart counted, order kept, same refs (D8)', async () => {
    await simulate(async (sim) => {
      const children = [
        { id: 'a', core: 2 },
        { id: 'b', core: 1 },
        { id: 'c', core: 2 },
        { id: 'd', core: 2 },
      ]
      const { member: of, news } = await family(sim, { intensity: 1, strategy: 'one_for_one', children })
      const refs = await Promise.all(['a', 'b', 'c', 'd'].map(of))
      await news()
      sim.killCore(2)
      await sim.advance('2s')
      expect(await news()).toEqual(['start a', 'start c', 'start d'])
      for (const ref of refs) expect(await ref.ask('count')).toBe(0)
      expect(await Promise.all(refs.map((ref) => ref.ask('where')))).toEqual([2, 1, 2, 2])
    }, runs)
  })

  test('of the supervisor too: its static children come back behind their refs, wherever they were', async () => {
    await simulate(async (sim) => {
      const children = [
        { id: 'a', core: 1 },
        { id: 'b', core: 2 },
        { id: 'c', core: 0 },
      ]
      const { supervisor, member: of, news } = await family(sim, { children })
      const refs = await Promise.all(['a', 'b', 'c'].map(of))
      await news()
      sim.killCore(1)
      await sim.advance('20s')
      const lines = [...(await news())].sort()
      expect(lines).toEqual(['start a', 'start b', 'start c', 'stop b', 'stop c'])
      for (const ref of refs) expect(await ref.ask('count')).toBe(0)
      expect((await of('b')).equals(refs[1] as Member)).toBe(true)
      await sim.system.stop(supervisor)
      await sim.settle()
      for (const ref of refs) expect(sim.isGone(ref)).toBe(true)
    }, runs)
  })
})
