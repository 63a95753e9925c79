/** An analyser: reads and measures the files of one batch at a time. Its crash costs the batch in hand, which somebody does again. */
import { setTimeout as sleep } from 'node:timers/promises'
import { defineActor } from 'cambium'
import type { Behaviour, Ref } from 'cambium'
import { createFileAnalyser } from './analyse-file.ts'
import type { FileAnalyser } from './analyse-file.ts'
import { addFile, createPartial } from './partial.ts'
import type { AggregatorMessage, AnalyserMessage, DispatcherMessage } from './protocol.ts'

export interface AnalyserArgument {
  readonly analyser: number
  readonly folder: string
  readonly dispatcher: Ref<DispatcherMessage>
  readonly aggregator: Ref<AggregatorMessage>
}

interface State {
  readonly analyser: number
  readonly session: number
  readonly files: FileAnalyser
  readonly dispatcher: Ref<DispatcherMessage>
  readonly aggregator: Ref<AggregatorMessage>
}

/** A batch that is held waits no longer than this for the end of its core, in milliseconds. */
const HOLD_MS_MAX = 2000

export const analyser: Behaviour<AnalyserArgument, AnalyserMessage> = defineActor<
  AnalyserArgument,
  AnalyserMessage,
  unknown,
  State
>(import.meta.url, 'analyser', {
  init: ({ analyser: number, folder, dispatcher, aggregator }, context) => {
    const session = context.random()
    dispatcher.tell({ type: 'ready', analyser: number, session, ref: context.self })
    return { analyser: number, session, files: createFileAnalyser(folder), dispatcher, aggregator }
  },

  receive: (state, batch, context) => {
    if (batch.session !== state.session) return undefined
    if (batch.fault !== 'hold') return analyse(state, batch)
    state.dispatcher.tell({ type: 'held', core: context.core })
    return sleep(HOLD_MS_MAX).then(() => analyse(state, batch))
  },
})

function analyse(state: State, batch: AnalyserMessage): void {
  const partial = createPartial()
  const crashAt = batch.fault === 'crash' ? Math.floor(batch.files.length / 2) : -1
  for (const [index, file] of batch.files.entries()) {
    if (index === crashAt) throw new Error(`crashed on purpose in batch ${batch.number}`)
    addFile(partial, state.files.analyse(file.path, file.language))
  }
  const { analyser: number, session } = state
  state.aggregator.tell({ type: 'partial', batch: batch.number, analyser: number, session, partial })
}
