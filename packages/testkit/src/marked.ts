/** A message with its mark: in a heap, where it can go as an object with something beside it. */
import { NORMAL, UNSET } from '@cambium/actor'
import type { Mark } from './oracles/message-order.ts'

export class Marked {
  readonly mark: Mark
  readonly message: unknown
  /** As its sender gave it. */
  readonly sentPriority: number
  /** As its sender gave it, or its receiver's behaviour. */
  priority: number
  /** Its place among all that have come to a mailbox. */
  arrival = 0
  /** A handler has been given it; who puts it back, as an actor may that wants it later, answers for its order. */
  isTaken = false
  /** It has come back to its actor's home, and stands before all that has come since. */
  isBack = false

  constructor(mark: Mark, message: unknown, sentPriority: number) {
    this.mark = mark
    this.message = message
    this.sentPriority = sentPriority
    this.priority = sentPriority === UNSET ? NORMAL : sentPriority
  }
}

/** The message itself. */
export function unmarked(message: unknown): unknown {
  return message instanceof Marked ? message.message : message
}
