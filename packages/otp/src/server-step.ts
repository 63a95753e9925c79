/** What the `step` of a server returns: the next state, the output, and what else is to be done. */
import type { ActorContext, GivenReason, Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'

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
  /** Steps on with this input before any message, those that are queued included. Its output goes to nobody. */
  | { readonly type: 'continue'; readonly input: Input }
  /** Has this input come after so many milliseconds; the same name replaces. @default name '' */
  | { readonly type: 'timeout'; readonly name?: string; readonly ms: number; readonly input: Input }
  /** A timeout that is cancelled never comes, run out or not. */
  | { readonly type: 'timeout'; readonly name?: string; readonly cancel: true }
  /** Answers an earlier ask, by its token. */
  | { readonly type: 'reply'; readonly to: Ref<Output>; readonly value: Output }
  /** Calls `hibernate`: what can be made again is dropped from the state. */
  | { readonly type: 'hibernate' }
  /** Ends the server when this step is done. @default reason normal */
  | { readonly type: 'stop'; readonly reason?: Error | GivenReason }

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
export function startOf(
  first: unknown,
): { readonly state: unknown; readonly actions: readonly ServerAction<unknown>[] } | undefined {
  return typeof first === 'object' && first !== null && START in first
    ? (first as ServerStart<unknown, unknown>)[START]
    : undefined
}

export function isStep(result: unknown): result is readonly unknown[] {
  return Array.isArray(result) && (result.length === 2 || (result.length === 3 && Array.isArray(result[2])))
}

export function badStep(name: string, result: unknown): CambiumError {
  const found =
    result instanceof Promise
      ? 'a promise'
      : Array.isArray(result)
        ? `an array of ${result.length}`
        : result === null
          ? 'null'
          : typeof result
  return new CambiumError('ERR_BAD_STEP', `step returned no [state, output]: server=${name}, found ${found}`, {
    severity: 'crash',
    fields: { server: name, found },
  })
}

export function badAction(name: string, action: unknown): CambiumError {
  const type: unknown = typeof action === 'object' && action !== null ? Reflect.get(action, 'type') : action
  return new CambiumError('ERR_BAD_ACTION', `step returned an action that is none: server=${name}, found ${String(type)}`, {
    severity: 'crash',
    fields: { server: name, found: String(type) },
  })
}
