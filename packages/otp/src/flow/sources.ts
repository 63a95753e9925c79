/** The subscriptions of one incarnation of a stage, as an actor sees them: whom they go to, what watches them, who waits for them to begin. */
import { isRef } from '@cambium/actor'
import type { ActorContext, AnyRef, ExitReason, GivenReason, Monitor } from '@cambium/actor'
import { CambiumError, optionError, toErrorRecord } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import { producerLost } from './flow-errors.ts'
import type { SourceEnd } from './stage-core.ts'
import type { ConnectReply, OwnMessage, ProducerMessage, ProducerRef } from './stage-protocol.ts'
import type { CheckedSubscription } from './subscription.ts'

/** How long a producer may take to answer a subscription, its restart included, and how long its name is looked for, in milliseconds. */
const SUBSCRIBE_TIMEOUT_MS = 60_000
const FIND_TIMEOUT_MS = 5000
const FIND_DELAY_MS = 10

export interface SourceEntry {
  readonly id: number
  readonly subscription: CheckedSubscription
  /** Who waits for it to begin. */
  readonly answer: ((reply: ConnectReply) => void) | undefined
  ref: ProducerRef<unknown> | undefined
  monitor: Monitor | undefined
  /** Why it ended. */
  reason: ExitReason
}

export class Sources {
  readonly #context: ActorContext
  readonly #entries = new Map<number, SourceEntry>()
  readonly #byMonitor = new Map<Monitor, SourceEntry>()

  constructor(context: ActorContext) {
    this.#context = context
  }

  get(id: number): SourceEntry | undefined {
    return this.#entries.get(id)
  }

  byMonitor(monitor: Monitor): SourceEntry | undefined {
    return this.#byMonitor.get(monitor)
  }

  enter(subscription: CheckedSubscription, answer?: (reply: ConnectReply) => void): SourceEntry {
    const id = Math.floor(this.#context.random() * 2 ** 52)
    const entry: SourceEntry = { id, subscription, answer, ref: undefined, monitor: undefined, reason: { kind: 'normal' } }
    this.#entries.set(id, entry)
    return entry
  }

  /** Asks the producer; what comes of it is told to the stage itself as `subscribed`. A name that nobody has is looked for again by `find`. */
  request(entry: SourceEntry, delayMs: number = FIND_DELAY_MS): void {
    const { to, source, selection, partition } = entry.subscription
    entry.ref = isRef(to) ? (to as unknown as ProducerRef<unknown>) : this.#context.whereis(to as string)
    if (entry.ref === undefined) {
      this.#find(entry, delayMs)
      return
    }
    const { id } = entry
    const { self, signal } = this.#context
    const tell = (answer: boolean | ErrorRecord): void => {
      if (!signal.aborted) self.tell({ $flow: 'subscribed', id, answer } satisfies OwnMessage)
    }
    const message: ProducerMessage<unknown> = {
      $flow: 'subscribe',
      id,
      from: self,
      maxDemand: source.maxDemand,
      selection,
      partition,
    }
    // Not awaited: a circle of stages that subscribe to each other is none of asks.
    entry.ref.ask(message, { awaited: false, timeoutMs: SUBSCRIBE_TIMEOUT_MS, signal }).then(
      (reply) => {
        const isAnswer = typeof reply === 'boolean' || isErrorRecord(reply)
        tell(
          isAnswer
            ? reply
            : toErrorRecord(optionError('subscription.to', nameOf(entry), 'a producer; its answer is none of one')),
        )
      },
      (error: unknown) => {
        tell(toErrorRecord(error))
      },
    )
  }

  /** From now on its end is told. */
  watch(entry: SourceEntry): void {
    entry.monitor = this.#context.monitor(entry.ref as AnyRef)
    this.#byMonitor.set(entry.monitor, entry)
  }

  forget(entry: SourceEntry): void {
    this.#entries.delete(entry.id)
    if (entry.monitor === undefined) return
    this.#byMonitor.delete(entry.monitor)
    this.#context.demonitor(entry.monitor, { flush: true })
  }

  #find(entry: SourceEntry, delayMs: number): void {
    const { id } = entry
    if (delayMs > FIND_TIMEOUT_MS / 2) {
      const why = `nobody had the name for ${FIND_TIMEOUT_MS} ms`
      const error = toErrorRecord(producerLost(nameOf(entry), why))
      this.#context.self.tell({ $flow: 'subscribed', id, answer: error } satisfies OwnMessage)
      return
    }
    // Delays double, so all of them together are twice the last.
    const message: OwnMessage = { $flow: 'find', id, delayMs: delayMs * 2 }
    this.#context.setTimer(`$flow.find.${id}`, delayMs, message)
  }
}

function nameOf({ subscription: { to } }: SourceEntry): string {
  return typeof to === 'string' ? to : to.toString()
}

function isErrorRecord(reply: unknown): reply is ErrorRecord {
  const { code, message } = Object(reply) as Partial<ErrorRecord>
  return typeof code === 'string' && typeof message === 'string'
}

export function endOf({ kind }: ExitReason): SourceEnd {
  return kind === 'normal' || kind === 'shutdown' ? 'normal' : 'abnormal'
}

/** With what a stage ends because this subscription has. */
export function reasonOf(entry: SourceEntry): Error | GivenReason {
  const { reason } = entry
  if (reason.kind === 'normal' || reason.kind === 'shutdown' || reason.kind === 'crash') return reason
  return producerLost(nameOf(entry), `reason=${reason.kind}`)
}

export function crashOf(record: ErrorRecord): ExitReason {
  return { kind: 'crash', error: record }
}

/** For a subscription whose producer knows nothing of it. */
export function unknownTo(producer: string): ErrorRecord {
  return toErrorRecord(producerLost(producer, 'it was restarted meanwhile'))
}

/** Whether that is a mistake in demand, for which the asking side answers. */
export function isDemandError(error: unknown): error is CambiumError {
  return error instanceof CambiumError && error.code === 'ERR_DEMAND'
}
