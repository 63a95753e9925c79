/**
 * An adopted actor of a supervisor that may still be a guest elsewhere: its slot is freed, or it is started again, or both, while its host dies.
 *
 * 1. Home (1) has died and has a successor; the guest is on core 2. Orders come in every order, with turns of home and host in between: a stop for good, restarts, the moment
 *    in which the root counts up the host's epoch, and the one in which it tells of its death.
 * 2. Then everything may go on. Each order is answered, and the one that came last holds: the actor runs at home, once, or its slot is free.
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

type Step = 'free' | 'restart' | 'fence' | 'replace'

/** Turns between two steps, and before everything may go on: a successor of the host has answered after three. */
const GAPS = [[], [HOME], [HOST], [HOST, HOME]]
const LAST_GAPS = [[], [HOST, HOST, HOST]]

interface Call {
  outcome: unknown
}

async function play(steps: readonly Step[], gaps: readonly (readonly number[])[]): Promise<void> {
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
  const ref = world.spawn(HOME, behaviour, null) as Ref<string> & ActorAddress
  await world.run()
  const move = world.migrate(ref, HOST)
  await world.advance(5)
  expect(await move).toBe('moved')
  world.kill(HOME)
  const { slot, generation } = ref
  world.replace(HOME, [{ slot, generation, name: undefined, mailbox: undefined, owner, hosts: [HOST] }])
  while (world.cell(ref) === undefined) world.turn(HOME)

  const calls: { readonly step: Step; readonly call: Call }[] = []
  const follow = (step: Step, promise: Promise<unknown>): void => {
    const call: Call = { outcome: undefined }
    calls.push({ step, call })
    void outcomeOf(promise).then((outcome) => (call.outcome = outcome))
  }
  for (const [at, step] of steps.entries()) {
    if (step === 'free') follow(step, world.stop(ref))
    else if (step === 'restart') follow(step, world.restart(ref, behaviour as never, null, { owner }))
    else if (step === 'fence') {
      world.kill(HOST)
      world.fence(HOST)
    } else world.replace(HOST)
    for (const core of gaps[at] ?? []) if (!world.isDead(core)) world.turn(core)
  }
  await world.advance(5)

  const orders = calls.map(({ step, call }) => [step, call.outcome])
  const last = calls.at(-1)
  const isWanted = last?.step === 'restart'
  for (const { step, call } of calls) {
    if (step === 'free') expect(call.outcome, String(orders)).toEqual({ kind: 'shutdown' })
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
  await Promise.all([world.stop(ref), world.advance(5)])
  for (const core of world.cores) {
    expect(core.slots.count).toBe(0)
    expect(core.bonds.count).toBe(0)
    expect(core.moves.isBusy).toBe(false)
    expect(core.requests.size).toBe(0)
  }
  expect(world.faults).toEqual([])
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

async function playAll(steps: readonly Step[]): Promise<void> {
  for (const gaps of gapsOf(steps.length)) {
    try {
      await play(steps, gaps)
    } catch (error) {
      throw new Error(`with turns ${JSON.stringify(gaps)}: ${(error as Error).message}`, { cause: error })
    }
  }
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
