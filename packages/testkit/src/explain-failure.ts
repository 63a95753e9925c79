/** The error of a run that failed: how to see it again, the least faults it takes, and the end of that least run as a chart. */
import { CambiumError } from '@cambium/base'
import { renderMermaid, renderText } from './chart.ts'
import { formatFaults, shrinkFaults } from './shrink.ts'
import type { Fault } from './shrink.ts'
import { runOnce } from './sim-run.ts'
import type { RunOutcome, RunSetup } from './sim-run.ts'
import type { Simulation } from './simulation.ts'

const EVENTS_SHOWN = 40
const FAULTS_SHOWN = 20

export interface FailureContext {
  readonly run: number
  readonly runs: number
  readonly shrinkRuns: number
}

export async function explainFailure(
  scenario: (sim: Simulation) => Promise<void>,
  setup: RunSetup,
  outcome: RunOutcome,
  context: FailureContext,
): Promise<CambiumError> {
  const { error } = outcome.failure as NonNullable<RunOutcome['failure']>
  const again = (faults: RunSetup['faults'], isTraced: boolean): Promise<RunOutcome> =>
    runOnce(scenario, { ...setup, faults, isTraced })
  const isSame = (other: RunOutcome): boolean =>
    other.failure !== undefined && signature(other.failure.error) === signature(error)
  let faults: readonly Fault[] = outcome.faults
  let tries = 0
  if (faults.length > 0 && context.shrinkRuns > 0) {
    ;({ faults, tries } = await shrinkFaults(faults, async (some) => isSame(await again(some, false)), context.shrinkRuns))
  }
  const charted = await again(tries > 0 ? faults : setup.faults, true)
  const events = charted.chart?.events(EVENTS_SHOWN) ?? []
  const chart = renderText(events)
  const lines = [
    `simulation failed: seed=${setup.seed}, ${context.runs > 1 ? `run=${context.run + 1} of ${context.runs}, ` : ''}${describe(error)}`,
    `replay: simulate(scenario, { seed: ${setup.seed}${showOptions(setup)} })`,
  ]
  if (outcome.faults.length > 0) {
    const shown = faults.slice(0, FAULTS_SHOWN)
    const more = faults.length > shown.length ? `\n${faults.length - shown.length} more` : ''
    lines.push(
      `faults that it takes: ${faults.length} of ${outcome.faults.length}, found in ${tries} re-runs${faults.length === 0 ? '' : `\n${formatFaults(shown)}${more}`}`,
    )
  }
  if (!isSame(charted))
    lines.push('the replay did not fail in the same way: something in the scenario is not under the simulation’s control')
  if (outcome.nonDeterministic.length > 0) lines.push(`not under control: ${outcome.nonDeterministic.join(', ')}`)
  if (events.length > 0) lines.push(`the last ${events.length} events:`, chart)
  return new CambiumError('ERR_SIMULATION', lines.join('\n'), {
    severity: 'bug',
    cause: error,
    fields: {
      seed: setup.seed,
      faults,
      faultsBefore: outcome.faults.length,
      tries,
      chart,
      mermaid: renderMermaid(events),
      nonDeterministic: outcome.nonDeterministic,
    },
  })
}

/** Failures with the same signature count as the same. */
function signature(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  return 'code' in error ? `${error.name} ${String(error.code)}` : error.name
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error instanceof CambiumError ? `${error.code}: ${error.message}` : `${error.name}: ${error.message}`
}

function showOptions({ faults, cores }: RunSetup): string {
  const shown = Array.isArray(faults) ? 'error.fields.faults' : JSON.stringify(faults)
  return `, cores: ${cores}${faults === false ? '' : `, faults: ${shown}`}`
}
