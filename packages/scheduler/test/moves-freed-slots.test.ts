/**
 * An adopted actor of a supervisor that may still be a guest elsewhere: its slot is freed, or it is started again, or both, while its host dies.
 *
 * 1. Home (1) has died and has a successor; the guest is on core 2. Orders come in every order, with turns of home and host in between: a stop for good, restarts, the moment
 *    in which the root counts up the host's epoch, and the one in which it tells of its death. Another actor may be spawned in between, and take the slot if it is free.
 * 2. Then everything may go on. Each order is answered, and the one that came last holds: the actor runs at home, once, or its slot is free. A restart that comes when another
 *    actor has the slot is refused, and that actor is left alone.
 * 3. No incarnation begins while one is elsewhere, and the root, which keeps the slots of supervisors, knows which are taken.
 */
import { describe, expect, it } from 'vitest'
import type { Ref } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import { READY } from '../src/actor-cell.ts'
import type { Ownership } from '../src/ownership.ts'
import { behave, outcomeOf, World } from './harness.ts'

const HOME = 1
const HOST = 2

type Step = 'free' | 'restart' | 'reuse' | 'rest' | 'fence' | 'replace'

/** Turns between two steps, and before everything may go on: a successor of the host has answered after three. */
const GAPS = [[], [HOME], [HOST], [HOST, HOME]]
const LAST_GAPS = [[], [HOST, HOST, HOST]]

interface Call {
  outcome: unknown
}

/** Answers whether another actor has had the slot. */
async function play(steps: readonly Step[], gaps: readonly (readonly number[])[]): Promise<boolean> {
  const world = new World({ cores: 3, ringBytes: 4096 })
  const owner: Ownership = { supervisor: { core: 0, slot: 7, generation: 7 }, id: 'child', path: 'top', isKept: true, life: 0 }
  const behaviour = behave<null, string, null>({
    init: (_, context) => {
      if (context.core === HOME && !world.isDead(HOST) && world.core(HOST).moves.counts.guests > 0) world.note('two at a time')
      return null
    },
    receive(_, message, context) {
      world.note(`${message} on ${context.core}`)
    },
  })
  const other = behave<null, string, null>({
    init: () => null,
    receive(_, message) {
      world.note(`other: ${message}`)
    },
  })
  const ref = world.spawn(HOME, behaviour, null) as Ref<string> & ActorAddress
  await world.run()
  const move = world.migrate(ref, HOST)
  await world.advance(5)
  expect(await move).toBe('moved')
  world.kill(HOME)
  const { slot, generation } = ref
  world.replace(HOME, [{ slot, generation, name: undefined, mailbox: undefined, owner, hosts: [HOST] }])
  while (world.cell(ref) === undefined) world.turn(HOME)

  let reused: (Ref<string> & ActorAddress) | undefined
  const calls: { readonly step: Step; readonly call: Call }[] = []
  const follow = (step: Step, promise: Promise<unknown>): void => {
    const call: Call = { outcome: undefined }
    calls.push({ step, call })
    void outcomeOf(promise).then((outcome) => (call.outcome = outcome))
  }
  for (const [at, step] of steps.entries()) {
    if (step === 'free') follow(step, world.stop(ref))
    else if (step === 'restart') follow(step, world.restart(ref, behaviour as never, null, { owner }))
    else if (step === 'reuse') reused = world.spawn(HOME, other, null) as Ref<string> & ActorAddress
    else if (step === 'rest') await world.advance(5)
    else if (step === 'fence') {
      world.kill(HOST)
      world.fence(HOST)
    } else world.replace(HOST)
    for (const core of gaps[at] ?? []) if (!world.isDead(core)) world.turn(core)
  }
  await world.advance(5)

  const orders = calls.map(({ step, call }) => [step, call.outcome])
  const last = calls.at(-1)
  const isReused = reused?.slot === ref.slot
  const isWanted = last?.step === 'restart' && !isReused
  for (const [at, { step, call }] of calls.entries()) {
    const isRefused = step === 'restart' && isReused && calls[at - 1]?.step === 'free'
    if (isRefused) expect(call.outcome, String(orders)).toBe('ERR_NOT_RESTARTABLE')
    else if (step === 'free') expect(call.outcome, String(orders)).toEqual({ kind: 'shutdown' })
    else if (call === last?.call) expect(call.outcome, String(orders)).toBe('started')
    else expect(['started', 'ERR_STOPPED_DURING_START'], String(orders)).toContain(call.outcome)
  }
  expect(world.cell(ref)?.status, String(orders)).toBe(isWanted ? READY : undefined)
  expect(world.core(HOST).moves.counts.guests).toBe(0)
  const kept = world.signals.filter(({ type }) => type === 'enlisted' || type === 'discharged')
  expect(kept.length === 0 || kept.at(-1)?.type === 'enlisted').toBe(isWanted)
  ref.tell('hello')
  await world.advance(5)
  expect(world.notes).toEqual(isWanted ? ['hello on 1'] : [])
  if (reused !== undefined) {
    reused.tell('hello')
    await world.advance(5)
    expect(world.notes.at(-1)).toBe('other: hello')
    await Promise.all([world.stop(reused), world.advance(5)])
  }
  await Promise.all([world.stop(ref), world.advance(5)])
  for (const core of world.cores) {
    expect(core.slots.count).toBe(0)
    expect(core.bonds.count).toBe(0)
    expect(core.moves.isBusy).toBe(false)
    expect(core.requests.size).toBe(0)
  }
  expect(world.faults).toEqual([])
  return isReused
}

