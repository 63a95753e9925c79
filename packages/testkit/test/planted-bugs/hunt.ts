/** Runs the workloads in turn, with faults, until an oracle objects: `node hunt.ts RUNS SEED`. Prints what was found as JSON. */
import { simulate } from '../../src/index.ts'
import { WORKLOADS } from '../../src/workloads/all-workloads.ts'

const [runsMax = 10, first = 1] = process.argv.slice(2).map(Number)
const workloads = WORKLOADS.filter(({ name }) => name !== 'standard')

async function hunt(): Promise<unknown> {
  for (let run = 1; run <= runsMax; run += 1) {
    for (const { name, run: scenario, cores, options } of workloads) {
      // Without faults first: what goes wrong even then is easiest to read.
      process.stdout.write(`${run} ${name}\n`)
      try {
        await simulate(scenario, {
          seed: first * 1_000_003 + run * 7919,
          cores,
          options: options ?? {},
          faults: run > 1,
          shrinkRuns: 0,
        })
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
