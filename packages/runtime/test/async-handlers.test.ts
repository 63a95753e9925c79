/** Handlers that wait for I/O and timers, on a worker that would otherwise block its thread while it is idle (D12). */
import { expect, it } from 'vitest'
import { counter } from './fixtures/counter.ts'
import { gate, gated } from './fixtures/gate.ts'
import { waiter } from './fixtures/waiter.ts'
import { start } from './harness.ts'

it.for([0, 1])('files and timers, in a handler and beside it, on core %i', async (core) => {
  const system = await start()
  const ref = await system.spawn(waiter, undefined, { core })
  for (let round = 0; round < 5; round += 1) {
    expect(await ref.ask({ type: 'read_file', url: import.meta.url })).toBe('/**')
    expect(await ref.ask({ type: 'delay', ms: 2 })).toBe('delayed')
    for (const what of ['file', 'timer', 'crypto', 'promise'] as const) expect(await ref.ask({ type: 'beside', what })).toBe(what)
  }
})

it('while one handler waits, other actors of its core are served', async () => {
  const system = await start()
  const door = await system.spawn(gate, { isOpen: true }, { core: 0 })
  const ref = await system.spawn(gated, door, { core: 1 })
  const other = await system.spawn(counter, 0, { core: 1 })
  door.tell({ type: 'close' })
  ref.tell({ type: 'pass' })
  await door.ask({ type: 'arrived', count: 2 }) // its handler waits
  let isOver = false
  const next = ref.ask({ type: 'where' }).finally(() => {
    isOver = true
  })
  for (let i = 0; i < 10; i += 1) expect(await other.ask({ type: 'read' })).toEqual({ type: 'value', value: 0 })
  expect(isOver).toBe(false)
  door.tell({ type: 'open' })
  expect(await next).toBe(0)
})

it.for([0, 1])("an actor's timers fire on an otherwise idle core: %i (R1.11)", async (core) => {
  const system = await start()
  const ref = await system.spawn(waiter, undefined, { core })
  expect(await ref.ask({ type: 'timer', ms: 20 })).toBe('ticked')
  expect(await ref.ask({ type: 'timer', ms: 1 })).toBe('ticked')
  expect((await system.report())[core]?.timers).toBeLessThanOrEqual(core === 0 ? 2 : 0) // the pool's own: its watch, and a spare that gets ready
})
