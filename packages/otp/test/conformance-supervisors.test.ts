/** Cases of the conformance list that concern supervisors: each on both platforms. C-16, of scale, has a test of its own. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { child } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { describe, expect, vi } from 'vitest'
import { childRef, countChildren, deleteChild, restartChild, startChild, terminateChild, whichChildren } from '../src/index.ts'
import type { SupervisorRef } from '../src/index.ts'
import { onBothPlatforms, onThreads } from './fixtures/both-platforms.ts'
import type { Stage } from './fixtures/both-platforms.ts'
import { linesOf, log, member, tree } from './fixtures/family.ts'
import type { MemberMessage, TreeSetting } from './fixtures/family.ts'
import { subject } from './fixtures/subject.ts'
import type { Command, Start, Subject } from './fixtures/subject.ts'
import type { Ref } from '@cambium/actor'

type Member = Ref<MemberMessage, number>

const learned = [log, member, tree] as never[]
const LONG = { timeoutMs: 60_000 }

async function family(stage: Stage, setting: Omit<TreeSetting, 'log'>, core = 1) {
  const logRef = await stage.spawn(log, undefined, { core: 0 })
  const top = await stage.spawn(tree, { log: logRef, ...setting }, { core, name: 'top', restart: 'temporary' })
  return { top, logRef, of: async (id: string) => (await childRef<MemberMessage, number>(top, id)) as Member }
}

/** When none is being started or stopped. */
async function statuses(top: SupervisorRef): Promise<string[]> {
  for (;;) {
    const children = await whichChildren(top, LONG)
    if (children.every(({ status }) => status === 'running' || status === 'stopped'))
      return children.map(({ id, status }) => `${id} ${status}`)
  }
}
const crash = async (ref: Member): Promise<void> => {
  await ref.ask('crash', LONG).catch(() => {})
}
/** Until the collector has found that nobody holds it. */
async function collected(ref: WeakRef<object>): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  await vi.waitFor(
    () => {
      collect()
      expect(ref.deref() === undefined).toBe(true) // an error that showed what was found would hold it
    },
    { timeout: 10_000 },
  )
}

const actorsOf = async (system: System) => (await system.report()).map(({ actors }) => actors)

onBothPlatforms(
  'C-1 intensity 2: the third failure within the period ends the supervisor with shutdown; every child is stopped first',
  async (stage) => {
    const { top, of } = await family(stage, { intensity: 2, periodMs: 60_000, children: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] })
    const [a, b, c] = [await of('a'), await of('b'), await of('c')]
    const order: string[] = []
    const watched = [await stage.watch(a), await stage.watch(c), await stage.watch(top)]
    const ends = watched.map(async (end, at) => order.push(`${['a', 'c', 'top'][at]} ${await end()}`))
    for (let i = 0; i < 2; i += 1) {
      await crash(b)
      expect(await b.ask('count', LONG)).toBe(0)
    }
    await crash(b)
    await Promise.all(ends)
    expect(order).toEqual(['c shutdown', 'a shutdown', 'top shutdown'])
    for (const each of [a, b, c]) await expect(each.ask('count')).rejects.toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
  },
  learned,
)

onBothPlatforms(
  'C-2 failures that lie further apart than the period never use up the intensity',
  async (stage) => {
    const at = await stage.gate()
    const crashes = { afterMs: 3, times: 20, gate: at }
    const { top, logRef } = await family(stage, { intensity: 1, periodMs: 1, children: [{ id: 'a', crashes }] })
    const end = await stage.watch(top)
    expect(await Promise.race([at.ask('enter', LONG), end()])).toBe('passed')
    expect((await linesOf(logRef)).filter((line) => line === 'start a').length).toBe(21)
    expect(await statuses(top)).toEqual(['a running'])
  },
  learned,
)

onBothPlatforms(
  'C-3 a restart that keeps failing uses up the intensity, siblings are stopped, the supervisor fails upward',
  async (stage) => {
    const { top, of, logRef } = await family(stage, { intensity: 0, children: [{ id: 'a' }] })
    const children = [{ id: 'b' }, { id: 'c', again: 'fail' as const, core: 2 }]
    await startChild(top, child(tree, { log: logRef, intensity: 2, children }, { id: 'inner' }))
    const inner = (await childRef(top, 'inner')) as unknown as SupervisorRef
    const b = (await childRef<MemberMessage, number>(inner, 'b')) as Member
    const c = (await childRef<MemberMessage, number>(inner, 'c')) as Member
    const given = stage.next('given_up')
    const watched = [await stage.watch(b), await stage.watch(inner), await stage.watch(await of('a')), await stage.watch(top)]
    c.tell('crash')
    expect(await given).toMatchObject({ name: 'top/inner', child: 'c', restarts: 3 })
    expect(await Promise.all(watched.map((end) => end()))).toEqual(['shutdown', 'shutdown', 'shutdown', 'shutdown'])
    for (const each of [b, c]) await expect(each.ask('count', LONG)).rejects.toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
  },
  learned,
)

