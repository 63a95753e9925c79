/**
 * What is noted of an actor's messages while somebody observes it: statistics, a trace, the last events. It stands before the actor's program, so an
 * actor that nobody observes pays nothing, and turning it on or off touches no message (C-51).
 */
import type { ActorContext, Program } from '@cambium/actor'
import { toErrorRecord } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import { keepMessage } from '@cambium/codec'
import type { ActorCell } from './actor-cell.ts'
import type { SentCount } from './sent-count.ts'
import { Showing } from './showing.ts'
import type { SignalWays } from './signals.ts'

/** Events that a log keeps. */
export const LOG_EVENTS_MAX = 1000
/** Trace events shown per second; the next one says how many were left out. */
const TRACED_PER_SECOND_MAX = 1000

export interface ActorEvent {
  /** Milliseconds of the system's clock when the handling began. */
  readonly atMs: number
  readonly message: unknown
  readonly isAsked: boolean
  readonly outcome: 'handled' | 'crashed'
  readonly tookMs: number
  /** What a crash said. */
  readonly error?: string
}

export interface ActorStatistics {
  readonly sinceMs: number
  readonly nowMs: number
  /** Messages whose handling has begun, ended well, and crashed. */
  readonly begun: number
  readonly handled: number
  readonly crashed: number
  readonly asked: number
  /** Messages that it has told, sent or asked of others; replies are not among them. */
  readonly sent: number
  /** From the beginning of a handler to its end, waiting included. */
  readonly busyMs: number
  readonly longestMs: number
  /** In the mailbox now. */
  readonly queued: number
}

type AnyProgram = Program<unknown, unknown, unknown, unknown>

export interface ObservationHost {
  readonly router: SignalWays
  readonly sentCount: SentCount
  now(): number
}

export class Observation {
  /** The actor's own program. */
  program: AnyProgram | undefined = undefined
  isTraced = false
  readonly #cell: ActorCell
  readonly #host: ObservationHost
  readonly #traced = new Showing(TRACED_PER_SECOND_MAX)
  #sinceMs: number | undefined = undefined
  #begun = 0
  #handled = 0
  #crashed = 0
  #asked = 0
  #sent = 0
  #busyMs = 0
  #longestMs = 0
  #kept = 0
  #log: ActorEvent[] = []

  constructor(cell: ActorCell, host: ObservationHost) {
    this.#cell = cell
    this.#host = host
  }

  get isOn(): boolean {
    return this.isTraced || this.isCounting || this.isLogging
  }

  get isCounting(): boolean {
    return this.#sinceMs !== undefined
  }

  get isLogging(): boolean {
    return this.#kept > 0
  }

  get events(): readonly ActorEvent[] {
    return [...this.#log]
  }

  /** Counts from now on; undefined ends it. Turned on again it goes on as it is. */
  countFrom(nowMs: number | undefined): void {
    if ((nowMs === undefined) === (this.#sinceMs === undefined)) return
    if (nowMs === undefined) this.#host.sentCount.end()
    else this.#host.sentCount.begin()
    this.#sinceMs = nowMs
    this.#begun = 0
    this.#handled = 0
    this.#crashed = 0
    this.#asked = 0
    this.#sent = 0
    this.#busyMs = 0
    this.#longestMs = 0
  }

  statistics(cell: ActorCell, nowMs: number): ActorStatistics | undefined {
    if (this.#sinceMs === undefined) return undefined
    return {
      sinceMs: this.#sinceMs,
      nowMs,
      begun: this.#begun,
      handled: this.#handled,
      crashed: this.#crashed,
      asked: this.#asked,
      sent: this.#sent,
      busyMs: this.#busyMs,
      longestMs: this.#longestMs,
      queued: cell.mailbox?.length ?? 0,
    }
  }

  /** The actor has sent one message. */
  noteSent(): void {
    this.#sent += 1
  }

  /** The incarnation has ended, and with it whatever was turned on. */
  end(): void {
    this.countFrom(undefined)
    this.#cell.observation = undefined
  }

  /** Keeps the last `events` from now on; 0 keeps none. */
  keep(events: number): void {
    this.#kept = events
    this.#log = events === 0 ? [] : this.#log.slice(-events)
  }

  /** A program that does what `program` does, and tells. */
  before(program: AnyProgram): AnyProgram {
    this.program = program
    const receive = (state: unknown, message: unknown, context: ActorContext): unknown => {
      const atMs = this.#host.now()
      const { isAsked } = context
      this.#begun += 1
      if (isAsked) this.#asked += 1
      const kept = keepMessage(message)
      const end = (error?: { readonly thrown: unknown }): void => {
        this.#ended(kept, isAsked, atMs, error)
      }
      let result: unknown
      try {
        result = program.receive(state, message, context)
      } catch (thrown) {
        end({ thrown })
        throw thrown
      }
      if (!(result instanceof Promise)) {
        end()
        return result
      }
      // Beside the core's own look at it; a promise may have a `then` of its own, and it may throw.
      void Promise.prototype.then.call(
        result,
        () => {
          end()
        },
        (thrown: unknown) => {
          end({ thrown })
        },
      )
      return result
    }
    return Object.create(program, { receive: { value: receive } }) as AnyProgram
  }

  #ended(message: unknown, isAsked: boolean, atMs: number, error: { readonly thrown: unknown } | undefined): void {
    const tookMs = this.#host.now() - atMs
    if (error === undefined) this.#handled += 1
    else this.#crashed += 1
    this.#busyMs += tookMs
    this.#longestMs = Math.max(this.#longestMs, tookMs)
    if (!this.isLogging && !this.isTraced) return
    const outcome = error === undefined ? 'handled' : 'crashed'
    const text = error === undefined ? {} : { error: toErrorRecord(error.thrown).message }
    const event: ActorEvent = { atMs, message, isAsked, outcome, tookMs, ...text }
    if (this.isLogging) {
      this.#log.push(event)
      if (this.#log.length > this.#kept) this.#log.shift()
    }
    if (this.isTraced) this.#trace(event)
  }

  #trace(event: ActorEvent): void {
    const leftOut = this.#traced.show(this.#host.now())
    if (leftOut === undefined) return
    const { core, slot, generation, name } = this.#cell
    const actor: ActorAddress = { core, slot, generation }
    const { message, ...rest } = event
    const send = (shown: unknown): void => {
      this.#host.router.toRoot({
        type: 'news',
        news: { event: 'trace', detail: { actor, name, ...rest, message: shown, leftOut } },
      })
    }
    try {
      send(message)
    } catch (error) {
      send(`not shown: ${toErrorRecord(error).message}`)
    }
  }
}
