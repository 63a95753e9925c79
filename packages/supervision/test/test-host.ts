/** A host that keeps its supervisor's state, logs the actions and answers steps by a plan: every start and stop succeeds unless told. */
import { type ChildExit, type ChildSpec, createSupervisor, decide, type SupervisorFlags } from '../src/index.ts'
import type { StartChild, StopChild, SupervisorAction, SupervisorEvent, SupervisorState } from '../src/index.ts'
import { actionText } from './action-text.ts'

export type StartPlan = 'started' | 'ignored' | ChildExit

export const CRASH: ChildExit = { kind: 'crash' }
export const NORMAL: ChildExit = { kind: 'normal' }

export interface TestHost {
  readonly state: SupervisorState<string>
  /** The step that has not been answered, or the first of them. */
  readonly step: SupervisorAction<string> | undefined
  now: number
  /** One event, no answers; the lines of what it led to. */
  feed(event: SupervisorEvent<string>): string[]
  /** One event, and answers until the supervisor is quiet. */
  run(event: SupervisorEvent<string>): string[]
  /** Answers the step under way as planned, once. */
  answer(): string[]
  /** What the next starts of `id` come to, in turn; then every start succeeds again. */
  plan(id: string, ...outcomes: StartPlan[]): void
  /** What stopping `id` comes to from now on. */
  planStop(id: string, exit: ChildExit): void
}

export function createTestHost(flags: SupervisorFlags, specs: readonly (ChildSpec<string> | string)[], seed = 0): TestHost {
  const state = createSupervisor<string>(
    flags,
    specs.map((spec) => (typeof spec === 'string' ? { id: spec, start: spec } : spec)),
    seed,
  )
  const starts = new Map<string, StartPlan[]>()
  const stops = new Map<string, ChildExit>()
  let steps: (StartChild<string> | StopChild)[] = []
  const host: TestHost = {
    state,
    get step() {
      return steps[0]
    },
    now: 0,
    feed(event) {
      // An exit of the child that is being started or stopped is the answer, as rule 4 of decide.ts has it.
      if (event.type === 'child_exited') steps = steps.filter((step) => targetOf(step) !== event.id)
      if (event.type === 'core_lost') steps = steps.filter((step) => !event.ids.includes(targetOf(step)))
      const decision = decide(state, event, host.now)
      const asked = decision.actions.filter((action) => action.type === 'start_child' || action.type === 'stop_child')
      if (asked.length > 0 && steps.length > 0) throw new Error('a step before the answer to another')
      if (asked.length > 1 && state.flags.kind !== 'dynamic') throw new Error('two steps at once')
      steps.push(...asked)
      return decision.actions.map(actionText)
    },
    answer() {
      const asked = steps.shift()
      if (asked?.type === 'stop_child') {
        const exit = stops.get(asked.id) ?? { kind: asked.shutdown === 'brutal_kill' ? 'killed' : 'shutdown' }
        return host.feed({ type: 'child_stopped', id: asked.id, exit })
      }
      if (asked?.type !== 'start_child') throw new Error('no step to answer')
      const { id } = asked.spec
      const outcome = starts.get(id)?.shift() ?? 'started'
      if (typeof outcome === 'object') return host.feed({ type: 'child_start_failed', id, exit: outcome })
      return host.feed({ type: outcome === 'started' ? 'child_started' : 'child_ignored', id })
    },
    run(event) {
      const lines = host.feed(event)
      while (steps.length > 0) lines.push(...host.answer())
      return lines
    },
    plan(id, ...outcomes) {
      starts.set(id, outcomes)
    },
    planStop(id, exit) {
      stops.set(id, exit)
    },
  }
  return host
}

export function targetOf(step: StartChild<string> | StopChild): string {
  return step.type === 'start_child' ? step.spec.id : step.id
}

/** A host whose children all run. */
export function createStartedHost(flags: SupervisorFlags, specs: readonly (ChildSpec<string> | string)[], seed = 0): TestHost {
  const host = createTestHost(flags, specs, seed)
  host.run({ type: 'start' })
  return host
}