onBothPlatforms(
  'C-4 a temporary sibling stopped by one_for_all is not restarted, and the supervisor survives',
  async (stage) => {
    const children = [{ id: 'a', core: 2 }, { id: 't', restart: 'temporary' as const }, { id: 'c' }]
    const { top, of } = await family(stage, { strategy: 'one_for_all', intensity: 3, children })
    const [a, t] = [await of('a'), await of('t')]
    const stopped = await stage.watch(t)
    await crash(a)
    expect(await stopped()).toBe('shutdown')
    expect(await a.ask('count', LONG)).toBe(0)
    expect(await statuses(top)).toEqual(['a running', 'c running'])
    await expect(t.ask('count')).rejects.toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
  },
  learned,
)

/** A supervisor of actors that do what they are told. */
async function subjects(stage: Stage, ...children: [id: string, Omit<Parameters<typeof child>[2] & object, 'id'>, Start?][]) {
  const { top } = await family(stage, { intensity: 5, children: [] })
  for (const [id, options, start = {}] of children) await startChild(top, child(subject, start, { id, ...options }))
  return { top, of: async (id: string) => (await childRef<Command>(top, id)) as Subject }
}

onBothPlatforms(
  'C-5 transient with reason {shutdown, x}: not restarted, its spec is kept, restartChild works',
  async (stage) => {
    const { top, of } = await subjects(stage, ['a', { restart: 'transient', core: 2 }])
    const a = await of('a')
    const ended = await stage.watch(a)
    await a.ask({ do: 'end', reason: { kind: 'shutdown', detail: 'x' } })
    expect(await ended()).toBe('shutdown: "x"')
    while ((await statuses(top))[0] !== 'a stopped'); // the news is on its way
    expect((await whichChildren(top))[0]).toMatchObject({ ref: undefined, restarts: 0 })
    const again = await restartChild<Command>(top, 'a')
    expect(await again?.ask({ do: 'count' })).toBe(0)
    expect(await statuses(top)).toEqual(['a running'])
  },
  learned,
)

onBothPlatforms(
  'C-6 permanent with reason normal: restarted',
  async (stage) => {
    const { of } = await subjects(stage, ['a', { core: 2 }])
    const a = await of('a')
    const ended = await stage.watch(a)
    await a.ask({ do: 'end' })
    expect(await ended()).toBe('normal')
    expect(await a.ask({ do: 'incarnation' }, LONG)).toBe(1)
  },
  learned,
)

onBothPlatforms(
  'C-7 init answers ignore: a permanent child keeps its spec with no actor behind it; a temporary one loses it',
  async (stage) => {
    const children = [
      { id: 'kept', first: 'ignore' as const, core: 2 },
      { id: 'lost', first: 'ignore' as const, restart: 'temporary' as const },
      { id: 'later', again: 'ignore' as const },
    ]
    const { top, of } = await family(stage, { intensity: 3, children })
    expect(await statuses(top)).toEqual(['kept stopped', 'later running'])
    expect(await childRef(top, 'kept')).toBeUndefined()
    const later = await of('later')
    await crash(later)
    while ((await statuses(top))[1] !== 'later stopped');
    await expect(later.ask('count', LONG)).rejects.toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
  },
  learned,
)

onBothPlatforms(
  'C-8 stop order is exactly the reverse of start order, in the tail of rest_for_one too',
  async (stage) => {
    const children = ['a', 'b', 'c', 'd'].map((id) => ({ id, core: 0 }))
    const { top, of, logRef } = await family(stage, { strategy: 'rest_for_one', intensity: 3, children }, 0)
    const [b, d] = [await of('b'), await of('d')]
    await logRef.ask({ clear: true })
    await crash(b)
    expect(await d.ask('count', LONG)).toBe(0)
    while ((await linesOf(logRef)).length < 6);
    expect(await logRef.ask({ clear: true })).toEqual(['stop b', 'stop d', 'stop c', 'start b', 'start c', 'start d'])
    await stage.system.stop(top)
    expect(await linesOf(logRef)).toEqual(['stop d', 'stop c', 'stop b', 'stop a'])
  },
  learned,
)

onBothPlatforms(
  'C-9 a child that overruns its shutdown time is killed, and the reason says so',
  async (stage) => {
    const { top, of } = await family(stage, { children: [{ id: 'a', core: 2, terminate: 'never', shutdown: 20 }] })
    const ended = await stage.watch(await of('a'))
    await terminateChild(top, 'a', LONG)
    expect(await ended()).toBe('killed')
    expect(await statuses(top)).toEqual(['a stopped'])
  },
  learned,
)

