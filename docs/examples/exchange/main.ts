/**
 * A telephone exchange on all cores: `node main.ts [lines] [seconds] [cores]`. Half way one core is killed: its calls are cut, its lines come back, and the
 * others go on. Prints the calls of each second.
 */
import { availableParallelism } from 'node:os'
import { setTimeout as pass } from 'node:timers/promises'
import { startSystem } from 'cambium'
import type { CrowdReport, Habits } from './crowd.ts'
import { AT_ONCE, exchange, type ExchangeRef } from './exchange.ts'
import { made } from './made.ts'

const [lines = 400_000, seconds = 20, cores = Math.max(2, availableParallelism())] = process.argv.slice(2).map(Number)
const perCore = Math.ceil(lines / cores)
const numbers = perCore * cores
const habits: Habits = { pauseMs: 10_000, talkMs: 20_000, impatience: 0.02, numbers }

await using system = await startSystem({ cores })
const exchanges: ExchangeRef[] = []
const startedMs = performance.now()
for (let core = 1; core <= cores; core++) {
  const options = { core: core - 1, lines: perCore, habits, others: [...exchanges] }
  exchanges.push(await system.spawn(exchange, options, { core, restart: 'permanent', initTimeoutMs: 120_000 }))
}
console.log(`${numbers} lines on ${cores} cores, ready in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)

const look = (): Promise<readonly CrowdReport[]> => Promise.all(exchanges.map((each) => each.ask({ type: 'report' }, AT_ONCE)))
const sum = (reports: readonly CrowdReport[], field: keyof CrowdReport): number =>
  reports.reduce((total, each) => total + each[field], 0)

let before = await look()
let beforeMs = performance.now()
let best = 0
for (let second = 1; second <= seconds; second++) {
  await pass(1000)
  if (second === Math.ceil(seconds / 2)) {
    console.log(`core ${cores} is killed`)
    system.killCore(cores)
  }
  const now = await look()
  const nowMs = performance.now()
  const perSecond = (field: 'connected' | 'busy'): number => Math.round(made(before, now, field) / ((nowMs - beforeMs) / 1000))
  const calls = perSecond('connected')
  best = Math.max(best, calls)
  const [sessions, talking] = [sum(now, 'inSession'), sum(now, 'talking')]
  console.log(`${second} s: ${calls} calls/s, ${perSecond('busy')} busy/s, ${sessions} sessions, ${talking} talking`)
  before = now
  beforeMs = nowMs
}
for (const each of exchanges) each.tell({ type: 'goHome' })
while (sum(await look(), 'inSession') > 0) await pass(100)
console.log(`all receivers down; at best ${best} calls/s`)
