/** What the model of a supervisor is told and waits for: its children, its mail, the steps under way and what they come to. */
import { CambiumError } from '@cambium/base'
import { checkChildSpec } from '@cambium/supervision'
import type { CheckedFlags, ChildExit, ChildSpec, SupervisorEvent } from '@cambium/supervision'

export type Spec = Omit<ChildSpec, 'start'>
export type Request = Extract<SupervisorEvent, { type: 'add_child' | 'terminate_child' | 'restart_child' | 'delete_child' }>
export interface Loss {
  readonly type: 'lost'
  ids: readonly string[]
  /** Children whose restart was under way on the core. */
  readonly joined: string[]
  /** For whom it counts as a restart; undefined for all. */
  readonly blamed: readonly string[] | undefined
}
export type Mail =
  | Extract<SupervisorEvent, { type: 'child_exited' | 'wait_over' }>
  | Request
  | Loss
  | { readonly type: 'try_again'; readonly id: string }

/** What a step under way comes to. */
export type Outcome =
  | { readonly kind: 'started' | 'ignored' }
  | { readonly kind: 'ended'; readonly id: string; readonly exit: ChildExit; readonly loss?: Loss }
export type Failure = Extract<Outcome, { kind: 'ended' }>

export interface Step {
  readonly kind: 'start' | 'stop'
  readonly id: string
  readonly incarnation: number
}

export interface ModelChild {
  readonly spec: Spec
  /** OTP's pid: a live, or not yet buried, process; none; or a restart that failed. */
  pid: 'pid' | 'none' | 'restarting'
  /** Has a process whose end has not been told yet. */
  isAlive: boolean
  incarnation: number
  hasRun: boolean
  failure: ChildExit
  times: number[]
  /** Its restart waits, for so long as it is this incarnation that has ended. */
  waitsFor: number | undefined
  /** Failures in a row, and when it started if it has not failed since. */
  row: number
  sinceMs: number | undefined
}

/** Yields `steps` when it waits for one of those under way, and gets its outcome; `mail` when there is nothing to do. */
export type Program<T = void> = Generator<'steps' | 'mail', T, Outcome | undefined>

export function fits(current: number, given: number | undefined): boolean {
  return given === undefined || given === current
}

export function isRequest(mail: Mail): mail is Request {
  return mail.type.endsWith('_child')
}

export function isSpec(spec: ChildSpec, { autoShutdown }: CheckedFlags): boolean {
  try {
    checkChildSpec(spec, autoShutdown)
    return true
  } catch (error) {
    if (error instanceof CambiumError) return false
    throw error
  }
}

export function modelChild(spec: Spec): ModelChild {
  const unstarted = {
    pid: 'none',
    isAlive: false,
    incarnation: 0,
    hasRun: false,
    waitsFor: undefined,
    sinceMs: undefined,
  } as const
  return { spec, ...unstarted, failure: { kind: 'crash' }, times: [], row: 0 }
}
