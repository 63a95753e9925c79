/** Servers that move to another core: their state as the definition says it travels, their timeouts. */
import { startSystem } from '@cambium/runtime'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { wanderer } from './fixtures/wanderer.ts'

let system: Awaited<ReturnType<typeof startSystem>>
beforeAll(async () => {
  system = await startSystem({ cores: 1, handleSignals: false })
})
afterAll(async () => {
  await system.shutdown()
})

it('a server goes on with its timeouts where it has gone', async () => {
  const ref = await system.spawn(wanderer, null, { core: 1 })
  ref.tell({ type: 'count', from: 100 })
  await system.migrate(ref, 0)
  await system.migrate(ref, 1)
  await expect.poll(() => ref.ask({ type: 'read' })).toBe('101 steps, travelled')
})
