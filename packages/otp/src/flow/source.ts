/** The producer behind plain code that pushes events: it keeps what is pushed with whoever waits for it, and lets the waiting go on as events leave. */
import type { ActorContext } from '@cambium/actor'
import { defineProducer } from './define-stage.ts'
import type { Producer } from './define-stage.ts'
import type { GivingStep } from './stage-definition.ts'

export type SourceMessage = { readonly type: 'push'; readonly events: readonly unknown[] } | { readonly type: 'end' }

interface Push {
  readonly events: readonly unknown[]
  at: number
  /** Undefined when it was answered because there was room. */
  answer: ((reply: true) => void) | undefined
}

interface Source {
  readonly capacity: number
  readonly pushes: Push[]
  /** Events of all of them that have not been taken. */
  waiting: number
  isEnded: boolean
}

export const source: Producer<number, unknown, SourceMessage, true> = defineProducer(import.meta.url, 'source', {
  init: (capacity: number): Source => ({ capacity, pushes: [], waiting: 0, isEnded: false }),
  demand(state: Source, count: number): GivingStep<Source, unknown> {
    const events = take(state, count)
    takeOver(state)
    return state.isEnded && state.waiting === 0 ? [state, events, 'end'] : [state, events]
  },
  message(state: Source, message: SourceMessage, context: ActorContext<SourceMessage, true>): GivingStep<Source, unknown> {
    if (message.type === 'end') {
      state.isEnded = true
      context.reply(true)
      return state.waiting === 0 ? [state, [], 'end'] : [state, []]
    }
    state.pushes.push({ events: message.events, at: 0, answer: context.deferReply() })
    state.waiting += message.events.length
    takeOver(state)
    return [state, []] // what is wanted is asked for at once
  },
})

function take(state: Source, count: number): readonly unknown[] {
  const taken: unknown[] = []
  while (taken.length < count) {
    const [first] = state.pushes
    if (first === undefined) break
    const { events, at } = first
    first.at = Math.min(events.length, at + count - taken.length)
    for (let i = at; i < first.at; i += 1) taken.push(events[i])
    if (first.at < events.length) break
    first.answer?.(true)
    state.pushes.shift()
  }
  state.waiting -= taken.length
  return taken
}

/** Lets those go on whose events fit into what may wait. */
function takeOver({ capacity, pushes }: Source): void {
  let waiting = 0
  for (const push of pushes) {
    waiting += push.events.length - push.at
    if (waiting > capacity) return
    push.answer?.(true)
    push.answer = undefined
  }
}