onBothPlatforms(
  'C-10 a child that unlinks itself, and traps exits, cannot hang terminateChild',
  async (stage) => {
    const at = await stage.gate()
    const { top, of } = await subjects(stage, ['a', { core: 2, shutdown: 20 }, { traps: true }])
    const a = await of('a')
    await a.ask({ do: 'link', to: top })
    await a.ask({ do: 'unlink', to: top })
    const ended = await stage.watch(a)
    await terminateChild(top, 'a', LONG)
    expect(await ended()).toBe('shutdown')

    const again = (await restartChild<Command>(top, 'a')) as Subject
    await again.ask({ do: 'unlink', to: top })
    again.tell({ do: 'hold', gate: at }) // it does not even look at its messages
    await at.ask('arrived')
    const killed = await stage.watch(again)
    await terminateChild(top, 'a', LONG)
    expect(await killed()).toBe('killed')
    expect(await statuses(top)).toEqual(['a stopped'])
    await at.ask('open')
  },
  learned,
)

onBothPlatforms(
  'C-11 starting a child twice: already_started against already_present',
  async (stage) => {
    const { top } = await subjects(stage, ['a', { core: 2 }])
    const same = child(subject, {}, { id: 'a' })
    await expect(startChild(top, same)).rejects.toMatchObject({
      code: 'ERR_CHILD_PRESENT',
      message: expect.stringContaining('child of this id runs') as string,
    })
    await terminateChild(top, 'a')
    await expect(startChild(top, same)).rejects.toMatchObject({
      code: 'ERR_CHILD_PRESENT',
      message: expect.stringContaining('there is a spec of this id') as string,
    })
    await deleteChild(top, 'a')
    expect(await (await startChild(top, same))?.ask({ do: 'count' })).toBe(0)
  },
  learned,
)

onBothPlatforms(
  'C-12 a dynamic supervisor that restarts loses its dynamic children; a static one gets its static children back',
  async (stage) => {
    const logRef = await stage.spawn(log, undefined, { core: 0 })
    const { top } = await family(stage, { intensity: 5, children: [] }, 2)
    const kinds = [
      ['dynamic', { log: logRef, kind: 'dynamic', children: [] }],
      ['static', { log: logRef, children: [{ id: 's', core: 2 }] }],
    ] as const
    for (const [id, setting] of kinds) await startChild(top, child(tree, setting, { id, core: 1 }))
    const dynamic = (await childRef(top, 'dynamic')) as unknown as SupervisorRef
    const fixed = (await childRef(top, 'static')) as unknown as SupervisorRef
    const come = await startChild(dynamic, child(subject, {}, { core: 2 }))
    const stays = (await childRef<MemberMessage, number>(fixed, 's')) as Member
    const killer = await stage.subject({ core: 2 })
    for (const each of [dynamic, fixed]) {
      const ended = await stage.watch(each)
      await killer.ask({ do: 'exit', to: each, reason: { kind: 'killed' } })
      await ended()
    }
    expect((await countChildren(dynamic, LONG)).specs).toBe(0)
    expect((await countChildren(fixed, LONG)).active).toBe(1)
    expect(await stays.ask('count', LONG)).toBe(0)
    await expect(come?.ask({ do: 'count' }, LONG)).rejects.toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
  },
  learned,
)

// On threads alone: the simulator keeps what was sent, to explain a run that fails. What the supervisor's decisions keep is tested in `supervision`.
onThreads('C-13 start arguments of temporary children are not retained', async (stage) => {
  // Supervisor and children on the main thread, so that what they are started with is this thread's to look for.
  const { top } = await family(stage, { children: [] }, 0)
  const startWith = async (restart: 'temporary' | 'permanent'): Promise<WeakRef<object>> => {
    const argument: Start = { traps: false }
    await startChild(top, child(subject, argument, { id: restart, core: 0, restart }))
    return new WeakRef(argument)
  }
  const [temporary, permanent] = [await startWith('temporary'), await startWith('permanent')]
  expect(await statuses(top)).toEqual(['temporary running', 'permanent running'])
  await collected(temporary)
  expect(permanent.deref()).toBeDefined()
})

