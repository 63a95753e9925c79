/** A timer that an actor set for itself: a message to one incarnation. It lies in the mailbox as its own asker, so that a cancel after the expiry still holds. */
import type { ActorCell } from './actor-cell.ts'
import { Timer } from './timer-wheel.ts'

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
