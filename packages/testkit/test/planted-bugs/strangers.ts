/**
 * Actors as anybody might write them, which check nothing: what is found in their runs is found by the oracles that always run. They tell and ask each
 * other over cores, are slow, crash, have children, and belong to teams.
 */
import { defineActor } from '@cambium/actor'
import type { ActorContext, Ref } from '@cambium/actor'
import { child } from '@cambium/runtime'
import type { Simulation } from '../../src/index.ts'

type Letter =
  | { readonly type: 'pass'; readonly to: readonly Ref<Letter>[]; readonly left: number }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'question'; readonly whom: Ref<Letter> }
  | { readonly type: 'boom' }

const ACTORS = 12
const STEPS = 80
const RESTARTS = 10_000

async function answer(letter: Letter, ctx: ActorContext<Letter, string>): Promise<void> {
  if (letter.type === 'question')
    await letter.whom.ask({ type: 'note', text: `from ${ctx.name ?? 'somebody'}` }, { timeoutMs: 200 }).catch(() => {})
}

function handle(letter: Letter, ctx: ActorContext<Letter, string>): void {
  if (letter.type === 'boom') throw new Error('boom')
  if (letter.type === 'pass' && letter.left > 0)
    for (const to of letter.to) to.tell({ type: 'pass', to: letter.to, left: letter.left - 1 })
  if (ctx.isAsked) ctx.reply('done')
}

/** Passes letters on. */
export const passer = defineActor<null, Letter, string, null>(import.meta.url, 'passer', {
  init: () => null,
  receive: (_state, letter, ctx) => {
    handle(letter, ctx)
    return null
  },
})

/** Takes its time for each, and has little room. */
export const ponderer = defineActor<null, Letter, string, null>(
  import.meta.url,
  'ponderer',
  {
    init: () => null,
    async receive(_state, letter, ctx) {
      await answer(letter, ctx)
      await new Promise((resolve) => setTimeout(resolve, 1))
      handle(letter, ctx)
      return null
    },
  },
  { mailbox: { capacity: 8 } },
)

/** Has a family, which hears what it hears. */
export const parent = defineActor<null, Letter, string, readonly Ref<Letter>[]>(import.meta.url, 'parent', {
  init: (_argument, ctx) => [ctx.spawn(passer, null), ctx.spawn(ponderer, null), ctx.spawn(passer, null)],
  receive(children, letter, ctx) {
    for (const each of children) each.tell({ type: 'note', text: letter.type })
    handle(letter, ctx)
  },
})

export async function strangers(sim: Simulation): Promise<void> {
  for (const behaviour of [passer, ponderer, parent]) sim.learn(behaviour)
  const all: Ref<Letter>[] = []
  const patiently = async (start: () => Promise<readonly Ref<Letter>[]>): Promise<void> => {
    for (let tries = 0; tries < 20; tries += 1) {
      try {
        all.push(...(await start()))
        return
      } catch {
        // Its core died meanwhile.
      }
    }
  }
  const patient = { intensity: RESTARTS }
  for (let i = 0; i < ACTORS; i += 1)
    await patiently(async () => [await sim.spawn(sim.random.pick([passer, ponderer, parent]), null, patient)])
  for (const strategy of ['one_for_one', 'one_for_all', 'rest_for_one'] as const)
    await patiently(async () =>
      Object.values(
        await sim.supervise(
          { a: child(passer, null), b: child(parent, null), c: child(ponderer, null), d: child(passer, null) },
          { strategy, ...patient },
        ),
      ),
    )
  for (let i = 0; i < STEPS; i += 1) {
    const to = sim.random.pick(all)
    const kind = sim.random.below(10)
    if (kind === 0) to.tell({ type: 'boom' })
    else if (kind < 3) to.ask({ type: 'question', whom: sim.random.pick(all) }, { timeoutMs: 500 }).catch(() => {})
    else if (kind < 6) to.tell({ type: 'pass', to: [sim.random.pick(all), sim.random.pick(all)], left: 2 })
    else for (let n = 0; n < 12; n += 1) to.tell({ type: 'note', text: `${i}.${n}` })
    if (sim.random.chance(0.3)) await sim.advance(sim.random.below(10))
  }
  await sim.advance(sim.random.below(500))
}
