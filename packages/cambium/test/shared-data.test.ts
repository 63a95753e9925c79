/** Large data by reference, between real threads: shared, moved, forwarded, given to init, and through the death of a core. */
import { once } from 'node:events'
import { share, startSystem, transfer } from 'cambium'
import type { System } from 'cambium'
import { expect, onTestFinished, test, vi } from 'vitest'
import { watchSystem } from '../../runtime/test/nothing-left.ts'
import { collector, mover, wall } from './fixtures/gallery.ts'

async function start(cores = 1): Promise<System> {
  const system = await startSystem({ cores, handleSignals: false })
  const expectNothingLeft = await watchSystem(system)
  onTestFinished(async () => {
    await expectNothingLeft()
    const { books, abandoned } = await system.shutdown()
    expect(abandoned).toEqual([])
    expect(books.sent).toBe(books.processed + books.deadTotal)
  })
  return system
}

test.each([0, 1])('R3.7 what is shared is the same memory there: core %i', async (core) => {
  const system = await start()
  const ref = await system.spawn(wall, undefined, { core })
  const pixels = share(new SharedArrayBuffer(4096))
  for (let i = 0; i < 1000; i += 1) await ref.send({ type: 'show', pixels, at: i % 1024 })
  const view = share(new Float64Array(new SharedArrayBuffer(64), 16, 2))
  ref.tell({ type: 'view', view })
  expect(await ref.ask({ type: 'seen' })).toEqual({ shown: 1000 })
  expect(new Int32Array(pixels).reduce((sum, each) => sum + each, 0)).toBe(1000)
  expect(view[0]).toBe(0.5)
})

test('memory that was not given to share is refused, with its path', async () => {
  const system = await start()
  const ref = await system.spawn(wall, undefined, { core: 1 })
  expect(() => {
    ref.tell({ type: 'show', pixels: new SharedArrayBuffer(8), at: 0 })
  }).toThrow('path=pixels, found SharedArrayBuffer that was not given to share')
})

test.each([0, 1])('what init is given may be shared, and a new incarnation gets it too: core %i', async (core) => {
  const system = await start()
  const table = share(new Int32Array(new SharedArrayBuffer(4)))
  const ref = await system.spawn(wall, table, { core, restart: 'permanent' })
  await ref.ask({ type: 'seen' })
  if (core === 1) {
    const restarted = once(system.events, 'actor_restarted')
    system.killCore(1)
    await restarted
  }
  await ref.ask({ type: 'seen' })
  expect(Atomics.load(table, 0)).toBe(2)
})

test('what is moved is detached here and whole there, both ways', async () => {
  const system = await start()
  const ref = await system.spawn(mover, undefined, { core: 1 })
  const data = transfer(new Float64Array(100_000).fill(1))
  expect(await ref.ask({ type: 'sum', data })).toBe(100_000)
  expect(data.buffer.detached).toBe(true)
  const made = (await ref.ask({ type: 'make', length: 50_000 })) as Float64Array
  expect(made).toHaveLength(50_000)
  expect(made[49_999]).toBe(2)
  const small = transfer(new Float64Array([1, 2]))
  expect(await ref.ask({ type: 'sum', data: small })).toBe(3)
  expect(small.buffer.detached).toBe(true)
})

test.each([0, 1])(
  'what an actor only keeps stays whole, whoever looks at it, moves it or starts it again: core %i',
  async (core) => {
    const system = await start(2)
    const data = transfer(new Float64Array(5000).fill(1))
    const ref = await system.spawn(collector, data, { core })
    expect(data).toHaveLength(5000)
    const look = system.inspect(ref)
    expect((await look.getState<{ data: Float64Array }>()).data).toHaveLength(5000)
    expect((await look.getStatus()).state).toEqual({ data })
    expect(await ref.ask('sum')).toBe(5000)
    await system.migrate(ref, 2)
    expect(await ref.ask('sum')).toBe(5000)
    const reported = once(system.events, 'crash_report')
    await expect(ref.ask('crash')).rejects.toThrow('crashed')
    expect((await reported)[0]).toMatchObject({ state: { data } })
    expect(await ref.ask('sum')).toBe(5000) // with the argument of its start
    const other = await system.spawn(mover, undefined, { core: 2 })
    ref.tell(other)
    await expect(ref.ask('sum')).rejects.toThrow('detached') // by its own will
  },
)

test('from worker to worker, and forwarded', async () => {
  const system = await start(2)
  const [from, to] = [await system.spawn(mover, undefined, { core: 1 }), await system.spawn(mover, undefined, { core: 2 })]
  expect(await from.ask({ type: 'forward', to, bytes: 80_000 })).toEqual({ sum: 10_000, isDetached: true })
  const third = await system.spawn(wall, undefined, { core: 2 })
  const pixels = share(new SharedArrayBuffer(8))
  expect(await from.ask({ type: 'pass', to: third, pixels, times: 3000 })).toBe('passed')
  await vi.waitFor(() => {
    expect(Atomics.load(new Int32Array(pixels), 0)).toBe(3000)
  })
})

test('trySend that finds no room moves nothing', async () => {
  const system = await start()
  const ref = await system.spawn(mover, undefined, { core: 1, mailbox: { capacity: 1 } })
  let data = transfer(new Float64Array(3000).fill(1))
  let full = 0
  for (let i = 0; i < 2000; i += 1) {
    if (ref.trySend({ type: 'sum', data }) === 'sent') {
      expect(data.buffer.detached).toBe(true)
      data = transfer(new Float64Array(3000).fill(1))
    } else {
      expect(data.buffer.detached).toBe(false)
      full += 1
    }
  }
  expect(full).toBeGreaterThan(0)
})

test('D3 the death of the receiver loses none of what is shared but the one in hand', async () => {
  const system = await start()
  const ref = await system.spawn(wall, undefined, { core: 1, restart: 'permanent', mailbox: { capacity: 100_000 } })
  const pixels = share(new SharedArrayBuffer(4))
  const total = 6000
  for (let i = 0; i < total; i += 1) {
    await ref.send({ type: 'show', pixels, at: 0 })
    if (i === 1000 || i === 4000) system.killCore(1)
  }
  await vi.waitFor(
    () => {
      const { sent, processed, dead, deadTotal } = system.books()
      expect(sent).toBe(processed + deadTotal)
      // What the heap of the dead core held is lost, as ever; nothing is lost for want of its buffer. What was in hand may have been shown, and not be counted yet.
      const shown = Atomics.load(new Int32Array(pixels), 0)
      expect(shown).toBeGreaterThanOrEqual(processed)
      expect(shown).toBeLessThanOrEqual(processed + (dead.in_hand ?? 0))
      expect(sent).toBe(total)
    },
    { timeout: 10_000 },
  )
  const { dead } = system.books()
  expect(dead.not_decodable ?? 0).toBe(0)
})

test('nothing is kept of what was shared: a flood leaves no parcel behind', async () => {
  const system = await start()
  const ref = await system.spawn(wall, undefined, { core: 1 })
  const words = new Int32Array(new SharedArrayBuffer(4))
  for (let i = 0; i < 20_000; i += 1) {
    const pixels = i % 2 === 0 ? share(words).buffer : share(new SharedArrayBuffer(4096))
    await ref.send({ type: 'show', pixels, at: 0 })
  }
  expect(await ref.ask({ type: 'seen' })).toEqual({ shown: 20_000 })
  expect(Atomics.load(words, 0)).toBe(10_000)
  await vi.waitFor(async () => {
    for (const report of await system.report()) expect(report.parcels).toBe(0)
  })
})
