/**
 * A mailbox: a bounded queue of messages, each with the asker to answer or none. Up to its capacity its policy decides what enters; that is
 * the dispatcher's part.
 *
 * Order of taking:
 * 1. What was put back ({@link Mailbox.putBack}), in its order.
 * 2. High before normal before low, within one priority in order of arrival.
 * 3. No starvation: a priority whose oldest message has been passed over {@link PASSES_MAX} times is served next; low before normal should both be due.
 *
 * The lanes for anything but normal messages are made when they are first needed: most actors never see such a message.
 */
import { MAILBOX_CAPACITY_DEFAULT } from './mailbox-options.ts'
import { MessageQueue } from './message-queue.ts'
import { HIGH, LOW, NORMAL } from './priority.ts'

/** So often a waiting priority is passed over by more urgent messages before it is served. */
export const PASSES_MAX = 32

class Lanes<Asker> {
  readonly back: MessageQueue<Asker> = new MessageQueue()
  readonly high: MessageQueue<Asker> = new MessageQueue()
  readonly low: MessageQueue<Asker> = new MessageQueue()
  normalPassed = 0
  lowPassed = 0
}

export class Mailbox<Asker> {
  length = 0
  takenAsker: Asker | undefined = undefined
  readonly #normal: MessageQueue<Asker> = new MessageQueue()
  #lanes: Lanes<Asker> | undefined = undefined

  push(message: unknown, asker: Asker | undefined): void {
    this.length += 1
    this.#normal.push(message, asker)
  }

  /** `priority` is {@link HIGH}, {@link NORMAL} or {@link LOW}. */
  pushAs(priority: number, message: unknown, asker: Asker | undefined): void {
    this.length += 1
    if (priority === NORMAL) this.#normal.push(message, asker)
    else {
      const lanes = (this.#lanes ??= new Lanes())
      ;(priority === HIGH ? lanes.high : lanes.low).push(message, asker)
    }
  }

  /** Puts a message before all others. Of several put the last one first. */
  putBack(message: unknown, asker: Asker | undefined): void {
    this.length += 1
    ;(this.#lanes ??= new Lanes()).back.unshift(message, asker)
  }

  /** Takes the next message out; look at `length` first. Its asker is {@link takenAsker} until the next one is taken. */
  take(): unknown {
    const queue = this.#lanes === undefined ? this.#normal : this.#next(this.#lanes)
    this.length -= 1
    const message = queue.take()
    this.takenAsker = queue.takenAsker
    queue.takenAsker = undefined // or an idle actor would keep its last asker alive
    return message
  }

  /** Takes out the first message, in order of taking if nothing passed another over, for which `judge` says so. Answers whether there was one; it is then `takenAsker`'s. */
  takeFirst(judge: (message: unknown, asker: Asker | undefined) => boolean): { readonly message: unknown } | undefined {
    for (const queue of this.#queues()) {
      for (let at = 0; at < queue.length; at += 1) {
        if (judge(queue.messageAt(at), queue.askerAt(at))) return this.#takeAt(queue, at)
      }
    }
    return undefined
  }

  /** Takes out the oldest or the newest message of one priority for which `judge` says so. */
  takeOf(
    priority: number,
    from: 'oldest' | 'newest',
    judge: (asker: Asker | undefined) => boolean,
  ): { readonly message: unknown } | undefined {
    const queue = this.#queueOf(priority)
    const length = queue?.length ?? 0
    for (let i = 0; queue !== undefined && i < length; i += 1) {
      const at = from === 'oldest' ? i : length - 1 - i
      if (judge(queue.askerAt(at))) return this.#takeAt(queue, at)
    }
    return undefined
  }

  /** Messages of one priority. */
  lengthOf(priority: number): number {
    return this.#queueOf(priority)?.length ?? 0
  }

  /** Shows every message, in no order that matters. */
  forEach(show: (message: unknown, asker: Asker | undefined) => void): void {
    for (const queue of this.#queues()) for (let at = 0; at < queue.length; at += 1) show(queue.messageAt(at), queue.askerAt(at))
  }

  /** Gives back what a flood has left of an empty mailbox, beyond the room for {@link MAILBOX_CAPACITY_DEFAULT} messages. For whoever has taken the last one. */
  trim(): void {
    if (this.length > 0) return
    this.#normal.trim(MAILBOX_CAPACITY_DEFAULT)
    this.#lanes = undefined
  }

  /** Normal messages for which there is room without growing. */
  get room(): number {
    return this.#normal.room
  }

  #next(lanes: Lanes<Asker>): MessageQueue<Asker> {
    const { back, high, low } = lanes
    const normal = this.#normal
    if (back.length > 0) return back
    if (low.length > 0 && (lanes.lowPassed >= PASSES_MAX || (high.length === 0 && normal.length === 0))) {
      lanes.lowPassed = 0
      if (normal.length > 0) lanes.normalPassed += 1
      return low
    }
    lanes.lowPassed = low.length > 0 ? lanes.lowPassed + 1 : 0
    if (normal.length > 0 && (lanes.normalPassed >= PASSES_MAX || high.length === 0)) {
      lanes.normalPassed = 0
      return normal
    }
    lanes.normalPassed = normal.length > 0 ? lanes.normalPassed + 1 : 0
    return high
  }

  #queues(): readonly MessageQueue<Asker>[] {
    const lanes = this.#lanes
    return lanes === undefined ? [this.#normal] : [lanes.back, lanes.high, this.#normal, lanes.low]
  }

  #queueOf(priority: number): MessageQueue<Asker> | undefined {
    return priority === NORMAL
      ? this.#normal
      : priority === HIGH
        ? this.#lanes?.high
        : priority === LOW
          ? this.#lanes?.low
          : undefined
  }

  #takeAt(queue: MessageQueue<Asker>, at: number): { readonly message: unknown } {
    const message = queue.takeAt(at)
    this.length -= 1
    this.takenAsker = queue.takenAsker
    queue.takenAsker = undefined
    return { message }
  }
}
