/** What a stage's thread is told at its start, and what it says back. Plain data. */
import type { ErrorRecord } from '@cambium/base'
import type { HandlerModule, LayoutFields, NodeDescriptor, SlotRingDescriptor } from '@cambium/ring'

/** The names of the ring's wait strategies; or `events`: beside the thread's event loop. */
export type StageWait = 'adaptive' | 'blocking' | 'busySpin' | 'yielding' | 'backoff' | 'events'

export const STAGE_WAITS: readonly StageWait[] = ['adaptive', 'blocking', 'busySpin', 'yielding', 'backoff', 'events']

/** How the thread gets to its place: a node of the graph; a consumer that joins behind others; or one that succeeds to a joiner's place. */
export type StageSeat =
  | { readonly kind: 'node'; readonly node: NodeDescriptor }
  | { readonly kind: 'join'; readonly ring: SlotRingDescriptor; readonly after: readonly number[] }
  | { readonly kind: 'succeed'; readonly ring: SlotRingDescriptor; readonly place: number }

export interface StageSetting {
  readonly stage: string
  /** Of a pool's workers, which one: 0, 1 … */
  readonly worker: number
  readonly seat: StageSeat
  readonly module: HandlerModule
  readonly fields: LayoutFields
  readonly owner: number
  readonly wait: StageWait
  /** Longest wait before the handler is told that nothing came. */
  readonly timeoutMs: number
  readonly maxBatch: number | undefined
}

export interface StageTally {
  /** Records handled, failed ones included. */
  readonly handled: number
  /** Records whose handler threw. */
  readonly failed: number
  /** Slots passed over because their producer gave them up. */
  readonly skipped: number
}

/** What a thread has done so far. */
export interface StageProgress {
  readonly tally: StageTally
  /** The last sequence that the tally covers. */
  readonly sequence: number
}

/** `ready` before the first record; `failed` with what its loop threw; `ended` when the loop has ended, or its thread ends in the middle of it. */
export type StageMessage =
  | { readonly type: 'ready'; readonly place: number; readonly progress: StageProgress }
  | { readonly type: 'failed'; readonly error: ErrorRecord }
  | { readonly type: 'ended'; readonly progress: StageProgress }
