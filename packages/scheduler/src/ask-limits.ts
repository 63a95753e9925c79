/** An ask begins to wait: what ends it when nobody answers, and which handler waits for it. */
import { BUSY, READY } from './actor-cell.ts'
import type { AskTable, PendingAsk } from './asks.ts'
import type { Dispatcher } from './dispatcher.ts'
import { Hand } from './hand.ts'
import type { Replies } from './replies.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** Whoever is running now waits for the answer, as far as can be told. Answers the number of the chain of calls that the ask goes on with, 0 for none. */
export function awaitAsk(host: AskerHost, ask: PendingAsk, nowMs: number): number {
  const cell = host.dispatcher.sending
  if (cell === undefined || (cell.status !== READY && cell.status !== BUSY)) return 0
  ask.askedAt = nowMs
  ask.owner = cell
  const hand = (cell.hand ??= new Hand(undefined))
  hand.addAsk(ask)
  if (cell.isReentrant && hand.chain === 0) hand.chain = host.asks.nextChain(host.coreNumber)
  ask.chain = hand.chain
  return ask.chain
}

export interface AskerHost {
  readonly coreNumber: number
  readonly dispatcher: Dispatcher
  readonly asks: AskTable
}

/** `dueMs` is Infinity for no limit; what it says when its time is over it knows itself. */
export function limitAsk(
  host: { readonly wheel: TimerWheel },
  replies: Replies,
  ask: PendingAsk,
  dueMs: number,
  signal: AbortSignal | undefined,
): void {
  if (dueMs !== Infinity) host.wheel.start(ask, dueMs)
  if (signal === undefined) return
  const onAbort = (): void => {
    replies.failAsk(ask, signal.reason as Error)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  ask.onSettled = () => {
    signal.removeEventListener('abort', onAbort)
  }
}
