/** Where actors go: a given core, the core of a key, or evenly over the workers (R2.6). */
import { expect, it } from 'vitest'
import { counter } from './fixtures/counter.ts'
import { start } from './harness.ts'

it('puts an actor on the core that is asked for, the main thread included', async () => {
  const system = await start({ cores: 2 })
  for (const core of [0, 1, 2]) {
    const ref = await system.spawn(counter, 0, { core })
    expect(ref.core).toBe(core)
    expect(await ref.ask({ type: 'where' })).toMatchObject({ core, incarnation: 0 })
  }
})
