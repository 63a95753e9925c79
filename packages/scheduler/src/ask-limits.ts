/** An ask begins to wait: what ends it when nobody answers, and which handler waits for it. */
import { BUSY, READY } from './actor-cell.ts'
import type { PendingAsk } from './asks.ts'
import type { Dispatcher } from './dispatcher.ts'
import { Hand } from './hand.ts'
import type { Replies } from './replies.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** Whoever is running now waits for the answer, as far as can be told. */
export function awaitAsk(host: { readonly dispatcher: Dispatcher; now(): number }, ask: PendingAsk): void {
  const cell = host.dispatcher.sending
  if (cell === undefined || (cell.status !== READY && cell.status !== BUSY)) return
  ask.askedAt = host.now()
  ask.owner = cell
  ;(cell.hand ??= new Hand(undefined)).addAsk(ask)
}

/** Its time is Infinity for none; what it says when that is over it knows itself. */
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
