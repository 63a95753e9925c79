/**
 * A mailbox: a bounded queue of messages, each with the asker to answer or none. Up to its capacity its policy decides what enters; that is
 * the dispatcher's part.
 *
 * Order of taking:
 * 1. What was put back ({@link Mailbox.putBack}), in its order.
 * 2. High before normal before low, within one priority in order of arrival.
 * 3. No starvation: a priority whose oldest message has been passed over {@link PASSES_MAX} times is served next; low before normal should both be due.
 *
 * It is itself the queue of its normal messages. The lanes for any other are made when they are first needed: most actors never see such a message.
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

  get size(): number {
    return this.back.size + this.high.size + this.low.size
  }
}

export class Mailbox<Asker> extends MessageQueue<Asker> {
  #lanes: Lanes<Asker> | undefined = undefined

  /** Messages of every priority. */
  override get length(): number {
    const lanes = this.#lanes
    return lanes === undefined ? this.size : this.size + lanes.size
  }

  /** `priority` is {@link HIGH}, {@link NORMAL} or {@link LOW}. */
  pushAs(priority: number, message: unknown, asker: Asker | undefined): void {
    if (priority === NORMAL) this.push(message, asker)
    else {
      const lanes = (this.#lanes ??= new Lanes())
      ;(priority === HIGH ? lanes.high : lanes.low).push(message, asker)
    }
  }

  /** Puts a message before all others. Of several put the last one first. */
  putBack(message: unknown, asker: Asker | undefined): void {
    ;(this.#lanes ??= new Lanes()).back.unshift(message, asker)
  }

  /** Takes the next message out; look at `length` first. Its asker is {@link takenAsker} until the next one is taken. */
  override take(): unknown {
    const queue = this.#lanes === undefined ? this : this.#next(this.#lanes)
    return queue === this ? super.take() : this.#taken(queue, queue.take())
  }

  /** Takes out the first message, in order of taking if nothing passed another over, for which `judge` says so. Answers whether there was one; it is then `takenAsker`'s. */
  takeFirst(judge: (message: unknown, asker: Asker | undefined) => boolean): { readonly message: unknown } | undefined {
    for (const queue of this.#queues()) {
      for (let at = 0; at < queue.size; at += 1) {
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
    const length = queue?.size ?? 0
    for (let i = 0; queue !== undefined && i < length; i += 1) {
      const at = from === 'oldest' ? i : length - 1 - i
      if (judge(queue.askerAt(at))) return this.#takeAt(queue, at)
    }
    return undefined
  }

  /** Messages of one priority. */
  lengthOf(priority: number): number {
    return this.#queueOf(priority)?.size ?? 0
  }

  /** Shows every message, in no order that matters. */
  forEach(show: (message: unknown, asker: Asker | undefined) => void): void {
    for (const queue of this.#queues()) for (let at = 0; at < queue.size; at += 1) show(queue.messageAt(at), queue.askerAt(at))
  }

  /** Gives back what a flood has left of an empty mailbox, beyond the room for {@link MAILBOX_CAPACITY_DEFAULT} messages. For whoever has taken the last one. */
  override trim(): void {
    if (this.length > 0) return
    super.trim(MAILBOX_CAPACITY_DEFAULT)
    this.#lanes = undefined
  }

  #next(lanes: Lanes<Asker>): MessageQueue<Asker> {
    const { back, high, low } = lanes
    if (back.size > 0) return back
    if (low.size > 0 && (lanes.lowPassed >= PASSES_MAX || (high.size === 0 && this.size === 0))) {
      lanes.lowPassed = 0
      if (this.size > 0) lanes.normalPassed += 1
      return low
    }
    lanes.lowPassed = low.size > 0 ? lanes.lowPassed + 1 : 0
    if (this.size > 0 && (lanes.normalPassed >= PASSES_MAX || high.size === 0)) {
      lanes.normalPassed = 0
      return this
    }
    lanes.normalPassed = this.size > 0 ? lanes.normalPassed + 1 : 0
    return high
  }

  #queues(): readonly MessageQueue<Asker>[] {
    const lanes = this.#lanes
    return lanes === undefined ? [this] : [lanes.back, lanes.high, this, lanes.low]
  }

  #queueOf(priority: number): MessageQueue<Asker> | undefined {
    return priority === NORMAL ? this : priority === HIGH ? this.#lanes?.high : priority === LOW ? this.#lanes?.low : undefined
  }

  #takeAt(queue: MessageQueue<Asker>, at: number): { readonly message: unknown } {
    const message = queue.takeAt(at)
    return { message: queue === this ? message : this.#taken(queue, message) }
  }

  /** The asker is this mailbox's; a lane would keep it alive. */
  #taken(queue: MessageQueue<Asker>, message: unknown): unknown {
    this.takenAsker = queue.takenAsker
    queue.takenAsker = undefined
    return message
  }
}
