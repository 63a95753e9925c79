/**
 * Drives a processor beside the event loop of its thread, so that the handler's timers, I/O and promises run.
 *
 * 1. Polls batch by batch for `SLICE_MS` at most, then lets the event loop have a round.
 * 2. With nothing to do it parks without blocking, and is rung as one that blocks is.
 * 3. Ends when it is halted, as `run` does.
 */
import type { BatchHandler, Processor } from '@cambium/ring'

/** What the loop takes from its thread. */
export interface LoopPlatform {
  readonly now: () => number
  /** A round of the event loop. */
  readonly nextRound: () => Promise<unknown>
}

/** Longest stretch of polls without a round of the event loop. */
const SLICE_MS = 1

/** `onTimeout` and the like are the handler's; a processor that is polled does not call them itself. */
export async function runBesideEvents<S>(
  processor: Processor,
  handler: BatchHandler<S>,
  timeoutMs: number,
  { now, nextRound }: LoopPlatform,
): Promise<void> {
  handler.onStart?.()
  try {
    // Ends when it is halted.
    while (!processor.isHalted) {
      const until = now() + SLICE_MS
      let count = processor.poll()
      while (count > 0 && now() < until && !processor.isHalted) count = processor.poll()
      if (count > 0) await nextRound()
      else if (!processor.isHalted) {
        const outcome = await processor.bell.parkAsync(() => processor.hasWork || processor.isHalted, timeoutMs)
        if (outcome === 'timeout') handler.onTimeout?.(processor.sequence)
      }
    }
  } finally {
    handler.onShutdown?.()
  }
}