/** Every order of these steps in which the host dies before that is told. */
function ordersOf(steps: readonly Step[]): Step[][] {
  const orders: Step[][] = []
  const extend = (order: Step[], rest: readonly Step[]): void => {
    if (rest.length === 0) orders.push(order)
    for (const step of new Set(rest)) {
      if (step === 'replace' && rest.includes('fence')) continue
      const at = rest.indexOf(step)
      extend([...order, step], [...rest.slice(0, at), ...rest.slice(at + 1)])
    }
  }
  extend([], steps)
  return orders
}

/** All choices of the turns behind each of so many steps. */
function gapsOf(steps: number): number[][][] {
  if (steps === 1) return LAST_GAPS.map((gap) => [gap])
  return GAPS.flatMap((gap) => gapsOf(steps - 1).map((rest) => [gap, ...rest]))
}

/** Answers in how many plays another actor has had the slot. */
async function playAll(steps: readonly Step[]): Promise<number> {
  let reused = 0
  for (const gaps of gapsOf(steps.length)) {
    try {
      if (await play(steps, gaps)) reused += 1
    } catch (error) {
      throw new Error(`with turns ${JSON.stringify(gaps)}: ${(error as Error).message}`, { cause: error })
    }
  }
  return reused
}

describe.each([
  ['free', 'restart'],
  ['restart', 'restart'],
] as const)('a slot whose actor may be elsewhere meets: %s, %s', (...wanted) => {
  it.each(ordersOf([...wanted, 'fence', 'replace']))('%s, %s, %s, %s', async (...steps) => {
    await playAll(steps)
  })

  it.each(ordersOf([...wanted]))('%s, %s, and its host lives', async (...steps) => {
    await playAll(steps)
  })
})

describe('a slot whose actor may be elsewhere is freed, and another actor comes, and it is started again', () => {
  it.each(ordersOf(['free', 'reuse', 'restart']))('%s, %s, %s, and its host lives', async (...steps) => {
    await playAll(steps)
  })

  it.each([
    ['free', 'rest', 'reuse', 'restart'],
    ['free', 'rest', 'restart', 'reuse'],
    ['restart', 'free', 'rest', 'reuse'],
  ] as const)('%s, %s, %s, %s: in some plays it has the slot', async (...steps) => {
    expect(await playAll(steps)).toBeGreaterThan(0)
  })
})