describe('C-14 with any_significant', () => {
  const significant = (restart: 'transient' | 'temporary') => ({
    intensity: 5,
    autoShutdown: 'any_significant' as const,
    children: [{ id: 'a', core: 2, restart, significant: true }, { id: 'b' }],
  })
  onBothPlatforms(
    'a killed transient is restarted, its normal exit shuts the supervisor down',
    async (stage) => {
      const { top, of } = await family(stage, significant('transient'))
      const [a, b] = [await of('a'), await of('b')]
      const killer = await stage.subject({ core: 1 })
      await killer.ask({ do: 'exit', to: a, reason: { kind: 'killed' } })
      while ((await whichChildren(top))[0]?.restarts !== 1);
      const ends = [await stage.watch(b), await stage.watch(top)]
      a.tell('stop')
      expect(await Promise.all(ends.map((end) => end()))).toEqual(['shutdown', 'shutdown: "auto_shutdown"'])
    },
    learned,
  )
  onBothPlatforms(
    'a killed temporary shuts it down',
    async (stage) => {
      const { top, of } = await family(stage, significant('temporary'))
      const killer = await stage.subject({ core: 1 })
      const ended = await stage.watch(top)
      await killer.ask({ do: 'exit', to: await of('a'), reason: { kind: 'killed' } })
      expect(await ended()).toBe('shutdown: "auto_shutdown"')
    },
    learned,
  )
})

onBothPlatforms(
  'C-15 a bad child spec or bad flags are rejected with an error that names the field; nothing is started',
  async (stage) => {
    const logRef = await stage.spawn(log, undefined, { core: 0 })
    const before = await actorsOf(stage.system)
    const bad: [Partial<TreeSetting> & Record<string, unknown>, string, string][] = [
      [{ strategy: 'one_for_two' as never }, 'ERR_SUPERVISOR_FLAGS', 'strategy'],
      [{ intensity: -1 }, 'ERR_SUPERVISOR_FLAGS', 'intensity'],
      [{ children: [{ id: 'a' }, { id: 'a' }] }, 'ERR_CHILD_SPEC', 'id'],
      [{ children: [{ id: 'a' }, { id: 'b', restart: 'often' as never }] }, 'ERR_CHILD_SPEC', 'restart'],
      [{ children: [{ id: 'a' }, { id: 'b', shutdown: -1 }] }, 'ERR_CHILD_SPEC', 'shutdown'],
      [{ autoShutdown: 'any_significant', children: [{ id: 'a', significant: true }] }, 'ERR_CHILD_SPEC', 'significant'],
    ]
    for (const [more, code, field] of bad) {
      const start = stage.spawn(tree, { log: logRef, children: [{ id: 'a' }], ...more }, { core: 1 })
      await expect(start).rejects.toMatchObject({ code: 'ERR_INIT_FAILED', cause: { code, fields: { field } } })
    }
    expect(await linesOf(logRef)).toEqual([])
    expect(await actorsOf(stage.system)).toEqual(before)
  },
  learned,
)

describe('C-17 with a backoff', () => {
  onBothPlatforms(
    'each restart in a row waits twice as long as the one before, up to the limit',
    async (stage) => {
      const at = await stage.gate()
      const flags = { intensity: 10, periodMs: 60_000, backoff: { initialMs: 8, maxMs: 32, jitter: 0, calmMs: 10_000 } }
      const crashes = { afterMs: 1, times: 4, gate: at }
      const { logRef } = await family(stage, { ...flags, children: [{ id: 'a', crashes }] })
      await at.ask('enter', LONG)
      const starts = (await linesOf(logRef)).map(Number).filter((time) => !Number.isNaN(time))
      const gaps = starts.slice(1).map((start, i) => start - (starts[i] as number))
      const waits = [8, 16, 32, 32]
      expect(gaps.map((gap, i) => gap >= (waits[i] as number))).toEqual([true, true, true, true])
      // A life lasts for some milliseconds, a wait that is doubled once too often for 8 more at least. On threads a busy machine may take any time.
      if (stage.isSimulated) expect(gaps.map((gap, i) => gap < (waits[i] as number) + 8)).toEqual([true, true, true, true])
    },
    learned,
  )

  onBothPlatforms(
    'while a restart waits, the supervisor answers, the siblings go on, and it can be shut down',
    async (stage) => {
      const flags = { intensity: 10, backoff: { initialMs: 50_000, maxMs: 50_000 } }
      const { top, of } = await family(stage, { ...flags, children: [{ id: 'a' }, { id: 'b' }] })
      const [a, b] = [await of('a'), await of('b')]
      await crash(a)
      while ((await whichChildren(top, LONG))[0]?.status !== 'restarting');
      expect((await countChildren(top, LONG)).active).toBe(1)
      expect(await b.ask('count', LONG)).toBe(0)
      const end = await stage.watch(top)
      await stage.system.stop(top)
      expect(await end()).toBe('shutdown')
      await expect(a.ask('count')).rejects.toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
    },
    learned,
  )
})
