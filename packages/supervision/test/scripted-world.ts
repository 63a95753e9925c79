/**
 * The world outside a supervisor, as a script: what each step comes to and what else happens while it is executed. The
 * supervisor and the model each live in a world of their own made from one script; as long as they do the same, both
 * worlds go through the same states, and the logs are equal.
 */
import type { ChildExit, ChildSpec, SupervisorEvent, SupervisorFlags } from '../src/index.ts'

export const IDS: readonly string[] = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

/** Something that happens, before it is known to whom: `pick` chooses among the children that can be hit. */
export type Happening =
  | { readonly type: 'exit'; readonly pick: number; readonly kind: ChildExit['kind'] }
  | { readonly type: 'core'; readonly ids: readonly string[] }
  | { readonly type: 'request'; readonly request: 'terminate_child' | 'restart_child' | 'delete_child'; readonly id: string }
  | { readonly type: 'add'; readonly spec: ChildSpec<string> }
  /** The end of one of the waits that were asked for, perhaps in vain by now. */
  | { readonly type: 'wait'; readonly pick: number }
  | { readonly type: 'shutdown' }

export interface StepPlan {
  readonly tookMs: number
  readonly during: readonly Happening[]
  readonly start: 'started' | 'ignored' | 'failed'
  readonly stop: ChildExit['kind']
}

export interface Script {
  readonly flags: SupervisorFlags
  readonly seed: number
  readonly specs: readonly ChildSpec<string>[]
  /** So many steps succeed with nothing else happening, which gets most supervisors started. */
  readonly calmSteps: number
  /** Used over and over after that. */
  readonly steps: readonly StepPlan[]
  /** What happens while the supervisor is quiet, one after the other. */
  readonly quiet: readonly { readonly afterMs: number; readonly happening: Happening }[]
}

const CALM: StepPlan = { tookMs: 1, during: [], start: 'started', stop: 'shutdown' }

export class ScriptedWorld {
  readonly alive: Set<string> = new Set()
  readonly log: string[] = []
  readonly waits: { readonly id: string; readonly incarnation: number }[] = []
  now = 0
  readonly #script: Script
  #steps = 0

  constructor(script: Script) {
    this.#script = script
  }

  nextStep(): StepPlan {
    const { calmSteps, steps } = this.#script
    const step = this.#steps++ - calmSteps
    const plan = step < 0 ? CALM : (steps[step % steps.length] as StepPlan)
    this.now += plan.tookMs
    return plan
  }

  /** The event that `happening` is here and now; `underWay` is being started or stopped. */
  event(happening: Happening, underWay?: string): SupervisorEvent<string> | undefined {
    switch (happening.type) {
      case 'exit': {
        const candidates = IDS.filter((id) => this.alive.has(id) || id === underWay)
        const id = candidates[happening.pick % candidates.length]
        return id === undefined ? undefined : { type: 'child_exited', id, exit: { kind: happening.kind } }
      }
      case 'core':
        return { type: 'core_lost', ids: happening.ids }
      case 'request':
        return { type: happening.request, id: happening.id }
      case 'add':
        return { type: 'add_child', spec: happening.spec }
      case 'wait': {
        const [wait] = this.waits.splice(happening.pick % this.waits.length, 1)
        return wait === undefined ? undefined : { type: 'wait_over', ...wait }
      }
      case 'shutdown':
        return { type: 'shutdown' }
    }
  }
}
