/** Priorities, deadlines and shedding on real threads; every case of them is in the scheduler's tests. */
import { setTimeout } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { gate } from './fixtures/gate.ts'
import { holder } from './fixtures/holder.ts'
import { collect, failureOf, next, settled, start } from './harness.ts'

it.for([0, 1])('urgent messages overtake, expired ones are not handled: core %i (D4, R2.2)', async (core) => {
  const system = await start()
  const ref = await system.spawn(holder, undefined, { core })
  const barrier = await system.spawn(gate, { isOpen: false }, { core: 0 })
  ref.tell({ type: 'hold', gate: barrier })
  await barrier.ask({ type: 'arrived', count: 1 })
  for (const priority of ['low', 'normal', 'high'] as const) ref.tell({ type: 'note', text: priority }, { priority })
  ref.tell({ type: 'note', text: 'expired' }, { expiresMs: 1 })
  ref.tell({ type: 'note', text: 'in time' }, { expiresMs: 60_000 })
  const expired = failureOf(ref.ask({ type: 'notes' }, { expiresMs: 1, priority: 'high' }))
  const notes = ref.ask({ type: 'notes' }, { priority: 'low' })
  await setTimeout(5) // the deadlines are over
  barrier.tell({ type: 'open' })
  expect(await notes).toEqual(['high', 'normal', 'in time', 'low'])
  expect((await expired).code).toBe('ERR_MESSAGE_EXPIRED')
  expect(system.books().dead.expired).toBe(2)
})

it.for([0, 1])(
  'R0.7 above 1,000 queued messages the low ones are dropped, and only they, with news of it: core %i',
  async (core) => {
    const system = await start()
    const ref = await system.spawn(holder, undefined, { core, name: 'intake', mailbox: { overflow: 'shed-low' } })
    const first = next(system, 'load_shed')
    const all = collect(system, 'load_shed')
    const barrier = await system.spawn(gate, { isOpen: false }, { core: 0 })
    ref.tell({ type: 'hold', gate: barrier })
    await barrier.ask({ type: 'arrived', count: 1 })
    for (let i = 0; i < 1500; i += 1) ref.tell({ type: 'note', text: 'low' }, { priority: 'low' })
    for (let i = 0; i < 500; i += 1) ref.tell({ type: 'note', text: 'normal' })
    const asked = ref.ask({ type: 'notes' }, { timeoutMs: 20_000 })
    await vi.waitFor(() => expect(system.books().dead.shed).toBeGreaterThanOrEqual(1001), 10_000)
    barrier.tell({ type: 'open' })
    const notes = (await asked) as string[]
    await settled(system)
    expect(notes.filter((note) => note === 'normal')).toHaveLength(500)
    const { dead } = system.books()
    expect(dead.shed).toBe(1001) // 500 low ones too many, 500 for the normal ones, one for the ask
    expect(await first).toMatchObject({ actor: { core, slot: ref.slot }, name: 'intake', capacity: 1000 })
    expect(all.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(dead.shed)
  },
)
