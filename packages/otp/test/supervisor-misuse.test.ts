/** Supervisors that are asked nonsense or defined wrongly: whoever did it is told, and no child pays for it. */
import type { Ref } from '@cambium/actor'
import { child } from '@cambium/runtime'
import { simulate } from '@cambium/testkit'
import { expect, test } from 'vitest'
import {
  childRef,
  countChildren,
  definePartitionSupervisor,
  defineSupervisor,
  deleteChild,
  partitionRef,
  restartChild,
  startChild,
  terminateChild,
  whichChildren,
} from '../src/index.ts'
import type { SupervisorRef } from '../src/index.ts'
import { onBothPlatforms } from './fixtures/both-platforms.ts'
import { linesOf, log, member, tree } from './fixtures/family.ts'
import type { MemberMessage } from './fixtures/family.ts'
import { counter, echo, far, IMMOVABLE, immovable, late, NONSENSE, nonsense, optionless, parts } from './fixtures/oddities.ts'

const learned = [log, member, tree, nonsense, optionless, immovable, far, parts, echo, counter, late] as never[]
const NO_ID: readonly unknown[] = [undefined, null, 5, {}]

/** Of a spec that is right but for `wrong` in it. */
const spec = (wrong: object) => ({ id: 'x', start: { start: { ...start, ...wrong }, spread: false } })
const start = { module: import.meta.url, behaviour: 'member', argument: 1, initTimeoutMs: 5000 }
const NO_SPEC: readonly unknown[] = [
  undefined,
  5,
  {},
  { id: 5 },
  { start: 5 },
  { start: { start: null } },
  { id: 'x', start: { start } },
  ...[{ module: 5 }, { name: 5 }, { name: '' }, { mailbox: 5 }, { mailbox: { capacity: -1 } }, { initTimeoutMs: 'long' }].map(
    spec,
  ),
]
const NO_REQUEST: readonly unknown[] = [
  null,
  undefined,
  42,
  'which_children',
  [],
  {},
  { type: 'start' },
  { type: 'terminate_child' },
  { type: 'restart_child', id: null },
  { type: 'delete_child', id: {} },
  { type: 'child', id: 5 },
  { type: 'partition' },
  ...NO_SPEC.map((odd) => ({ type: 'start_child', spec: odd })),
]

onBothPlatforms(
  'R1.6 a supervisor does not crash for what it is asked: the caller is told, its children go on',
  async (stage) => {
    const logRef = await stage.spawn(log, undefined, { core: 0 })
    const top = await stage.spawn(tree, { log: logRef, children: [{ id: 'a' }] }, { core: 1, restart: 'temporary' })
    const a = (await childRef<MemberMessage, number>(top, 'a')) as Ref<MemberMessage, number>
    await a.send('touch')
    for (const id of NO_ID as never[]) {
      await expect(terminateChild(top, id)).rejects.toMatchObject({ code: 'ERR_OPTION', fields: { option: 'child' } })
      for (const call of [restartChild, deleteChild, childRef])
        await expect(call(top, id)).rejects.toMatchObject({ code: 'ERR_OPTION', fields: { option: 'id' } })
      await expect(partitionRef(top as never, parts, id)).rejects.toMatchObject({ code: 'ERR_OPTION', fields: { option: 'key' } })
      await expect(startChild(top, id)).rejects.toMatchObject({ code: 'ERR_CHILD_SPEC' })
    }
    const raw = top as unknown as Ref<unknown>
    for (const odd of NO_REQUEST) expect(await raw.ask(odd), JSON.stringify(odd)).toEqual({ error: 'bad_request' })
    expect(await a.ask('count')).toBe(1)
    expect((await whichChildren(top)).map(({ id, restarts }) => [id, restarts])).toEqual([['a', 0]])
  },
  learned,
)

onBothPlatforms(
  'a call to what is no supervisor says so',
  async (stage) => {
    const ref = (await stage.spawn(echo, undefined, { core: 1 })) as unknown as SupervisorRef
    for (const each of [ref, ref, undefined as never, 'top' as never])
      for (const call of [whichChildren, countChildren, (to: SupervisorRef) => terminateChild(to, 'a')])
        await expect(call(each)).rejects.toMatchObject({ code: 'ERR_OPTION', fields: { option: 'supervisor' } })
  },
  learned,
)

