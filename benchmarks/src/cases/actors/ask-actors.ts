/** The two ends of asks: a server that answers, and an asker that is an actor itself. */
import { defineActor } from 'cambium'
import type { Behaviour, Ref } from 'cambium'
import type { CurvePoint } from '../../case.ts'
import { createLatencyHistogram } from '../latency-histogram.ts'
import { nowNs } from './messages.ts'

export interface Question {
  readonly type: 'get'
  readonly id: number
  readonly value: number
}

export interface Answer {
  readonly id: number
  readonly value: number
}

export type ServerMessage = Question | { readonly type: 'count' }
export type ServerReply = Answer | number

/** What a server answers; both ends of every transport agree on it. */
export function answerTo({ id, value }: Question): Answer {
  return { id, value: value + 1 }
}

export function questionOf(id: number): Question {
  return { type: 'get', id, value: id & 1023 }
}

/** Sum of the ids and values of the answers to questions 0 to `count` - 1. */
export function answersChecksum(count: number): number {
  let checksum = 0
  for (let id = 0; id < count; id += 1) checksum = (checksum + id + (id & 1023) + 1) | 0
  return checksum
}

export const server: Behaviour<null, ServerMessage, ServerReply> = defineActor<
  null,
  ServerMessage,
  ServerReply,
  { count: number }
>(import.meta.url, 'server', {
  init: () => ({ count: 0 }),
  receive(state, message, context) {
    if (message.type === 'count') {
      context.reply(state.count)
      state.count = 0
      return
    }
    state.count += 1
    context.reply(answerTo(message))
  },
})

export interface AskTally {
  readonly startNs: number
  readonly endNs: number
  readonly checksum: number
  /** Of a closed loop. */
  readonly metrics?: Readonly<Record<string, number>>
  readonly curve?: readonly CurvePoint[]
}

/** One ask after another; each is timed. */
async function askInTurn(target: Ref<ServerMessage, ServerReply>, count: number): Promise<AskTally> {
  const histogram = createLatencyHistogram()
  const startNs = nowNs()
  let checksum = 0
  for (let sequence = 0; sequence < count; sequence += 1) {
    const askedAt = performance.now()
    const { id, value } = (await target.ask(questionOf(sequence))) as Answer
    histogram.record((performance.now() - askedAt) * 1e6)
    checksum = (checksum + id + value) | 0
  }
  return { startNs, endNs: nowNs(), checksum, metrics: histogram.metrics(), curve: histogram.curve() }
}

/** `inFlight` loops side by side, so that so many asks are under way at any time. */
async function askAtOnce(target: Ref<ServerMessage, ServerReply>, count: number, inFlight: number): Promise<AskTally> {
  let next = 0
  let checksum = 0
  const loop = async (): Promise<void> => {
    while (next < count) {
      const question = questionOf(next)
      next += 1
      const { id, value } = (await target.ask(question)) as Answer
      checksum = (checksum + id + value) | 0
    }
  }
  const startNs = nowNs()
  await Promise.all(Array.from({ length: inFlight }, loop))
  return { startNs, endNs: nowNs(), checksum }
}

/** How asks are sent, and what is timed. */
export interface AskPace {
  /** Asks under way at any time; 1 is a closed loop. */
  readonly inFlight: number
  /** Each ask of a closed loop, which costs two looks at the clock, or all asks together. */
  readonly timed: 'each' | 'together'
}

export function askAll(target: Ref<ServerMessage, ServerReply>, count: number, pace: AskPace): Promise<AskTally> {
  return pace.timed === 'each' ? askInTurn(target, count) : askAtOnce(target, count, pace.inFlight)
}

export interface AskOrder extends AskPace {
  readonly target: Ref<ServerMessage, ServerReply>
  readonly count: number
}

/** Asks as any actor would: `await` in an asynchronous handler. */
export const asker: Behaviour<null, AskOrder, AskTally> = defineActor<null, AskOrder, AskTally>(import.meta.url, 'asker', {
  init: () => null,
  async receive(_state, { target, count, inFlight, timed }, context) {
    context.reply(await askAll(target, count, { inFlight, timed }))
  },
})
