/**
 * The consumer behind plain code that reads events: it keeps what has come until it is asked for it, and counts an event as handled when the reader
 * comes back for more. So the reader's own pace is the demand.
 */
import type { ActorContext, ExitReason } from '@cambium/actor'
import { Fifo, toErrorRecord } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import { defineConsumer } from './define-stage.ts'
import type { Consumer } from './define-stage.ts'
import { producerLost } from './flow-errors.ts'
import type { ConsumerDefinition } from './stage-definition.ts'
import type { Subscription } from './subscription.ts'

/** The reader has handled what it was given, and wants more. */
export interface PullMessage {
  readonly type: 'pull'
}

export type TapReply =
  | { readonly events: readonly unknown[] }
  /** There will be no more; `error` says why, unless the producer was done. */
  | { readonly end: true; readonly error: ErrorRecord | undefined }

interface Tap {
  readonly waiting: Fifo<unknown>
  /** Given to the reader by the last answer. */
  given: number
  /** Handled by the reader, and not confirmed yet. */
  handled: number
  owed: ((reply: TapReply) => void) | undefined
  /** No more comes. */
  isEnded: boolean
  error: ErrorRecord | undefined
}

const definition: ConsumerDefinition<Subscription<unknown>, Tap, unknown, PullMessage, TapReply> & {
  handled(state: Tap): number
} = {
  init: () => ({ waiting: new Fifo(), given: 0, handled: 0, owed: undefined, isEnded: false, error: undefined }),
  subscribe: (subscription) => [subscription],
  handle(state, events) {
    for (const event of events) state.waiting.push(event)
    answer(state)
    return state
  },
  message(state, _pull, context: ActorContext<PullMessage, TapReply>) {
    state.handled += state.given
    state.given = 0
    state.owed = context.deferReply()
    answer(state)
    return state
  },
  handled(state) {
    const { handled } = state
    state.handled = 0
    return handled
  },
  cancelled(state, { to, reason, again }) {
    if (again) return state
    state.isEnded = true
    if (reason.kind !== 'normal') state.error = errorOf(to.toString(), reason)
    answer(state)
    return state
  },
}

export const tap: Consumer<Subscription<unknown>, unknown, PullMessage, TapReply> = defineConsumer(
  import.meta.url,
  'tap',
  definition,
)

/** Answers the reader, if it waits, and there is something to answer. */
function answer(state: Tap): void {
  const { owed, waiting, isEnded, error } = state
  if (owed === undefined || (waiting.length === 0 && !isEnded)) return
  state.owed = undefined
  if (waiting.length === 0) {
    owed({ end: true, error })
    return
  }
  state.given = waiting.length
  owed({ events: waiting.take(waiting.length) })
}

function errorOf(producer: string, reason: ExitReason): ErrorRecord {
  if (reason.kind === 'crash') return reason.error
  return toErrorRecord(producerLost(producer, `reason=${reason.kind}`))
}