onBothPlatforms(
  'C-15 a child on a core that does not exist is named before any child is started',
  async (stage) => {
    const logRef = await stage.spawn(log, undefined, { core: 0 })
    const children = [{ id: 'a' }, { id: 'b', core: 99 }]
    for (const top of [
      stage.spawn(tree, { log: logRef, children }, { core: 1 }),
      stage.spawn(far, logRef, { core: 1 }),
      stage.spawn(optionless, logRef, { core: 1 }),
    ]) {
      await expect(top).rejects.toMatchObject({ code: 'ERR_INIT_FAILED', cause: { code: 'ERR_CHILD_SPEC' } })
    }
    const bad = stage.spawn(tree, { log: logRef, children }, { core: 1 })
    await expect(bad).rejects.toMatchObject({
      cause: {
        message: expect.stringContaining('value=99, expected an integer from 0 to 2') as string,
        fields: { field: 'core', id: 'b' },
      },
    })
    await expect(stage.spawn(far, logRef, { core: 1 })).rejects.toMatchObject({
      cause: { fields: { field: 'core', id: 'core-9' } },
    })
    await expect(stage.spawn(optionless, logRef)).rejects.toMatchObject({ cause: { fields: { field: 'options' } } })
    expect(await linesOf(logRef)).toEqual([])
  },
  learned,
)

onBothPlatforms(
  'C-15 an init that answers nonsense is told so',
  async (stage) => {
    for (const name of Object.keys(NONSENSE)) {
      const cause = { code: 'ERR_CHILD_SPEC', message: expect.stringMatching(/value=.+, expected an object/) as string }
      const spawned = stage.spawn(nonsense, name, { core: 1, restart: 'temporary' })
      await expect(spawned, name).rejects.toMatchObject({
        code: 'ERR_INIT_FAILED',
        cause: { ...cause, fields: { field: 'init' } },
      })
    }
  },
  learned,
)

onBothPlatforms(
  'C-15 the argument of a child that could not travel is refused on every core, by its path, and nothing is started',
  async (stage) => {
    const logRef = await stage.spawn(log, undefined, { core: 0 })
    const pool = await stage.spawn(tree, { log: logRef, kind: 'dynamic', children: [] }, { core: 1 })
    for (const [name, [argument, path]] of Object.entries(IMMOVABLE)) {
      for (const core of [undefined, 0, 1, 2]) {
        const place = core === undefined ? {} : { core }
        const error = { code: 'ERR_CANNOT_TRAVEL', fields: { path } }
        const spawned = stage.spawn(immovable, { log: logRef, name, ...place }, { core: 1, restart: 'temporary' })
        await expect(spawned, `${name} ${core}`).rejects.toMatchObject({ code: 'ERR_INIT_FAILED', cause: error })
        await expect(startChild(pool, child(member, argument as never, place)), `${name} ${core}`).rejects.toMatchObject(error)
      }
    }
    expect(await linesOf(logRef)).toEqual([])
    expect(await whichChildren(pool)).toEqual([])
  },
  learned,
)

onBothPlatforms(
  'R2.6 the partition of a key is the same whatever children come and go',
  async (stage) => {
    const logRef = await stage.spawn(log, undefined, { core: 0 })
    const top = await stage.spawn(parts, logRef, { core: 1 })
    const keys = ['k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8']
    const found = async () => Promise.all(keys.map(async (key) => (await partitionRef(top, parts, key)).ask('where')))
    const before = await found()
    expect(new Set(before)).toEqual(new Set([1, 2]))
    await startChild(top, child(member, { id: 'extra', log: logRef }, { id: 'core-0' }))
    expect(await found()).toEqual(before)
    await terminateChild(top, 'core-1')
    await deleteChild(top, 'core-1')
    for (const [at, key] of keys.entries()) {
      const ref = partitionRef(top, parts, key)
      if (before[at] === 2) expect(await (await ref).ask('where')).toBe(2)
      else await expect(ref).rejects.toMatchObject({ code: 'ERR_NO_SUCH_CHILD', fields: { key } })
    }
  },
  learned,
)

