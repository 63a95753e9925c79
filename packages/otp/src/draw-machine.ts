/**
 * A state machine as a Mermaid state diagram. States, and what they postpone and ignore, come from the definition; the arrows are the
 * transitions that runs have shown, because where a handler goes is known only once it has gone there.
 */
import { optionError } from '@cambium/base'
import { checkIsMachine } from './define-state-machine.ts'
import type { StateMachine } from './define-state-machine.ts'
import type { MachineTypes } from './machine-definition.ts'
import type { AnyDefinition } from './machine-engine.ts'
import type { MachineRun, RunTransition } from './run-machine.ts'

/** The text of the diagram: `drawMachine(door, run, another)`. An arrow that several events take is drawn once, with all their names. Throws `ERR_OPTION`. */
export function drawMachine<T extends MachineTypes>(machine: StateMachine<T>, ...runs: readonly MachineRun<T>[]): string {
  checkIsMachine(machine)
  for (const run of runs) if (!Array.isArray(Object(run).transitions)) throw optionError('runs', run, 'what runMachine returned')
  const { states } = machine.definition as unknown as AnyDefinition
  const names = Object.keys(states)
  const idOf = (state: string | undefined): string =>
    state === undefined ? '[*]' : /^[A-Za-z]\w*$/.test(state) && !RESERVED.has(state) ? state : `state${names.indexOf(state)}`
  const lines = ['stateDiagram-v2']
  for (const [state, { on }] of Object.entries(states)) {
    const id = idOf(state)
    lines.push(id === state ? `    ${id}` : `    state "${escape(state)}" as ${id}`)
    for (const kind of ['postpone', 'ignore'] as const) {
      const events = Object.keys(on).filter((event) => on[event] === kind)
      if (events.length > 0) lines.push(`    ${id} : ${kind}s ${events.map(escape).join(', ')}`)
    }
  }
  for (const first of new Set(runs.map((run) => run.first))) lines.push(`    [*] --> ${idOf(first)}`)
  const arrows = new Map<string, Set<string>>()
  for (const { from, event, to } of runs.flatMap((run): readonly RunTransition[] => run.transitions)) {
    const arrow = `${idOf(from)} --> ${idOf(to)}`
    const events = arrows.get(arrow)
    if (events === undefined) arrows.set(arrow, new Set([event]))
    else events.add(event)
  }
  for (const [arrow, events] of arrows) lines.push(`    ${arrow} : ${[...events].map(escape).join(', ')}`)
  return `${lines.join('\n')}\n`
}

/** Words that Mermaid takes for its own at the start of a line. */
const RESERVED: ReadonlySet<string> = new Set([
  'state',
  'note',
  'direction',
  'classDef',
  'class',
  'style',
  'as',
  'end',
  'default',
])

/** Mermaid's own signs as their codes. */
function escape(text: string): string {
  return text.replace(/["#:;<>\n]/g, (sign) => `#${sign.charCodeAt(0)};`)
}
