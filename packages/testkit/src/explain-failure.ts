/** The error of a run that failed: how to see it again, the least faults it takes, and the end of that least run as a chart. */
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { CambiumError } from '@cambium/base'
import { renderMermaid, renderText } from './chart.ts'
import { formatFaults, shrinkFaults } from './shrink.ts'
import type { Fault } from './shrink.ts'
import { runOnce, STUCK_MS_DEFAULT } from './sim-run.ts'
import type { RunOutcome, RunSetup } from './sim-run.ts'
import type { Simulation } from './simulation.ts'

const EVENTS_SHOWN = 40
const FAULTS_SHOWN = 20
const SHAPE_MAX = 200

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
  const version = ownVersion()
  const lines = [
    `simulation failed: seed=${setup.seed}, ${context.runs > 1 ? `run=${context.run + 1} of ${context.runs}, ` : ''}${describe(error)}`,
    `replay: simulate(scenario, { seed: ${setup.seed}${showOptions(setup)} }) with @cambium/testkit ${version}`,
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
      version,
      faults,
      faultsBefore: outcome.faults.length,
      tries,
      chart,
      mermaid: renderMermaid(events),
      nonDeterministic: outcome.nonDeterministic,
    },
  })
}

/** Failures with the same signature count as the same: what went wrong, and not with how many, or with whom. */
function signature(error: unknown): string {
  if (!(error instanceof Error)) return `${typeof error} ${shapeOf(String(error))}`
  return `${error.name} ${'code' in error ? String(error.code) : ''} ${shapeOf(error.message)}`
}

/** The first line up to the values, which follow a colon; numbers before it may differ as well. */
function shapeOf(message: string): string {
  const [first = ''] = message.split('\n', 1)
  const [what = ''] = first.split(': ', 1)
  return what.slice(0, SHAPE_MAX).replace(/\d+(\.\d+)?/g, '0')
}

/** The same seed gives another run with another version. */
function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly version: string
  }
  return version
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error instanceof CambiumError ? `${error.code}: ${error.message}` : `${error.name}: ${error.message}`
}

/** All that a run depends on, but the scenario. */
function showOptions({ faults, cores, options, stuckMs }: RunSetup): string {
  const shown = Array.isArray(faults) ? 'error.fields.faults' : JSON.stringify(faults)
  const parts = [
    `, cores: ${cores}`,
    faults === false ? '' : `, faults: ${shown}`,
    Object.keys(options).length === 0 ? '' : `, options: ${inspect(options, { breakLength: Infinity, compact: true })}`,
    stuckMs === STUCK_MS_DEFAULT ? '' : `, stuckAfter: ${stuckMs}`,
  ]
  return parts.join('')
}
