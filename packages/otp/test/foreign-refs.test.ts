/** Refs of another system of the same process, on whose address somebody else is here: calls refuse them before anything has happened. */
import type { Ref } from '@cambium/actor'
import { startSystem } from '@cambium/runtime'
import { expect, onTestFinished, test } from 'vitest'
import { addHandler, childRef, handler, subscribe, swapHandler, terminateChild, whichHandlers } from '../src/index.ts'
import { log, tree } from './fixtures/family.ts'
import type { MemberMessage } from './fixtures/family.ts'
import { sensors, tally } from './fixtures/sensors.ts'

async function start() {
  const system = await startSystem({ cores: 1, spares: 0, handleSignals: false })
  onTestFinished(async () => void (await system.shutdown()))
  const logRef = await system.spawn(log, undefined, { core: 0 })
  const top = await system.spawn(tree, { log: logRef, children: [{ id: 'a' }] }, { core: 0 })
  const a = (await childRef<MemberMessage, number>(top, 'a')) as Ref<MemberMessage, number>
  return { top, a, manager: await system.spawn(sensors, { tallies: [] }, { core: 0 }) }
}

test('terminateChild, the owner of a handler, and a subscription', async () => {
  const mine = await start()
  const other = await start()
  expect(String(mine.a)).toBe(String(other.a))
  const foreign = expect.objectContaining({ code: 'ERR_FOREIGN_REF' }) as unknown

  await expect(terminateChild(mine.top, other.a)).rejects.toEqual(foreign)
  expect(await mine.a.ask('count')).toBe(0)
  await terminateChild(mine.top, mine.a)

  const owner = { self: other.a }
  await expect(addHandler(mine.manager, handler(tally, 'x'), { owner })).rejects.toEqual(foreign)
  await expect(swapHandler(mine.manager, tally, handler(tally, 'x'), { owner })).rejects.toEqual(foreign)
  expect(await whichHandlers(mine.manager)).toEqual([])

  await expect(subscribe(mine.manager as never, { to: other.manager as never })).rejects.toEqual(foreign)
})
