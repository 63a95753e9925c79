/**
 * What the actors of a census say to each other. Dispatcher and aggregator live on core 0, analysers on the workers' cores.
 *
 * 0. Nothing is handed out before `run`: the one who starts the analysers asks for it when all of them are there, because
 *    an actor comes back after the loss of its core only when its start is over.
 * 1. An incarnation of an analyser draws a session number and tells the dispatcher `ready`. A `ready` with another session
 *    is the news that the incarnation before it has ended, whatever ended it, and there is no other way to a new one.
 * 2. The dispatcher tells a ready analyser one `batch`, with the analyser's session. An analyser drops a batch with another
 *    session: it was meant for an incarnation before it, and the dispatcher hands it out again because of 1.
 * 3. The analyser tells the aggregator `partial`. The aggregator adds it, once for each number of a batch, and tells the
 *    dispatcher `counted`; only then the batch is out of hand, and the analyser gets its next one. So what is in hand is
 *    somewhere between the dispatcher and the sum, and nothing that is lost in between is forgotten.
 * 4. A batch that was handed out again may come back twice: the aggregator drops the second.
 */
import type { Call, Ref } from 'cambium'
import type { Batch, Loss } from './batch-ledger.ts'
import type { CensusResult } from './census-result.ts'
import type { Fault } from './drill.ts'
import type { CensusPartial } from './partial.ts'
import type { SourceFacts, SourceFile } from './source-files.ts'
import type { WalkFacts } from './walk.ts'

export interface AnalyserMessage {
  readonly type: 'batch'
  readonly number: number
  readonly session: number
  readonly files: readonly SourceFile[]
  readonly fault?: Fault
}

/** Counted files and bytes. */
export interface Counted {
  readonly files: number
  readonly bytes: number
}

/** Where the dispatcher stands when nothing is left to hand out. */
export interface Completion {
  readonly walk: WalkFacts
  readonly source: SourceFacts
  /** In the order in which they were noticed. */
  readonly losses: readonly Loss[]
  /** Batches that nobody could finish; the result lacks their files. */
  readonly uncounted: readonly Batch[]
}

export type DispatcherMessage =
  | { readonly type: 'ready'; readonly analyser: number; readonly session: number; readonly ref: Ref<AnalyserMessage> }
  | { readonly type: 'counted'; readonly batch: number; readonly analyser: number; readonly session: number }
  /** The analyser stays down. */
  | { readonly type: 'gone'; readonly analyser: number }
  /** From the dispatcher to itself: go on walking. */
  | { readonly type: 'look' }
  /** An analyser on this core has a batch in hand and keeps it, until its core is killed. */
  | { readonly type: 'held'; readonly core: number }
  | Call<{ readonly type: 'progress' }, Counted>
  /** Begins to hand out; answered when all is counted. */
  | Call<{ readonly type: 'run' }, Completion>
  /** Answered, with the core to kill, when a batch is held there. */
  | Call<{ readonly type: 'drill' }, { readonly core: number }>

export type DispatcherReply = Counted | Completion | { readonly core: number }

interface PartialMessage {
  readonly type: 'partial'
  readonly batch: number
  readonly analyser: number
  readonly session: number
  readonly partial: CensusPartial
}

export interface Total {
  readonly result: CensusResult
  /** Partials that were dropped because their batch had been counted. */
  readonly repeated: number
}

export type AggregatorMessage = PartialMessage | Call<{ readonly type: 'finish'; readonly top: number }, Total>
