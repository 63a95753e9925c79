/** A scenario: two tellers move money between the same two accounts, the second some time after the first. */
import type { Simulation } from '@cambium/testkit'
import { account, teller } from './transfers.ts'

export async function moneyIsKept(sim: Simulation, behaviour: typeof teller = teller): Promise<void> {
  const a = await sim.spawn(account, 100, { name: 'a' })
  const b = await sim.spawn(account, 100, { name: 'b' })
  const tellers = [
    await sim.spawn(behaviour, undefined, { name: 'anna' }),
    await sim.spawn(behaviour, undefined, { name: 'ben' }),
  ]

  const transfers: Promise<'done'>[] = []
  for (const one of tellers) {
    transfers.push(one.ask({ from: a, to: b, amount: 10 }))
    await sim.advance(sim.random.below(100))
  }
  await Promise.all(transfers)

  const [inA, inB] = [await a.ask({ type: 'read' }), await b.ask({ type: 'read' })]
  if (inA !== 80 || inB !== 120) throw new Error(`money went astray: a=${inA}, b=${inB}`)
}
