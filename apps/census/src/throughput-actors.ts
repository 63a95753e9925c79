/** A stream of small messages from one core to another through the public `tell`: a pump that sends and a sink that counts. */
import { defineActor } from 'cambium'
import type { Behaviour, Call, Ref } from 'cambium'
import type { Arrived, SmallMessage } from './small-message.ts'

export type SinkMessage = SmallMessage | Call<{ readonly type: 'read' }, Arrived>

export const sink: Behaviour<undefined, SinkMessage, Arrived> = defineActor<
  undefined,
  SinkMessage,
  Arrived,
  { messages: number; sum: number }
>(import.meta.url, 'sink', {
  init: () => ({ messages: 0, sum: 0 }),
  receive: (state, message, context) => {
    if (message.type === 'read') {
      context.reply({ ...state })
      return
    }
    state.messages += 1
    state.sum += message.amount
  },
})

export interface Pumped extends Arrived {
  /** From the first message to the sink's word that it has them all. */
  readonly elapsedMs: number
}

export type PumpMessage = Call<{ readonly type: 'run'; readonly forMs: number }, Pumped> | { readonly type: 'more' }

interface PumpState {
  readonly consumer: Ref<SinkMessage, Arrived>
  run:
    | {
        readonly startedAtMs: number
        readonly forMs: number
        readonly answer: (pumped: Pumped) => void
        messages: number
        sum: number
      }
    | undefined
}

/** Messages between two looks at the clock; then it is other actors' turn. */
const BURST = 256

export const pump: Behaviour<Ref<SinkMessage, Arrived>, PumpMessage, Pumped> = defineActor<
  Ref<SinkMessage, Arrived>,
  PumpMessage,
  Pumped,
  PumpState
>(import.meta.url, 'pump', {
  init: (consumer) => ({ consumer, run: undefined }),
  receive: (state, message, context) => {
    if (message.type === 'run') {
      state.run = { startedAtMs: context.now(), forMs: message.forMs, answer: context.deferReply(), messages: 0, sum: 0 }
    }
    const { run } = state
    if (run === undefined) return undefined
    for (let index = 0; index < BURST; index += 1) {
      const amount = (run.messages + index) & 0xff
      run.sum += amount
      state.consumer.tell({ type: 'add', amount })
    }
    run.messages += BURST
    if (context.now() - run.startedAtMs < run.forMs) {
      context.self.tell({ type: 'more' })
      return undefined
    }
    state.run = undefined
    // Behind all others, in the order of the ring.
    return state.consumer.ask({ type: 'read' }, { timeoutMs: 30_000 }).then(() => {
      run.answer({ messages: run.messages, sum: run.sum, elapsedMs: context.now() - run.startedAtMs })
    })
  },
})
