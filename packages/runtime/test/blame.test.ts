/** Who is blamed for the death of a core: the actor whose callback ran. Its supervisor counts it, its neighbours come back for nothing (D10, R1.15). */
import { expect, it } from 'vitest'
import { counter } from './fixtures/counter.ts'
import { hasty, HASTY_BUDGET_MS } from './fixtures/hasty.ts'
import { perilous } from './fixtures/perilous.ts'
import { collect, failureOf, next, settled, startWithSpare as start } from './harness.ts'

it('a callback over its budget ends its core, and its actor is named (R1.15)', async () => {
  const system = await start({ cores: 2 })
  const ref = await system.spawn(hasty, undefined, { core: 1, name: 'hasty' })
  const lost = next(system, 'core_lost')
  ref.tell('loop')
  const { error, blamed, blamedName } = await lost
  expect(error).toMatchObject({ code: 'ERR_CALLBACK_BUDGET', fields: { slot: ref.slot, budgetMs: HASTY_BUDGET_MS } })
  expect([blamed, blamedName]).toEqual([{ core: 1, slot: ref.slot, generation: ref.generation }, 'hasty'])
  expect(await ref.ask('where', { timeoutMs: 20_000 })).toBe(1)
})

it('an actor that kills its core again and again is given up by its own intensity; its neighbours live (R3.4)', async () => {
  const system = await start({ cores: 2, coreIntensity: 20 })
  const culprit = await system.spawn(perilous, undefined, { core: 1, name: 'culprit', intensity: 2, periodMs: 600_000 })
  const neighbour = await system.spawn(counter, 5, { core: 1, name: 'neighbour', intensity: 0 })
  const givenUp = next(system, 'given_up')
  const exits = collect(system, 'given_up')
  for (let death = 0; death < 3; death += 1) {
    const restarted = next(system, 'core_restarted')
    expect(await failureOf(culprit.ask({ type: 'exit', code: 1 }, { timeoutMs: 20_000 }))).toMatchObject({
      code: 'ERR_CORE_LOST',
    })
    await restarted
  }
  expect(await givenUp).toMatchObject({ name: 'culprit', restarts: 3 })
  expect(system.whereis('culprit')).toBeUndefined()
  expect(await neighbour.ask({ type: 'read' })).toEqual({ type: 'value', value: 5 })
  expect(exits).toHaveLength(1)
  await settled(system)
})

it('nobody is blamed for a core that is killed on request', async () => {
  const system = await start({ cores: 2, coreIntensity: 20 })
  const ref = await system.spawn(counter, 5, { core: 1, intensity: 0 })
  for (let death = 0; death < 3; death += 1) {
    const [lost, restarted] = [next(system, 'core_lost'), next(system, 'core_restarted')]
    system.killCore(1)
    expect((await lost).blamed).toBeUndefined()
    await restarted
  }
  expect(await ref.ask({ type: 'read' })).toEqual({ type: 'value', value: 5 })
})

it('a main thread that was blocked says for how long', async () => {
  const system = await start({ cores: 1, turnTimeoutMs: 200 })
  const blocked = next(system, 'main_blocked')
  for (const untilMs = performance.now() + 400; performance.now() < untilMs;);
  expect((await blocked).forMs).toBeGreaterThan(100)
})
