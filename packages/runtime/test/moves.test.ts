/** Actors that move between threads: on request, by the balancer, and while cores die (R3.2). */
import { expect, it } from 'vitest'
import { nomad, settler, teller } from './fixtures/nomad.ts'
import type { NomadMessage, Whereabouts } from './fixtures/nomad.ts'
import { failureOf, next, startWithSpare as start } from './harness.ts'

const COUNT = 2000

it('an actor moves while it is told things from everywhere: state, order, and the ref stay', async () => {
  const system = await start({ cores: 2 })
  const ref = await system.spawn(nomad, null, { name: 'traveller', core: 1 })
  const tellers = await Promise.all([0, 1, 2].map((core) => system.spawn(teller, null, { core })))
  const moves: unknown[] = []
  system.events.on('actor_moved', (move) => moves.push(move))
  tellers.forEach((each, i) => each.tell({ to: ref, name: `teller-${i}`, count: COUNT }))
  for (const core of [2, 0, 1, 2]) {
    await system.migrate(ref, core)
    expect(await ref.ask({ type: 'where' })).toMatchObject({ core, incarnation: 0, self: `1/${ref.slot}`, inOrder: true })
  }
  await expect.poll(async () => (await ref.ask({ type: 'where' })).total).toBe((3 * COUNT * (COUNT + 1)) / 2)
  expect(await ref.ask({ type: 'where' })).toMatchObject({ core: 2, inOrder: true })
  expect(system.whereis('traveller')?.equals(ref)).toBe(true)
  expect(await system.inspect(ref).getStatus()).toMatchObject({
    actor: { core: 1, slot: ref.slot },
    status: 'ready',
    name: 'traveller',
  })
  expect(moves).toMatchObject([
    { from: 1, to: 2, by: 'request', name: 'traveller' },
    { from: 2, to: 0 },
    { from: 0, to: 1 },
    { from: 1, to: 2 },
  ])
  expect(await system.stop(ref)).toEqual({ kind: 'shutdown' })
  expect(system.whereis('traveller')).toBeUndefined()
})

it('its host dies: it is restarted at home; its home dies: it is restarted there, once', async () => {
  const system = await start({ cores: 2 })
  const ref = await system.spawn(nomad, null, { core: 1 })
  await system.migrate(ref, 2)
  const restarted = next(system, 'actor_restarted')
  system.killCore(2)
  expect(await restarted).toMatchObject({ actor: { core: 1, slot: ref.slot } })
  expect(await ref.ask({ type: 'where' })).toMatchObject({ core: 1, incarnation: 1, total: 0 })
  await system.migrate(ref, 2)
  ref.tell({ type: 'add', from: 'test', n: 1 })
  expect(await ref.ask({ type: 'where' })).toMatchObject({ core: 2, total: 1 })
  const again = next(system, 'actor_restarted')
  system.killCore(1)
  await again
  expect(await ref.ask({ type: 'where' })).toMatchObject({ core: 1, total: 0 })
  for (const report of await system.report()) expect(report).toMatchObject({ away: 0, guests: 0 })
})

it('a guest that takes its host along is blamed by its own ref, and its supervisor counts it', async () => {
  const system = await start({ cores: 2 })
  const ref = await system.spawn(nomad, null, { name: 'traveller', core: 1, intensity: 1, periodMs: 600_000 })
  const { core, slot, generation } = ref
  await system.migrate(ref, 2)
  const lost = next(system, 'core_lost')
  const letter = next(system, 'dead_letter', ({ reason }) => reason === 'in_hand')
  const restarted = next(system, 'actor_restarted')
  ref.tell({ type: 'exit' })
  expect(await lost).toMatchObject({
    core: 2,
    blamed: { core, slot, generation },
    blamedName: 'traveller',
    inHand: [{ core, slot, generation, type: 'exit', name: 'traveller' }],
    actors: 1,
  })
  expect(await letter).toMatchObject({ target: { core, slot, generation }, name: 'traveller', core: 2 })
  await restarted
  expect(await ref.ask({ type: 'where' })).toMatchObject({ core: 1, incarnation: 1 })
  await system.migrate(ref, 2)
  const givenUp = next(system, 'given_up')
  ref.tell({ type: 'exit' })
  expect(await givenUp).toMatchObject({ name: 'traveller', restarts: 2 })
})

it('a move from a host to a third core that fails there leaves the actor at home', async () => {
  const system = await start({ cores: 3 })
  const ref = await system.spawn(settler, null, { core: 1 })
  await system.migrate(ref, 2)
  expect(await ref.ask('where')).toBe(2)
  expect(await failureOf(system.migrate(ref, 3))).toMatchObject({ message: 'not here' })
  expect(await ref.ask('where')).toBe(1)
  const moved = next(system, 'actor_moved')
  await system.migrate(ref, 2)
  expect(await moved).toMatchObject({ from: 1, to: 2 })
})

it('a move that cannot be is refused', async () => {
  const system = await start({ cores: 1 })
  const ref = await system.spawn(nomad, null, { core: 1 })
  expect(await failureOf(system.migrate(ref, 2))).toMatchObject({ code: 'ERR_OPTION' })
  expect(await failureOf(system.migrate({} as never, 1))).toMatchObject({ code: 'ERR_OPTION' })
  expect(await failureOf(system.migrate(ref, 0, { timeoutMs: -1 }))).toMatchObject({ code: 'ERR_OPTION' })
  await system.stop(ref)
  expect(await failureOf(system.migrate(ref, 0))).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
  await system.shutdown()
  expect(await failureOf(system.migrate(ref, 0))).toMatchObject({ code: 'ERR_SYSTEM_CLOSED' })
})

it('the balancer moves actors from a busy core to an idle one', async () => {
  const system = await start({ cores: 2, balance: { periodMs: 200, movesPerPeriod: 1 } })
  const refs = await Promise.all([0, 1, 2, 3].map(() => system.spawn(nomad, null, { core: 1 })))
  const moved = next(system, 'actor_moved', ({ by }) => by === 'balancer')
  const busy: NomadMessage = { type: 'spin', ms: 5 }
  for (const ref of refs) ref.tell(busy)
  expect(await moved).toMatchObject({ from: 1, to: 2 })
  const where = await Promise.all(refs.map(async (ref) => (await ref.ask({ type: 'where' })) as Whereabouts))
  expect(where.map(({ core }) => core)).toContain(2)
  await Promise.all(refs.map((ref) => system.stop(ref)))
})
