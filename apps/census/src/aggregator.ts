/** The aggregator: adds up the partial results, each batch once. */
import { defineActor } from 'cambium'
import type { Behaviour, Ref } from 'cambium'
import { finish } from './census-result.ts'
import { createPartial, mergePartial } from './partial.ts'
import type { CensusPartial } from './partial.ts'
import type { AggregatorMessage, DispatcherMessage, Total } from './protocol.ts'

export interface AggregatorArgument {
  readonly dispatcher: Ref<DispatcherMessage>
}

interface State {
  readonly dispatcher: Ref<DispatcherMessage>
  readonly sum: CensusPartial
  /** Numbers of batches; as many as the files that were handed out, at most. */
  readonly counted: Set<number>
  repeated: number
}

export const aggregator: Behaviour<AggregatorArgument, AggregatorMessage, Total> = defineActor<
  AggregatorArgument,
  AggregatorMessage,
  Total,
  State
>(import.meta.url, 'aggregator', {
  init: ({ dispatcher }) => ({ dispatcher, sum: createPartial(), counted: new Set(), repeated: 0 }),

  receive: (state, message, context) => {
    if (message.type === 'finish') {
      context.reply({ result: finish(state.sum, { top: message.top }), repeated: state.repeated })
      return
    }
    const { batch, analyser, session, partial } = message
    if (state.counted.has(batch)) state.repeated += 1
    else {
      state.counted.add(batch)
      mergePartial(state.sum, partial)
    }
    // For a repeated one as well: its analyser waits for the next batch.
    state.dispatcher.tell({ type: 'counted', batch, analyser, session })
  },
})
