/** What actors do outside the turns of their core, and what must not be mistaken for a stuck core. */
import { expect, it } from 'vitest'
import { counter } from './fixtures/counter.ts'
import { outsideTurn, slowSink } from './fixtures/outside-turn.ts'
import { collect, failureOf, next, settled, start } from './harness.ts'

it.each([0, 1])('a timer set from a callback fires on core %i', async (core) => {
  const system = await start({ cores: 1 })
  const ref = await system.spawn(outsideTurn, null, { core })
  expect(await ref.ask({ type: 'timer_later' }, { timeoutMs: 5000 })).toBe('expired')
})

it.each([0, 1])('ctx.stop from a callback ends the actor on core %i', async (core) => {
  const system = await start({ cores: 1 })
  const ref = await system.spawn(outsideTurn, null, { core })
  const ended = next(system, 'actor_exited')
  ref.tell({ type: 'stop_later' })
  expect((await ended).reason).toEqual({ kind: 'normal' })
  await expect.poll(() => failureOf(ref.ask({ type: 'ping' }))).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
})

it('many slow handlers in a row are no stuck core (R1.15)', async () => {
  const system = await start({ cores: 1, turnTimeoutMs: 1500 })
  const lost = collect(system, 'core_lost')
  const ref = await system.spawn(slowSink, 40, { core: 1 })
  for (let i = 0; i < 64; i += 1) ref.tell(i) // 2.6 s in all
  expect(await ref.ask('sum', { timeoutMs: 20_000 })).toBe(64)
  expect(lost).toEqual([])
})

it('what an asynchronous handler tells after an await is held back like what it tells before (D5, R2.3)', async () => {
  const system = await start({ cores: 2, outsideCapacity: 16, ringBytes: 4096 })
  const sink = await system.spawn(slowSink, 0, { core: 2, mailbox: { capacity: 8 } })
  const source = await system.spawn(outsideTurn, null, { core: 1 })
  source.tell({ type: 'flood', to: sink, count: 5000 })
  await settled(system)
  expect(await sink.ask('sum')).toBe(5000)
  expect(system.books().dead.outbox_full).toBe(0)
})

it('a ref of another system is refused where it would name a stranger (D8)', async () => {
  const mine = await start({ cores: 1 })
  const other = await start({ cores: 1 })
  const foreign = await other.spawn(counter, 0, { core: 1 })
  const ref = await mine.spawn(outsideTurn, null, { core: 1 })
  expect(() => {
    ref.tell({ type: 'flood', to: foreign as never, count: 1 })
  }).toThrow(expect.objectContaining({ code: 'ERR_CANNOT_TRAVEL', cause: expect.objectContaining({ code: 'ERR_FOREIGN_REF' }) }))
  expect(await ref.ask({ type: 'ping' })).toBe('pong')
})

it('no call of a system acts on the actor that has the address of the ref of another one', async () => {
  const mine = await start({ cores: 1 })
  const other = await start({ cores: 1 })
  const foreign = await other.spawn(counter, 5, { core: 1 })
  const own = await mine.spawn(counter, 3, { core: 1 })
  expect(String(own)).toBe(String(foreign))
  expect(own.equals(foreign)).toBe(false)
  for (const refused of [
    mine.stop(foreign),
    mine.monitor(foreign),
    mine.migrate(foreign, 0),
    (async () => mine.inspect(foreign).getState())(),
  ])
    expect(await failureOf(refused)).toMatchObject({ code: 'ERR_FOREIGN_REF' })
  expect(await own.ask({ type: 'read' })).toEqual({ type: 'value', value: 3 })
  expect(await mine.inspect(own).getState()).toBe(3)
})
