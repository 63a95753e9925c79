/**
 * How fast simulations are, against the goals: `node packages/testkit/test/speed.ts [SECONDS]`. Runs a minute of the standard workload (5 cores, 200
 * actors, 10,000 messages) with faults, and what a simulated second of an idle system costs. On one core, of whatever machine this is.
 */
import { simulate } from '@cambium/testkit'
import { standard } from '../src/workloads/banking.ts'

const IDLE_SECONDS = 2000
const RUNS_A_MINUTE_MIN = 500
const IDLE_MS_MAX = 10

const seconds = Number(process.argv[2] ?? 20)
if (!(seconds > 0)) throw new RangeError(`seconds are wrong: value=${process.argv[2]}`)

const { run, cores, options = {} } = standard
const began = performance.now()
const spentBefore = process.cpuUsage()
let runs = 0
let messages = 0
for (; performance.now() - began < seconds * 1000; runs += 1) {
  const [report] = await simulate(run, { seed: runs + 1, cores, options, faults: true })
  messages += report?.books.sent ?? 0
}
const spent = process.cpuUsage(spentBefore)
const runsAMinute = (runs / (spent.user + spent.system)) * 60_000_000
print('runs of the standard workload a minute', runsAMinute.toFixed(0), `${RUNS_A_MINUTE_MIN} at least`)
print('by the clock on the wall', ((runs / (performance.now() - began)) * 60_000).toFixed(0), '')
print('messages in one of them', (messages / runs).toFixed(0), '')

let idleMs = 0
await simulate(
  async (sim) => {
    await sim.settle()
    const before = process.cpuUsage()
    await sim.advance(`${IDLE_SECONDS}s`)
    // The clock of a scenario is virtual; what the processor has spent is not.
    const { user, system } = process.cpuUsage(before)
    idleMs = (user + system) / 1000 / IDLE_SECONDS
  },
  { seed: 1, cores: 4 },
)
print('milliseconds for an idle second', idleMs.toFixed(3), `below ${IDLE_MS_MAX}`)

function print(what: string, value: string, goal: string): void {
  console.log(`${what.padEnd(40)} ${value.padStart(8)}   ${goal}`)
}
