/** Warm spares on real threads: the successor of a core has loaded everything before it is needed (D10). */
import { expect, it } from 'vitest'
import { counter } from './fixtures/counter.ts'
import { wary } from './fixtures/spare-killer.ts'
import { collect, failureOf, next, startWithSpare as start } from './harness.ts'

it('the successor of a core is a warm spare, and the spare is refilled for the next one (R3.10)', async () => {
  const ready = collectReady(await start({ cores: 2 }))
  const { system } = ready
  const ref = await system.spawn(counter, 4, { core: 1, intensity: 100 })
  for (let round = 1; round <= 3; round += 1) {
    await ready.reach(round)
    const restarted = next(system, 'core_restarted')
    system.killCore(1)
    expect(await restarted).toMatchObject({ core: 1, isFromSpare: true })
    expect(await ref.ask({ type: 'read' })).toEqual({ type: 'value', value: 4 })
  }
})

it('a core that dies before a spare is warm, or without spares, gets a successor all the same', async () => {
  const system = await start({ cores: 1, spares: 0 })
  const ref = await system.spawn(counter, 4, { core: 1 })
  const restarted = next(system, 'core_restarted')
  system.killCore(1)
  expect(await restarted).toMatchObject({ core: 1, isFromSpare: false })
  expect(await ref.ask({ type: 'read' })).toEqual({ type: 'value', value: 4 })
})

it('a module that ends the threads that import it takes one spare down, not one after the other', async () => {
  const ready = collectReady(await start({ cores: 1 }))
  const { system } = ready
  await ready.reach(1)
  const losses = collect(system, 'spare_lost')
  const lost = next(system, 'spare_lost')
  const ref = await system.spawn(wary, undefined, { core: 1 })
  expect(await lost).toMatchObject({
    module: wary.module,
    error: { code: 'ERR_CORE_EXIT', message: 'thread of the core ended: core=spare, exitCode=3' },
  })
  await ready.reach(2)
  // The next spare does without the module, which its core imports when it is needed.
  const restarted = next(system, 'core_restarted')
  system.killCore(1)
  expect(await restarted).toMatchObject({ isFromSpare: true })
  expect(await ref.ask('where')).toBe(1)
  await ready.reach(3)
  expect(losses).toHaveLength(1)
})

it('spares is an integer from 0 to the number of cores', async () => {
  const { startSystem } = await import('@cambium/runtime')
  expect(await failureOf(startSystem({ cores: 1, spares: 2 }))).toMatchObject({ code: 'ERR_OPTION' })
})

/** Waits until so many spares have become warm since the start. */
function collectReady(system: Awaited<ReturnType<typeof start>>): {
  system: typeof system
  reach(count: number): Promise<void>
} {
  const ready = collect(system, 'spare_ready')
  return {
    system,
    async reach(count) {
      if (ready.length < count) await next(system, 'spare_ready', () => ready.length >= count)
    },
  }
}
