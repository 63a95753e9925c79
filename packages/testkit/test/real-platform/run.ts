/**
 * Runs one workload on worker threads: `node --import ./worker-preload.ts run.ts NAME SEED rest|hard`. Cores are killed and actors crash while it runs. Fails
 * as the workload's checks fail; prints as JSON what happened.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { setEnvironmentData } from 'node:worker_threads'
import { createSeededRandom } from '@cambium/base'
import { startSystem } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { findWorkload } from '@cambium/testkit'
import { keepJournalsIn } from '../../src/workloads/journal-log.ts'
import type { WorkloadWorld } from '../../src/workloads/workload.ts'
import { SharedLog } from './shared-log.ts'
import { LOG_KEY } from './worker-preload.ts'

const LOG_BYTES = 64 << 20
const KILLS_MAX = 3
const KILL_CHANCE = 0.1

const [name = '', seed = '1', end = 'rest'] = process.argv.slice(2)
const workload = findWorkload(name)
if (workload === undefined) throw new Error(`unknown workload: name=${name}`)

const log = new SharedLog(new SharedArrayBuffer(LOG_BYTES))
setEnvironmentData(LOG_KEY, log.memory)
keepJournalsIn(log)

const system = await startSystem({ strict: true, handleSignals: false, ...workload.options, cores: workload.cores })
let deaths = 0
let restarts = 0
system.events.on('core_lost', () => (deaths += 1))
system.events.on('actor_restarted', () => (restarts += 1))
await workload.run(createWorld(system, Number(seed)))
const { isDrained, abandoned, books } = await system.shutdown()
console.log(JSON.stringify({ deaths, restarts, isDrained, abandoned, books }))

/** A core is killed when the scenario first lets time pass, and now and then after that. */
function createWorld(running: System, from: number): WorkloadWorld {
  const choices = createSeededRandom(from ^ 0x2545f491)
  let kills = 0
  return {
    isReal: true,
    endsHard: end === 'hard',
    system: running,
    random: createSeededRandom(from),
    now: () => performance.now(),
    learn() {},
    spawn: (behaviour, argument, options) => running.spawn(behaviour, argument, options),
    async advance(duration) {
      if (!log.isCalm && kills < KILLS_MAX && (kills === 0 || choices.chance(KILL_CHANCE))) {
        kills += 1
        running.killCore(1 + choices.below(running.cores))
      }
      await sleep(Number(duration))
    },
    heal() {
      log.calm()
    },
    killCore(core) {
      running.killCore(core)
      return true
    },
  }
}
