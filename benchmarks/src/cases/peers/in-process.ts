/** nact and xstate: actors within one thread, told and asked as their documentation shows. */
import { dispatch, query, spawn, start, stop } from 'nact'
import { createActor, fromTransition } from 'xstate'
import type { RoundOutcome } from '../../case.ts'
import { answersChecksum, answerTo, questionOf } from '../actors/ask-actors.ts'
import type { Answer, Question } from '../actors/ask-actors.ts'
import { checksumOf, messagesOf, nowNs } from '../actors/messages.ts'
import type { Message } from '../actors/messages.ts'

export interface InProcessSpec {
  /** Messages told, or questions asked. */
  readonly messages: number
  readonly warmup: number
  /** nact: messages told before the sink is asked how far it is, for its mailbox has no bound. */
  readonly chunk: number
}

interface Tally {
  count: number
  checksum: number
}

/** To its users a ref of nact is an object without properties. */
type NactRef = object

interface TallyRequest {
  readonly type: 'tally'
  readonly sender: NactRef
}

const QUERY_MS_MAX = 60_000

export async function runNactTell({ messages, warmup, chunk }: InProcessSpec): Promise<RoundOutcome> {
  const { build, check } = messagesOf('small')
  const stream = async (count: number): Promise<Tally & { ns: number }> => {
    const system = start()
    const receive = (state: Tally, message: Message | TallyRequest): Tally => {
      if (message.type === 'tally') {
        dispatch(message.sender, { ...state })
        return state
      }
      state.checksum = check(message, state.checksum)
      state.count += 1
      return state
    }
    const sink = spawn(system, receive, 'sink', { initialState: { count: 0, checksum: 0 } })
    const tally = async (): Promise<Tally> =>
      (await query(sink, (sender: NactRef): TallyRequest => ({ type: 'tally', sender }), QUERY_MS_MAX)) as Tally
    const startNs = nowNs()
    for (let id = 0; id < count;) {
      for (const until = Math.min(count, id + chunk); id < until; id += 1) dispatch(sink, build(id))
      await tally()
    }
    const ns = nowNs() - startNs
    const result = await tally()
    stop(system)
    return { ...result, ns }
  }
  await stream(warmup)
  return tellOutcome(await stream(messages), messages)
}

interface NactQuestion extends Question {
  readonly sender: NactRef
}

/** One query after another. */
export async function runNactAsk({ messages, warmup }: InProcessSpec): Promise<RoundOutcome> {
  const ask = async (count: number): Promise<Tally & { ns: number }> => {
    const system = start()
    let served = 0
    const receive = (_state: undefined, question: NactQuestion): undefined => {
      served += 1
      dispatch(question.sender, answerTo(question))
    }
    const server = spawn(system, receive, 'server')
    let checksum = 0
    const startNs = nowNs()
    for (let sequence = 0; sequence < count; sequence += 1) {
      const factory = (sender: NactRef): NactQuestion => ({ ...questionOf(sequence), sender })
      const { id, value } = (await query(server, factory, QUERY_MS_MAX)) as Answer
      checksum = (checksum + id + value) | 0
    }
    const ns = nowNs() - startNs
    stop(system)
    return { count: served, checksum, ns }
  }
  await ask(warmup)
  const { count, checksum, ns } = await ask(messages)
  return {
    metrics: { '': (messages * 1e9) / ns },
    proof: { countExpected: messages, count, checksumExpected: answersChecksum(messages), checksum },
  }
}

/** An event is handled before `send` returns; nothing is ever queued. */
export function runXstateTell({ messages, warmup }: InProcessSpec): Promise<RoundOutcome> {
  const { build, check } = messagesOf('small')
  const logic = fromTransition(
    ({ count, checksum }: Tally, message: Message): Tally => ({ count: count + 1, checksum: check(message, checksum) }),
    { count: 0, checksum: 0 },
  )
  const stream = (total: number): Tally & { ns: number } => {
    const sink = createActor(logic).start()
    const startNs = nowNs()
    for (let id = 0; id < total; id += 1) sink.send(build(id))
    const ns = nowNs() - startNs
    const { context } = sink.getSnapshot()
    sink.stop()
    return { ...context, ns }
  }
  stream(warmup)
  return Promise.resolve(tellOutcome(stream(messages), messages))
}

function tellOutcome({ count, checksum, ns }: Tally & { readonly ns: number }, messages: number): RoundOutcome {
  return {
    metrics: { '': (messages * 1e9) / ns },
    proof: { countExpected: messages, count, checksumExpected: checksumOf('small', messages), checksum },
  }
}
