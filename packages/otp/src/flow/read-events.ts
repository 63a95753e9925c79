/** Events for plain code: as an async iterator and as a Web stream. Whoever reads sets the pace. */
import { ReadableStream } from 'node:stream/web'
import { CambiumError, checkFields, fromErrorRecord } from '@cambium/base'
import type { System } from '@cambium/runtime'
import type { ProducerRef } from './stage-protocol.ts'
import { checkSystem } from './check-system.ts'
import { checkSubscription } from './subscription.ts'
import type { Subscription } from './subscription.ts'
import { tap } from './tap.ts'
import type { TapReply } from './tap.ts'

export interface ReadOptions extends Pick<
  Subscription<unknown>,
  'maxDemand' | 'minDemand' | 'resubscribe' | 'selection' | 'partition'
> {
  /** Ends the reading; the wait for the next event rejects with its reason. */
  readonly signal?: AbortSignal
}

const FIELDS = ['maxDemand', 'minDemand', 'resubscribe', 'selection', 'partition', 'signal']

/**
 * The events of a producer, for `for await`. It subscribes when the first is asked for, and ends when the producer is done. At most `maxDemand` events are out
 * of the producer's hands; one counts as handled when the reader has come back after it and all that came with it. On `break`, `return()`, a throw in the
 * loop, or an abort the demand is given back; what had come and was not read are dead letters `stopped`.
 *
 * Throws `ERR_DEMAND`, `ERR_OPTION`. Rejects with why the producer ended, if it was not done: its own crash, or `ERR_PRODUCER_LOST`; with `ERR_PARTITION`,
 * `ERR_SUBSCRIBERS_FULL`; with the abort reason; with `ERR_SYSTEM_CLOSED`.
 */
export function readEvents<Event>(
  system: System,
  producer: ProducerRef<Event>,
  options: ReadOptions = {},
): AsyncIterableIterator<Event, undefined> {
  checkSystem(system)
  checkFields('options', options, FIELDS)
  const { signal, ...rest } = options
  signal?.throwIfAborted()
  const subscription: Subscription<Event> = { to: producer, ...rest, cancel: 'temporary' }
  checkSubscription(subscription, undefined)
  const closing = new AbortController()
  const events = read(system, subscription, signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]))
  const end = { done: true, value: undefined } as const
  const next = async (): Promise<IteratorResult<Event, undefined>> => {
    try {
      return await events.next()
    } catch (error) {
      if (closing.signal.aborted) return end // it was asked to end while it waited
      throw error
    }
  }
  const close = async (): Promise<typeof end> => {
    closing.abort()
    await events.return(undefined).catch(() => {}) // why it waited no longer is known
    return end
  }
  return {
    next,
    return: close,
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** The same as a stream that asks for no more than is read: {@link readEvents} says the rest. */
export function readableStream<Event>(
  system: System,
  producer: ProducerRef<Event>,
  options: ReadOptions = {},
): ReadableStream<Event> {
  const events = readEvents(system, producer, options)
  return new ReadableStream<Event>(
    {
      async pull(controller) {
        const { done, value } = await events.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await events.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

async function* read<Event>(
  system: System,
  subscription: Subscription<Event>,
  signal: AbortSignal,
): AsyncGenerator<Event, undefined> {
  signal.throwIfAborted()
  const ref = await system.spawn(tap, subscription, { core: 0, restart: 'temporary' })
  try {
    for (;;) {
      const reply = (await ref.ask({ type: 'pull' }, { timeoutMs: Infinity, signal })) as TapReply
      if ('end' in reply) {
        if (reply.error !== undefined) throw fromErrorRecord(reply.error)
        return undefined
      }
      for (const event of reply.events) {
        yield event as Event
        signal.throwIfAborted()
      }
    }
  } finally {
    await system.stop(ref).catch(unlessGone)
  }
}

/** It may have ended by itself, or with its system. */
function unlessGone(error: unknown): void {
  if (!(error instanceof CambiumError) || !['ERR_NO_SUCH_ACTOR', 'ERR_SYSTEM_CLOSED'].includes(error.code)) throw error
}
