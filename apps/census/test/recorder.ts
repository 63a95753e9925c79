/** An actor that stands in for one of the census: it keeps what it is told, and answers when it has been told enough. */
import { defineActor } from 'cambium'
import type { Behaviour } from 'cambium'

export type RecorderMessage = { readonly type: 'recall'; readonly count: number } | { readonly type: string }

interface State {
  readonly told: RecorderMessage[]
  waiting: { readonly count: number; readonly answer: (told: readonly unknown[]) => void } | undefined
}

/** Answers `recall` with everything it was told, once that is `count` messages. */
export const recorder: Behaviour<undefined, RecorderMessage, readonly unknown[]> = defineActor<
  undefined,
  RecorderMessage,
  readonly unknown[],
  State
>(import.meta.url, 'recorder', {
  init: () => ({ told: [], waiting: undefined }),
  receive: (state, message, context) => {
    if ('count' in message) state.waiting = { count: message.count, answer: context.deferReply() }
    else state.told.push(message)
    if (state.waiting === undefined || state.told.length < state.waiting.count) return
    state.waiting.answer([...state.told])
    state.waiting = undefined
  },
})
