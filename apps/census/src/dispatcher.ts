/** The dispatcher: owns the walk, hands out batches on demand, and hands out again what was in hand when an analyser ended. */
import { defineActor } from 'cambium'
import type { ActorContext, Behaviour, Ref } from 'cambium'
import { createBatches } from './batches.ts'
import type { Batches } from './batches.ts'
import { createBatchLedger } from './batch-ledger.ts'
import type { Batch, BatchLedger } from './batch-ledger.ts'
import { createDrill } from './drill.ts'
import type { Drill } from './drill.ts'
import type { AnalyserMessage, Completion, DispatcherMessage, DispatcherReply } from './protocol.ts'
import { selectSourceFiles } from './source-files.ts'
import type { SourceFiles, SourceLimits } from './source-files.ts'
import { createWalk } from './walk.ts'
import type { Walk } from './walk.ts'

export interface DispatcherArgument {
  readonly folder: string
  readonly limits: SourceLimits
  /** Number of analysers. */
  readonly analysers: number
  /** With it, an actor crashes and a core is to be killed on the way. */
  readonly drill?: { readonly files: number }
}

/** What is known of one analyser. */
interface Desk {
  session: number
  ref: Ref<AnalyserMessage>
}

interface State {
  readonly walk: Walk
  readonly source: SourceFiles
  readonly batches: Batches
  readonly ledger: BatchLedger
  readonly drill: Drill | undefined
  readonly desks: Map<number, Desk>
  /** Analysers without a batch, in the order in which they became free. */
  readonly idle: Set<number>
  /** Analysers that may still come, or come back. */
  expected: number
  isOpen: boolean
  isExhausted: boolean
  isLooking: boolean
  handedOut: number
  files: number
  bytes: number
  answerRun: ((completion: Completion) => void) | undefined
  answerDrill: ((answer: { readonly core: number }) => void) | undefined
}

type Context = ActorContext<DispatcherMessage, DispatcherReply>

/** How long one message may keep the main thread with walking, in milliseconds. */
const LOOK_MS_MAX = 20

export const dispatcher: Behaviour<DispatcherArgument, DispatcherMessage, DispatcherReply> = defineActor<
  DispatcherArgument,
  DispatcherMessage,
  DispatcherReply,
  State
>(import.meta.url, 'dispatcher', {
  init: ({ folder, limits, analysers, drill }) => {
    const walk = createWalk(folder)
    const source = selectSourceFiles(walk, limits)
    return {
      walk,
      source,
      batches: createBatches(source.steps()),
      ledger: createBatchLedger(),
      drill: drill === undefined ? undefined : createDrill(drill.files),
      desks: new Map(),
      idle: new Set(),
      expected: analysers,
      isOpen: false,
      isExhausted: false,
      isLooking: false,
      handedOut: 0,
      files: 0,
      bytes: 0,
      answerRun: undefined,
      answerDrill: undefined,
    }
  },

  receive: (state, message, context) => {
    switch (message.type) {
      case 'ready': {
        const { analyser, session, ref } = message
        if (state.desks.has(analyser)) {
          state.ledger.lost(analyser)
          state.drill?.recovered()
        }
        state.desks.set(analyser, { session, ref })
        state.idle.add(analyser)
        break
      }
      case 'counted': {
        const batch = state.ledger.counted(message.batch)
        if (batch !== undefined) {
          state.files += batch.files.length
          for (const file of batch.files) state.bytes += file.bytes
        }
        // An earlier incarnation's result: the present one has, or waits for, a batch of its own.
        if (state.desks.get(message.analyser)?.session === message.session) state.idle.add(message.analyser)
        break
      }
      case 'gone':
        if (state.desks.delete(message.analyser)) state.ledger.lost(message.analyser)
        state.idle.delete(message.analyser)
        state.expected -= 1
        break
      case 'look':
        state.isLooking = false
        break
      case 'progress':
        context.reply({ files: state.files, bytes: state.bytes })
        return
      case 'held':
        state.answerDrill?.({ core: message.core })
        state.answerDrill = undefined
        return
      case 'run':
        state.isOpen = true
        state.answerRun = context.deferReply()
        break
      case 'drill':
        state.answerDrill = context.deferReply()
        return
    }
    if (state.isOpen) handOut(state, context)
    completeIfDone(state)
  },
})

/** Gives every idle analyser a batch, while there are any. */
function handOut(state: State, context: Context): void {
  const untilMs = context.now() + LOOK_MS_MAX
  for (const analyser of state.idle) {
    const batch = state.ledger.again(analyser) ?? nextBatch(state, analyser, () => context.now() >= untilMs)
    if (batch === 'paused') {
      if (!state.isLooking) context.self.tell({ type: 'look' })
      state.isLooking = true
      return
    }
    if (batch === undefined) return
    state.idle.delete(analyser)
    const { session, ref } = state.desks.get(analyser)!
    const fault = state.drill?.faultAt(state.handedOut)
    ref.tell({ type: 'batch', number: batch.number, session, files: batch.files, ...(fault === undefined ? {} : { fault }) })
  }
}

function nextBatch(state: State, analyser: number, isTimeUp: () => boolean): Batch | 'paused' | undefined {
  if (state.isExhausted) return undefined
  const files = state.batches.next(isTimeUp)
  if (files === 'paused') return 'paused'
  if (files === 'exhausted') {
    state.isExhausted = true
    return undefined
  }
  state.handedOut += files.length
  return state.ledger.open(analyser, files)
}

function completeIfDone(state: State): void {
  const { ledger, answerRun } = state
  const isDone = (state.isExhausted && ledger.isClear()) || state.expected === 0
  if (!isDone || answerRun === undefined) return
  state.answerRun = undefined
  answerRun({
    walk: state.walk.facts(),
    source: state.source.facts(),
    losses: ledger.losses(),
    uncounted: ledger.uncounted(),
  })
}
