/** A core that keeps more than its heap allows ends alone, whichever way it does it; one that only allocates much does not end. */
import { expect, it } from 'vitest'
import { counter } from './fixtures/counter.ts'
import { perilous } from './fixtures/perilous.ts'
import type { Peril } from './fixtures/perilous.ts'
import { collect, failureOf, next, startWithSpare as start } from './harness.ts'

const HEAP_MB = 48

const LEAKS: readonly { readonly way: string; readonly message: Peril; readonly text: RegExp }[] = [
  { way: 'round by round', message: { type: 'leak' }, text: /^core used up its heap: heapMb=48, keptMb=\d+$/ },
  { way: 'in one turn', message: { type: 'leak_in_one_turn' }, text: /^core used up its heap: heapMb=48$/ },
]

it.for(LEAKS)(
  'R3.1 by a heap exhausted $way: the core is replaced, the process and the other core go on',
  async ({ message, text }) => {
    const system = await start({ cores: 2, heapMb: HEAP_MB, turnTimeoutMs: Infinity })
    const culprit = await system.spawn(perilous, undefined, { core: 1, name: 'culprit' })
    const other = await system.spawn(counter, 7, { core: 2 })
    for (let times = 1; times <= 3; times += 1) {
      const lost = next(system, 'core_lost')
      const restarted = next(system, 'core_restarted')
      const deadly = failureOf(culprit.ask(message, { timeoutMs: 60_000 }))
      expect(await lost).toMatchObject({
        core: 1,
        error: { code: 'ERR_CORE_OUT_OF_MEMORY', message: expect.stringMatching(text) as string, fields: { heapMb: HEAP_MB } },
      })
      expect(await deadly).toMatchObject({ code: 'ERR_CORE_LOST' })
      expect(await restarted).toMatchObject({ core: 1 })
      expect(await culprit.ask({ type: 'where' })).toMatchObject({ core: 1 })
      expect(await other.ask({ type: 'read' })).toEqual({ type: 'value', value: 7 })
    }
  },
)

it('a core that allocates many times its heap, and keeps less than it may, lives', async () => {
  const system = await start({ cores: 1, heapMb: HEAP_MB })
  const deaths = collect(system, 'core_lost')
  const busy = await system.spawn(perilous, undefined, { core: 1 })
  expect(await busy.ask({ type: 'churn', keptMb: 24, allMb: 300 }, { timeoutMs: 60_000 })).toMatchObject({ incarnation: 24 })
  expect(deaths).toEqual([])
})
