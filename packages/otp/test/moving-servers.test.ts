/** Servers that move to another core: their state as the definition says it travels, their timeouts. */
import { expect } from 'vitest'
import { onBothPlatforms } from './fixtures/both-platforms.ts'
import { wanderer } from './fixtures/wanderer.ts'

onBothPlatforms(
  'R3.2 a server goes on with its timeouts where it has gone',
  async (stage) => {
    const ref = await stage.spawn(wanderer, null, { core: 1 })
    ref.tell({ type: 'count', from: 100 })
    await stage.system.migrate(ref, 0)
    await stage.system.migrate(ref, 1)
    const read = () => ref.ask({ type: 'read' })
    while (!(await read()).startsWith('101 '));
    expect(await read()).toBe('101 steps, travelled')
  },
  [wanderer],
)
