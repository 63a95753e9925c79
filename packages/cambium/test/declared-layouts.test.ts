/** Declared layouts as users have them (D7): from outside, from core to core, within a core, by refs that travelled, and read in place. */
import { startSystem } from 'cambium'
import type { Ref, System } from 'cambium'
import { expect, onTestFinished, test } from 'vitest'
import { watchSystem } from '../../runtime/test/nothing-left.ts'
import { broker, desk } from './fixtures/desk.ts'
import type { Order, Summary } from './fixtures/desk.ts'

async function start(): Promise<System> {
  const system = await startSystem({ cores: 1, handleSignals: false })
  const expectNothingLeft = await watchSystem(system)
  onTestFinished(async () => {
    await expectNothingLeft()
    const { books } = await system.shutdown()
    expect(books.sent).toBe(books.processed + books.deadTotal)
  })
  return system
}

const place = (id: number): Order => ({ type: 'place', id, price: id / 2, symbol: `S${id % 3}`, isLimit: id % 2 === 0 })

async function summary(ref: Ref<Order>): Promise<Summary> {
  return (await ref.ask({ type: 'summary' })) as Summary
}

test.each([0, 1])('D7 messages of declared layouts arrive, told and asked: core %i', async (core) => {
  const system = await start()
  const ref = await system.spawn(desk, undefined, { core })
  for (let id = 0; id < 1000; id += 1) ref.tell(place(id))
  await ref.send({ type: 'cancel', id: 4 })
  expect(ref.trySend({ type: 'cancel', id: 5 })).toBe('sent')
  expect(await ref.ask(place(7))).toStrictEqual(place(7))
  const { places, cancels, total, symbols } = await summary(ref)
  expect({ places, cancels, total }).toEqual({ places: 1001, cancels: 2, total: 249_750 + 3.5 })
  expect(symbols.toSorted()).toEqual(['S0', 'S1', 'S2'])
})

test.each([0, 1])('D7 one that does not fit is refused at its sender, by every way of sending: core %i', async (core) => {
  const system = await start()
  const ref = await system.spawn(desk, undefined, { core })
  const wrong: Order = { type: 'place', id: -1, price: 1, symbol: 'A', isLimit: true }
  const failure = expect.objectContaining({ code: 'ERR_MESSAGE_LAYOUT', fields: expect.objectContaining({ field: 'id' }) })
  expect(() => {
    ref.tell(wrong)
  }).toThrow(failure)
  expect(() => ref.trySend(wrong)).toThrow(failure)
  await expect(ref.send(wrong)).rejects.toThrow('type=place, field=id, found -1, expected an integer from 0 to 4294967295')
  await expect(ref.ask(wrong)).rejects.toThrow(failure)
  expect((await summary(ref)).places).toBe(0)
})

test.each([
  [0, 1],
  [1, 0],
  [1, 1],
])('D7 a ref that has travelled knows what is declared: broker on core %i, desk on core %i', async (from, to) => {
  const system = await start()
  const ref = await system.spawn(desk, undefined, { core: to })
  const sender = await system.spawn(broker, undefined, { core: from })
  for (let i = 0; i < 20; i += 1) {
    expect(await sender.ask({ desk: ref, orders: [place(i), { type: 'cancel', id: i }] })).toBe('sent')
  }
  expect(await sender.ask({ desk: ref, orders: [{ ...place(1), symbol: 'much too long' } as Order] })).toMatch(
    'message does not fit its layout: type=place, field=symbol, found "much too long", expected a well-formed string of at most 8 bytes',
  )
  expect(await summary(ref)).toMatchObject({ places: 20, cancels: 20 })
})

test('D7 a message read in place is gone after its handler, and what was kept of it is not', async () => {
  const system = await start()
  const ref = await system.spawn(desk, undefined, { core: 1 })
  await ref.ask(place(3))
  expect(await ref.ask({ type: 'late' })).toEqual({ isGone: 'ERR_MESSAGE_GONE', kept: place(3) })
})

test('D7 a crash tells the message that it was in, whole', async () => {
  const system = await start()
  const ref = await system.spawn(desk, undefined, { core: 1 })
  await expect(ref.ask({ ...place(3), price: -1 } as Order)).rejects.toThrow('RangeError: a negative price')
  expect((await summary(ref)).places).toBe(0)
})

test('D3 the death of the core changes nothing for its refs', async () => {
  const system = await start()
  const ref = await system.spawn(desk, undefined, { core: 1 })
  await ref.ask(place(1))
  system.killCore(1)
  for (let id = 0; id < 100; id += 1) await ref.send(place(id))
  expect((await summary(ref)).places).toBeGreaterThan(0)
})
