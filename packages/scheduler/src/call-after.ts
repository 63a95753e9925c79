/** A callback for later, for whoever has nothing but a ref: code of an actor, or outside. */
import type { Dispatcher } from './dispatcher.ts'
import { CallbackTimer } from './timer-wheel.ts'
import type { TimerWheel } from './timer-wheel.ts'

export interface CallAfterHost {
  readonly dispatcher: Dispatcher
  readonly wheel: TimerWheel
  now(): number
}

/** Nothing of an incarnation goes on when it has ended: its callbacks never come. What is returned takes the callback back. */
export function callAfter(host: CallAfterHost, delayMs: number, callback: () => void): () => void {
  const cell = host.dispatcher.sending
  const context = cell?.context
  const timer = new CallbackTimer(() => {
    if (cell === undefined || cell.context === context) callback()
  })
  host.wheel.start(timer, host.now() + delayMs)
  return () => {
    host.wheel.cancel(timer)
  }
}
