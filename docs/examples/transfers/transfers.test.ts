/** The example's tests, as a user writes them with vitest. */
import { checkModel, simulate } from '@cambium/testkit'
import { expect, test } from 'vitest'
import { moneyIsKept } from './money-is-kept.ts'
import { account, carefulTeller } from './transfers.ts'
import type { AccountMessage } from './transfers.ts'

test('no money is lost, whatever the order', async () => {
  await simulate((sim) => moneyIsKept(sim, carefulTeller), { seed: 1, runs: 300 })
})

test('no money is lost in cores that wait, or wake without a cause', async () => {
  const faults = { pause: 0.05, slow: 0.5, lateWake: 0.3, spuriousWake: 0.1 }
  await simulate((sim) => moneyIsKept(sim, carefulTeller), { seed: 1, runs: 50, faults })
})

test('no money is lost while cores do not see each other', async () => {
  await simulate(
    async (sim) => {
      const heal = sim.partition([[0, 1], [2]])
      setTimeout(heal, 300) // of virtual time
      await moneyIsKept(sim, carefulTeller)
    },
    { seed: 1, runs: 50 },
  )
})

test('an account counts as its model does', async () => {
  await simulate(async (sim) => {
    await checkModel(sim, {
      model: {
        init: () => 0,
        step: (balance: number, { amount }: { type: 'add'; amount: number }) => [balance + amount, balance + amount],
      },
      actor: () => sim.spawn(account, 0),
      commands: (random) => ({ type: 'add', amount: random.below(100) - 50 }),
    })
  })
})

test('a teller waits for one account before it turns to the next', async () => {
  await simulate(async (sim) => {
    const probe = await sim.probe<AccountMessage, number>()
    const anna = await sim.spawn(carefulTeller, undefined)
    const done = anna.ask({ from: probe.ref, to: probe.ref, amount: 7 })
    await probe.expectMessage({ type: 'add', amount: -7 })
    await probe.expectNoMessage('1s') // of virtual time
    probe.reply(93)
    await probe.expectMessage({ type: 'add', amount: 7 })
    probe.reply(107)
    expect(await done).toBe('done')
  })
})
