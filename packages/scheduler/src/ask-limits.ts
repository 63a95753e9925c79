/** What ends an ask that nobody answers: its time, and its signal. */
import type { PendingAsk } from './asks.ts'
import type { Replies } from './replies.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** An ask begins to wait. Its time is Infinity for none; what it says when that is over it knows itself. */
export function limitAsk(
  host: { readonly wheel: TimerWheel; now(): number },
  replies: Replies,
  ask: PendingAsk,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): void {
  if (timeoutMs !== Infinity) host.wheel.start(ask, host.now() + timeoutMs)
  if (signal === undefined) return
  const onAbort = (): void => {
    replies.failAsk(ask, signal.reason as Error)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  ask.onSettled = () => {
    signal.removeEventListener('abort', onAbort)
  }
}
