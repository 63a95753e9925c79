/**
 * Runs scenarios in turn, with faults, until an oracle objects: `node hunt.ts RUNS SEED`. Prints what was found as JSON.
 *
 * The project's workloads check a lot themselves. With `--strangers` it runs actors that check nothing; with `--without-oracle NAME` one of the
 * oracles that always run is switched off, with `--without-fault KIND` one kind of fault.
 */
import { parseArgs } from 'node:util'
import { createSeededRandom } from '@cambium/base'
import { simulate } from '../../src/index.ts'
import type { FaultKind, SimulateOptions, Simulation } from '../../src/index.ts'
import { FaultPlan } from '../../src/fault-plan.ts'
import { AskOracle } from '../../src/oracles/asks.ts'
import { MailboxBounds } from '../../src/oracles/mailbox-bounds.ts'
import { MailboxDrops } from '../../src/oracles/mailbox-drops.ts'
import { MessageOrder } from '../../src/oracles/message-order.ts'
import { StopOrderOracle } from '../../src/oracles/stop-order.ts'
import { SupervisionOracle } from '../../src/oracles/supervision.ts'
import { WORKLOADS } from '../../src/workloads/all-workloads.ts'
import { strangers } from './strangers.ts'

interface Scenario {
  readonly name: string
  readonly run: (sim: Simulation) => Promise<void>
  readonly cores: number
  readonly options?: SimulateOptions['options']
}

const { values, positionals } = parseArgs({
  options: {
    strangers: { type: 'boolean', default: false },
    'without-oracle': { type: 'string' },
    'without-fault': { type: 'string' },
  },
  allowPositionals: true,
})
const [runsMax = 10, first = 1] = positionals.map(Number)
const scenarios: readonly Scenario[] = values.strangers
  ? [{ name: 'strangers', run: strangers, cores: 3, options: { intensity: 10_000 } }]
  : WORKLOADS.filter(({ name }) => name !== 'standard')

const nothing = (): void => {}
const SWITCHES: Readonly<Record<string, () => void>> = {
  order: () => Object.assign(MessageOrder.prototype, { arrived: nothing, taken: nothing }),
  supervision: () => Object.assign(SupervisionOracle.prototype, { decided: nothing, starting: nothing, checkRest: nothing }),
  stops: () => Object.assign(StopOrderOracle.prototype, { ended: nothing }),
  asks: () => Object.assign(AskOracle.prototype, { watch: nothing }),
  mailboxes: () => {
    Object.assign(MailboxBounds.prototype, { arriving: nothing })
    Object.assign(MailboxDrops.prototype, { entering: nothing, dropping: nothing, entered: nothing })
  },
}
const off = values['without-oracle']
if (off !== undefined) (SWITCHES[off] as () => void)()

/** Rates as the seed draws them, but for the kind that is left out. */
function faultsOf(seed: number): SimulateOptions['faults'] & object {
  const { rates } = FaultPlan.draw(createSeededRandom(seed))
  return { ...rates, [values['without-fault'] as FaultKind]: 0 }
}

async function hunt(): Promise<unknown> {
  for (let run = 1; run <= runsMax; run += 1) {
    for (const { name, run: scenario, cores, options } of scenarios) {
      // Without faults first: what goes wrong even then is easiest to read.
      process.stdout.write(`${run} ${name}\n`)
      const seed = first * 1_000_003 + run * 7919
      const faults = run === 1 ? false : values['without-fault'] === undefined ? true : faultsOf(seed)
      try {
        await simulate(scenario, { seed, cores, options: options ?? {}, faults, shrinkRuns: 0 })
      } catch (error) {
        return {
          runs: run,
          workload: name,
          message: ((error as Error).cause as Error | undefined)?.message ?? (error as Error).message,
        }
      }
    }
  }
  return { workload: '', message: '' }
}

process.stdout.write(`${JSON.stringify(await hunt())}\n`)