test('a supervisor without init, or with more than it, is not defined', () => {
  const init = (): never => undefined as never
  for (const [wrong, problem] of [
    [null, 'init is no function'],
    [{ initial: init }, 'init is no function'],
    [{ init, strategy: 'one_for_all' }, 'strategy is unknown, expected one of init'],
  ] as const) {
    expect(() => defineSupervisor(import.meta.url, 'wrong', wrong as never)).toThrow(
      expect.objectContaining({ code: 'ERR_BEHAVIOUR', message: `supervisor is wrong: name=wrong, ${problem}` }),
    )
  }
})

test('a partition supervisor without a behaviour or with wrong cores is not defined', () => {
  const argumentOf = (): never => 0 as never
  for (const [wrong, field] of [
    [{ behaviour: undefined }, 'behaviour'],
    [{ behaviour: { name: 'member' } }, 'behaviour'],
    [{ argumentOf: undefined }, 'argumentOf'],
    ...[[], [1, 1], [-1], [1.5], ['1'], 'x', 2, [10_000]].map((cores) => [{ cores }, 'cores'] as const),
  ] as const) {
    const define = () =>
      definePartitionSupervisor(import.meta.url, 'wrong', { behaviour: member, argumentOf, ...(wrong as object) })
    expect(define, JSON.stringify(wrong)).toThrow(
      expect.objectContaining({ code: 'ERR_BEHAVIOUR', fields: expect.objectContaining({ field }) as object }),
    )
  }
})

onBothPlatforms(
  'an id that the supervisor makes up is none that a child has; a given one that a child has is told as a double',
  async (stage) => {
    const logRef = await stage.spawn(log, undefined, { core: 0 })
    const pool = await stage.spawn(tree, { log: logRef, kind: 'dynamic', children: [] }, { core: 1 })
    const one = (id?: string) => startChild(pool, child(member, { id: 'm', log: logRef }, id === undefined ? {} : { id }))
    // All at once: the ids given are not known yet when the others are made up.
    await Promise.all([one('child-1'), one('child-2'), one(), one(), one('child-9')])
    const ids = ['child-1', 'child-2', 'child-3', 'child-4', 'child-9']
    expect((await whichChildren(pool)).map(({ id }) => id).sort()).toEqual(ids)
    // A given one is taken as it is: where somebody has it, made up or not, it is a double.
    for (const id of ['child-2', 'child-3'])
      await expect(one(id)).rejects.toMatchObject({ code: 'ERR_CHILD_PRESENT', fields: { id } })
    expect((await whichChildren(pool)).map(({ id }) => id).sort()).toEqual(ids)
  },
  learned,
)

test('C-9 a call waits as long as the child may take, unless a limit is given', async () => {
  await simulate(
    async (sim) => {
      for (const behaviour of learned) sim.learn(behaviour)
      const logRef = await sim.spawn(log, undefined, { core: 0 })
      const starts = await sim.spawn(counter, undefined, { core: 0 })
      const top = await sim.spawn(tree, { log: logRef, children: [{ id: 'a', terminate: 'never', shutdown: 8000 }] }, { core: 1 })
      const limited = terminateChild(top, 'a', { timeoutMs: 100 })
      await expect(limited).rejects.toMatchObject({ code: 'ERR_ASK_TIMEOUT' })
      await terminateChild(top, 'a')
      expect(sim.now()).toBeGreaterThanOrEqual(8000)

      await startChild(top, child(late, starts, { id: 'late', initTimeoutMs: 8000 }))
      await terminateChild(top, 'late')
      await expect(restartChild(top, 'late')).rejects.toMatchObject({ code: 'ERR_INIT_TIMEOUT' })
      const second = child(late, starts, { id: 'second', initTimeoutMs: 8000 })
      await expect(startChild(top, second, {})).rejects.toMatchObject({ code: 'ERR_INIT_TIMEOUT' })
    },
    { runs: 5, cores: 2 },
  )
})
