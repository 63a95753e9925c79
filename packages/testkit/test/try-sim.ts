import { defineActor } from '@cambium/actor'
import type { Ref } from '@cambium/actor'
import { simulate } from '@cambium/testkit'
type Msg = { type: 'credit'; amount: number } | { type: 'transfer'; to: Ref<Msg>; amount: number } | { type: 'read' }
const account = defineActor<number, Msg, number, number>(import.meta.url, 'account', {
  init: (n) => n,
  receive(balance, m, ctx) {
    if (m.type === 'credit') return balance + m.amount
    if (m.type === 'transfer') { m.to.tell({ type: 'credit', amount: m.amount }); return balance - m.amount }
    if (ctx.isAsked) ctx.reply(balance)
    return balance
  },
})
const runs = Number(process.argv[2] ?? 1), seed = Number(process.argv[3] ?? 1), faults = process.argv[4] === 'faults'
const t = performance.now()
const reports = await simulate(async (sim) => {
  const accounts = []
  for (let i = 0; i < 40; i++) for (;;) { try { accounts.push(await sim.spawn(account, 100, { intensity: 100 })); break } catch (e) { if (!['ERR_CORE_LOST'].includes((e as any).code)) throw e } }
  for (let i = 0; i < 2000; i++) {
    const a = sim.random.pick(accounts), b = sim.random.pick(accounts)
    a.tell({ type: 'transfer', to: b, amount: 1 })
    if (sim.random.chance(0.02)) await sim.advance(1)
  }
  await sim.settle()
  if (!faults) {
    let total = 0
    for (const a of accounts) total += await a.ask({ type: 'read' })
    if (total !== 4000) throw new Error('money: ' + total)
  }
}, { seed, runs, cores: 4, faults })
console.log(reports.length, 'runs', (performance.now() - t) / reports.length, 'ms each')
console.log(reports.slice(0, 3).map((r) => [r.seed, r.hash, r.steps, r.virtualMs, r.kills, r.books.sent, r.books.deadTotal]))
