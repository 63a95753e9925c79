/** The argument of a spawn is the actor's own: taken once, and each incarnation begins with what was given. */
import { child } from '@cambium/runtime'
import { expect, it } from 'vitest'
import { counter } from './fixtures/counter.ts'
import { keeper } from './fixtures/keeper.ts'
import { failureOf, next, start } from './harness.ts'

it.for([0, 1])('core %i: a restart sees neither what the actor nor what the caller did to it', async (core) => {
  const system = await start()
  const argument = { items: ['given'], counter: await system.spawn(counter, 7, { core: 1 - core }) }
  const single = await system.spawn(keeper, argument, { core })
  const { member } = await system.supervise({ member: child(keeper, argument, { core }) })
  argument.items.push('by the caller')
  for (const ref of [single, member]) {
    ref.tell({ type: 'add', item: 'by the actor' })
    expect(await ref.ask({ type: 'items' })).toEqual(['given', 'by the actor'])
    const restarted = next(system, 'actor_restarted')
    ref.tell({ type: 'boom' })
    await restarted
    expect(await ref.ask({ type: 'items' })).toEqual(['given'])
    expect(await ref.ask({ type: 'count' })).toEqual({ type: 'value', value: 7 }) // refs still work
  }
  expect(argument.items).toEqual(['given', 'by the caller'])
})

it('what cannot travel is refused on every core, and leaves nothing behind', async () => {
  const system = await start()
  const argument = { items: [], handler: () => 1 }
  for (const core of [0, 1]) {
    const message = 'message cannot travel: path=argument.handler, found function'
    expect(await failureOf(system.spawn(keeper, argument, { core, name: 'k' }))).toMatchObject({
      code: 'ERR_CANNOT_TRAVEL',
      message,
    })
    const team = { first: child(counter, 1, { core, name: 'c' }), second: child(keeper, argument, { core, name: 'k' }) }
    expect(await failureOf(system.supervise(team))).toMatchObject({ code: 'ERR_CANNOT_TRAVEL', message })
    for (const name of ['c', 'k']) await system.stop(await system.spawn(counter, 1, { core, name }))
  }
})
