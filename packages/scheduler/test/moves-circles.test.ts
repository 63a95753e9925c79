/** Circles of actors that wait for each other, some of which have moved: each is named once, by its ref, wherever it runs. */
import { describe, expect, it } from 'vitest'
import type { Ref } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import { handler, World } from './harness.ts'

type Address = ActorAddress

async function moved(world: World, ref: unknown, to: number): Promise<void> {
  const move = world.migrate(ref as Address, to)
  await world.advance(5)
  expect(await move).toBe('moved')
}

describe.each([
  { where: 'one has moved', places: [0, 2] },
  { where: 'both have moved, to the same core', places: [2, 2] },
  { where: 'both have moved, to the core of the other', places: [1, 0] },
])('actors that wait for room: $where', ({ places }) => {
  it.each([true, false])('A → B → A is told (they have names: %s)', async (hasNames) => {
    const world = new World({ cores: 3, limits: { sendTimeoutMs: 5000 } })
    const refs: Ref<number>[] = []
    for (const core of [0, 1]) {
      const player = handler<number>(
        (n, context) => {
          const target = world.inside<number>(refs[1 - core] as unknown as Address, context.core)
          for (let i = 0; i < 8; i += 1) target.tell(n + 1)
        },
        'player',
        { capacity: 2 },
      )
      refs.push(world.spawn(core, player, null, hasNames ? { name: 'AB'[core] as string } : {}))
    }
    await world.run()
    for (const core of [0, 1]) if (places[core] !== core) await moved(world, refs[core], places[core] as number)
    for (const ref of refs) ref.tell(0)
    await world.advance(1000) // they look after half a second
    const told = world.signals.flatMap((signal) => (signal.type === 'wait_cycle' ? [signal.cycle] : []))
    expect(told.length).toBeGreaterThan(0)
    const circle = refs.map(({ slot }, core) => ({ core, slot, label: hasNames ? 'AB'[core] : `player@core-${core}/${slot}` }))
    for (const cycle of told)
      expect(cycle.map(({ core, slot, label }) => ({ core, slot, label })).toSorted((a, b) => a.core - b.core)).toEqual(circle)
  })
})
