/** What the `step` of a server returns: the next state, the output, and what else is to be done. */
import { checkReason, isRef } from '@cambium/actor'
import type { ActorContext, GivenReason, Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import { describeResult } from './describe-result.ts'
import { disown } from './disown.ts'

/** In place of an output: whoever asked is answered later, by the token that was taken, or, if none was, told `ERR_NO_REPLY` at once. */
export const NO_REPLY: unique symbol = Symbol.for('cambium.noReply')

/** What a step may look at besides the state and the input. */
export interface ServerTurn<Output> extends Pick<ActorContext, 'isAsked' | 'now'> {
  /**
   * Whom the answer goes to, for later and from elsewhere: a ref that is told it, once, by whichever actor. Take it where the input was asked, and return `NO_REPLY`. Throws
   * `ERR_NOT_ASKED` when nobody has asked.
   */
  replyToken(): Ref<Output>
}

export type ServerAction<Input, Output = unknown> =
  /** Once all other actions are done, steps on with this input before any message, those that are queued included. Its output goes to nobody. */
  | { readonly type: 'continue'; readonly input: Input }
  /** Has this input come after so many milliseconds; the same name replaces. @default name '' */
  | { readonly type: 'timeout'; readonly name?: string; readonly ms: number; readonly input: Input }
  /** A timeout that is cancelled never comes, run out or not. */
  | { readonly type: 'timeout'; readonly name?: string; readonly cancel: true }
  /** Answers an earlier ask, by its token. */
  | { readonly type: 'reply'; readonly to: Ref<Output>; readonly value: Output }
  /** Calls `hibernate`: what can be made again is dropped from the state. */
  | { readonly type: 'hibernate' }
  /** Ends the server when this step is done; then it continues with nothing. @default reason normal */
  | { readonly type: 'stop'; readonly reason?: Error | GivenReason }

/** Longest `ms` of a timeout, as of any timer: about 285 years. */
export const TIMEOUT_MS_MAX = 9e12

/** The next state and the output; and what else is to be done, in this order. */
export type ServerStep<State, Input, Output> = readonly [
  state: State,
  output: Output | typeof NO_REPLY,
  actions?: readonly ServerAction<NoInfer<Input>, NoInfer<Output>>[],
]

const START: unique symbol = Symbol.for('cambium.serverStart')

/** The first state with what else is to be done; made by {@link startWith}. */
export interface ServerStart<State, Input> {
  readonly [START]: { readonly state: State; readonly actions: readonly ServerAction<Input>[] }
}

/** What `init` answers to have something done at once: `startWith(state, [{ type: 'continue', input: { type: 'load' } }])`. */
export function startWith<State, const Input>(state: State, actions: readonly ServerAction<Input>[]): ServerStart<State, Input> {
  return { [START]: { state, actions } }
}

/** Undefined for a plain state. */
export function startOf(first: unknown): { readonly state: unknown; readonly actions: unknown } | undefined {
  return typeof first === 'object' && first !== null && START in first
    ? (first as ServerStart<unknown, unknown>)[START]
    : undefined
}

export function isStep(result: unknown): result is readonly unknown[] {
  if (!Array.isArray(result) || result[1] instanceof Promise) return false
  return result.length === 2 || (result.length === 3 && Array.isArray(result[2]))
}

/** A promise among them is refused as one that nobody waits for. */
export function badStep(
  name: string,
  result: unknown,
  callback: 'step' | 'info' | 'hibernate' | 'migrate.load' = 'step',
): CambiumError {
  const found = `${describeResult(result)}${Array.isArray(result) && disown(result[1]) ? ' with a promise' : ''}`
  const expected = callback === 'step' ? '[state, output]' : 'state'
  return new CambiumError('ERR_BAD_STEP', `${callback} returned no ${expected}: server=${name}, found ${found}`, {
    severity: 'crash',
    fields: { server: name, found },
  })
}

/** All of them, before any is done: a list with one that is none is not taken, nor is the step that returned it. Throws `ERR_BAD_ACTION`. */
export function checkActions<Input, Output>(name: string, actions: unknown): readonly ServerAction<Input, Output>[] {
  if (!Array.isArray(actions)) throw badAction(name, String(actions), 'expected an array of actions')
  for (const action of actions as unknown[]) {
    if (typeof action !== 'object' || action === null) throw badAction(name, String(action), 'expected an object')
    const { type } = action as { type?: unknown }
    const expected = expectedOf(action as Readonly<Record<string, unknown>>)
    if (expected !== undefined) throw badAction(name, String(type), `expected ${expected}`)
  }
  return actions as readonly ServerAction<Input, Output>[]
}

/** What an action should be; undefined for one that is right. */
function expectedOf(action: Readonly<Record<string, unknown>>): string | undefined {
  const { type, name, ms } = action
  switch (type) {
    case 'continue':
    case 'hibernate':
      return undefined
    case 'timeout':
      if (name !== undefined && typeof name !== 'string') return `name to be a string, not ${typeof name}`
      if ('cancel' in action) return action['cancel'] === true ? undefined : 'cancel to be true'
      return typeof ms === 'number' && ms >= 0 && ms <= TIMEOUT_MS_MAX
        ? undefined
        : `ms to be from 0 to ${TIMEOUT_MS_MAX}, not ${String(ms)}`
    case 'reply':
      return isRef(action['to']) ? undefined : 'to to be a token'
    case 'stop':
      return isReason(action['reason'])
        ? undefined
        : 'reason to be an error, normal, shutdown, killed, or what crashReason returned'
    default:
      return 'continue, timeout, reply, hibernate or stop'
  }
}

function isReason(reason: unknown): boolean {
  if (reason === undefined) return true
  try {
    checkReason(reason)
    return true
  } catch {
    return false
  }
}

function badAction(name: string, found: string, problem: string): CambiumError {
  return new CambiumError('ERR_BAD_ACTION', `action is none: server=${name}, found ${found}, ${problem}`, {
    severity: 'crash',
    fields: { server: name, found },
  })
}
