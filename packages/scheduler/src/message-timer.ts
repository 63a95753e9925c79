/** A timer that an actor set for itself: a message to one incarnation. It lies in the mailbox as its own asker, so that a cancel after the expiry still holds. */
import type { ActorCell } from './actor-cell.ts'
import { Timer } from './timer-wheel.ts'
import type { TimerWheel } from './timer-wheel.ts'

export class MessageTimer extends Timer {
  readonly cell: ActorCell
  readonly incarnation: number
  readonly key: string
  readonly message: unknown
  /** Period in milliseconds; 0 fires once. */
  readonly repeatMs: number
  isCancelled = false
  /** Its message lies in the mailbox. */
  isQueued = false
  readonly #deliver: (timer: MessageTimer) => void

  constructor(cell: ActorCell, key: string, message: unknown, repeatMs: number, deliver: (timer: MessageTimer) => void) {
    super()
    this.cell = cell
    this.incarnation = cell.incarnation
    this.key = key
    this.message = message
    this.repeatMs = repeatMs
    this.#deliver = deliver
  }

  /** Its message is out of the mailbox, to be handled. */
  taken(): void {
    this.isQueued = false
    const { timers } = this.cell
    if (this.repeatMs === 0 && timers?.get(this.key) === this) timers.delete(this.key)
  }

  override fire(): void {
    this.#deliver(this)
  }
}

export interface MessageTimersHost {
  readonly wheel: TimerWheel
  readonly platform: { now(): number }
  readonly dispatcher: { deliverTimer(timer: MessageTimer): void }
}

/** A timer of the actor's present incarnation, known by its key and not started yet. */
export function createMessageTimer(
  host: MessageTimersHost,
  cell: ActorCell,
  key: string,
  message: unknown,
  repeatMs: number,
): MessageTimer {
  const timer = new MessageTimer(cell, key, message, repeatMs, (expired) => {
    if (expired.repeatMs > 0) {
      // Periods that went by unseen are not made up for, or a machine that slept an hour would spend its first turn on them.
      const missed = Math.floor((host.platform.now() - expired.due) / expired.repeatMs)
      host.wheel.start(expired, expired.due + (Math.max(0, missed) + 1) * expired.repeatMs)
    }
    host.dispatcher.deliverTimer(expired)
  })
  ;(cell.timers ??= new Map()).set(key, timer)
  return timer
}
