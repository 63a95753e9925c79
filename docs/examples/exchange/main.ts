/**
 * A telephone exchange on all cores: `node main.ts [lines] [seconds] [cores] [--kill-each-second]`. Half way one core is killed, or one each second, in turn: its
 * calls are lost, its lines come back, and the others go on. Prints the calls of each second, and in the end what became of all of them; exit status 1 if something
 * does not hold that must.
 */
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { setTimeout as pass } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startSystem } from 'cambium'
import type { Habits } from './crowd.ts'
import { exchange, type ExchangeRef } from './exchange.ts'
import { toll } from './toll.ts'
import type { Toll } from './toll.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'kill-each-second': { type: 'boolean', default: false } },
})
const [lines = 400_000, seconds = 20, cores = Math.max(2, availableParallelism())] = positionals.map(Number)
const isRelentless = values['kill-each-second']
const perCore = Math.ceil(lines / cores)
const numbers = perCore * cores
// Where calls are short, most of those that a core takes along have been made since the last one died.
const habits: Habits = isRelentless
  ? { pauseMs: 500, talkMs: 1000, impatience: 0.02, numbers }
  : { pauseMs: 10_000, talkMs: 20_000, impatience: 0.02, numbers }
const HOME_MS_MAX = 150_000

const system = await startSystem({ cores, coreIntensity: seconds + 3, corePeriodMs: 5000 })
let deaths = 0
system.events.on('core_lost', () => deaths++)

const office = await system.spawn(toll, undefined, { core: 0 })
const exchanges: ExchangeRef[] = []
const startedMs = performance.now()
for (let core = 1; core <= cores; core++) {
  const options = { core: core - 1, lines: perCore, habits, toll: office, others: [...exchanges] }
  exchanges.push(await system.spawn(exchange, options, { core, restart: 'permanent', initTimeoutMs: 120_000 }))
}
console.log(`${numbers} lines on ${cores} cores, ready in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)

const look = (): Promise<Toll> => office.ask({ type: 'report' }, { timeoutMs: 60_000 })
const failures = ({ failed }: Toll): number => failed.cut + failed.unreached + failed.lost

let before = await look()
let beforeMs = performance.now()
let best = 0
let kills = 0
let isBack: Promise<unknown> = Promise.resolve()
for (let second = 1; second <= seconds; second++) {
  await pass(1000)
  if (isRelentless ? second < seconds : second === Math.ceil(seconds / 2)) {
    await isBack
    isBack = once(system.events, 'core_restarted')
    kills++
    const core = isRelentless ? 1 + (second % cores) : cores
    console.log(`core ${core} is killed`)
    system.killCore(core)
  }
  const now = await look()
  const nowMs = performance.now()
  const perSecond = (count: (toll: Toll) => number): number =>
    Math.round((count(now) - count(before)) / ((nowMs - beforeMs) / 1000))
  const calls = perSecond(({ connected }) => connected)
  best = Math.max(best, calls)
  const figures = [
    `${calls} calls/s`,
    `${perSecond(({ ended }) => ended.busy)} busy/s`,
    `${perSecond(failures)} failed/s`,
    `${now.inSession} sessions`,
    `${now.talking} talking`,
  ]
  console.log(`${second} s: ${figures.join(', ')}`)
  before = now
  beforeMs = nowMs
}

for (const each of exchanges) each.tell({ type: 'goHome' })
const homeMs = performance.now() + HOME_MS_MAX
let last = await look()
while ((last.inSession > 0 || last.underWay > 0 || last.lines < numbers) && performance.now() < homeMs) {
  await pass(100)
  last = await look()
}
console.log(last.inSession === 0 ? 'all receivers down' : `receivers off the hook: ${last.inSession}`)
const { isDrained, abandoned, books } = await system.shutdown()

const { placed, connected, wrong, underWay, ended, failed } = last
const list = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ')
console.log(`${placed} calls tried, at best ${best} connected in a second: ${list(ended)}`)
console.log(`${((100 * failures(last)) / placed).toFixed(2)} % failed, ${deaths} deaths of cores: ${list(failed)}`)

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((total, count) => total + count, 0)
const must: Readonly<Record<string, boolean>> = {
  'each death is one that was ordered': deaths === kills,
  'every line is there again': last.lines === numbers,
  'nobody is in a call': last.inSession === 0 && last.talking === 0 && underWay === 0,
  'every call has ended in one way': placed === sum(ended) + sum(failed),
  'nobody else has answered than was called': connected > 0 && wrong === 0,
  'nothing is left': isDrained && abandoned.length === 0 && books.queued === 0,
  'no message has disappeared': books.sent === books.processed + books.deadTotal,
}
for (const [what, holds] of Object.entries(must)) {
  if (holds) continue
  console.log(`does not hold: ${what}`)
  process.exitCode = 1
}
