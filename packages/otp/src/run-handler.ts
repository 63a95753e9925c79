/** Steps the handler of an event manager through events without a runtime, as `run` does a server. */
import { optionError } from '@cambium/base'
import { nameOf, REMOVE_HANDLER, swapOf } from './define-event-handler.ts'
import type { DefinedHandler, HandlerSpec } from './define-event-handler.ts'
import { disown } from './disown.ts'
import { badHandlerStep } from './event-handlers.ts'

/** What a handler did with a list of events. */
export interface HandlerRun<State> {
  readonly state: State
  /** Events that it has had: fewer than were given when it wanted to go. */
  readonly handled: number
  /** What it wanted in the end. */
  readonly end: 'stays' | 'removed' | { readonly swappedFor: HandlerSpec<never> }
}

/**
 * `runHandler(alarmLog, [], [{ type: 'set', id: 'door' }])`. A handler that throws, throws here; one that is asynchronous is `ERR_BAD_STEP`, as in a manager. Throws `ERR_OPTION` for a state that
 * is a promise: await what an asynchronous `init` returns.
 */
export function runHandler<State, Event>(
  behaviour: DefinedHandler<never, State, Event, never, unknown, unknown>,
  state: NoInfer<State>,
  events: Iterable<NoInfer<Event>>,
): HandlerRun<State> {
  const name = nameOf(behaviour)
  if (disown(state)) throw optionError('state', state, 'a state, not the promise of one')
  if (typeof Object(events)[Symbol.iterator] !== 'function') throw optionError('events', events, 'an iterable of events')
  let current = state
  let handled = 0
  for (const event of events) {
    const next: unknown = behaviour.definition.event(current, event)
    handled += 1
    if (next === REMOVE_HANDLER) return { state: current, handled, end: 'removed' }
    const swap = swapOf(next)
    if (swap !== undefined) return { state: current, handled, end: { swappedFor: swap } }
    if (next instanceof Promise) throw badHandlerStep(name, 'handler is asynchronous', next)
    if (next !== undefined) current = next as State
  }
  return { state: current, handled, end: 'stays' }
}
