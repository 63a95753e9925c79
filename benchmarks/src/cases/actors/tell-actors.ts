/** The two ends of a one-way stream of messages: a producer that tells, a sink that counts and checks. */
import { byTag, defineActor, layout, u32 } from 'cambium'
import type { ActorContext, Behaviour, Ref } from 'cambium'
import { messagesOf, nowNs } from './messages.ts'
import type { Message, MessageCodeBook, MessageKind } from './messages.ts'

export interface Tally {
  readonly count: number
  readonly checksum: number
  readonly endNs: number
}

export type SinkMessage = Message | { readonly type: 'expect'; readonly count: number } | { readonly type: 'tally' }

interface SinkState {
  readonly book: MessageCodeBook
  expected: number
  count: number
  checksum: number
  endNs: number
  answer: ((tally: Tally) => void) | undefined
}

type Sink = Behaviour<MessageKind, SinkMessage, Tally | 'ready'>

/** `expect` is answered at once, `tally` when all that were expected have come. */
const counting = {
  init: (kind: MessageKind): SinkState => ({
    book: messagesOf(kind),
    expected: 0,
    count: 0,
    checksum: 0,
    endNs: 0,
    answer: undefined,
  }),
  receive(state: SinkState, message: SinkMessage, context: ActorContext<SinkMessage, Tally | 'ready'>): void {
    if (message.type === 'expect') {
      state.expected = message.count
      state.count = 0
      state.checksum = 0
      context.reply('ready')
      return
    }
    if (message.type === 'tally') {
      state.answer = context.deferReply()
      answerIfDone(state)
      return
    }
    state.checksum = state.book.check(message, state.checksum)
    state.count += 1
    if (state.count < state.expected) return
    state.endNs = nowNs()
    answerIfDone(state)
  },
}

export const sink: Sink = defineActor(import.meta.url, 'sink', counting)

/** Declares what a small message looks like, and reads it where it lies. */
export const declaredSink: Sink = defineActor(import.meta.url, 'declaredSink', counting, {
  layouts: byTag('type', { item: layout({ id: u32, value: u32 }) }),
  readInPlace: true,
})

function answerIfDone(state: SinkState): void {
  if (state.answer === undefined || state.count < state.expected) return
  state.answer({ count: state.count, checksum: state.checksum, endNs: state.endNs })
  state.answer = undefined
}

export type ProducerMessage =
  | { readonly type: 'produce'; readonly target: Ref<SinkMessage>; readonly count: number }
  | { readonly type: 'more' }

interface ProducerState {
  readonly book: MessageCodeBook
  target: Ref<SinkMessage> | undefined
  count: number
  sent: number
}

/** Messages told in one turn. Far below what an outbox holds, so nothing is dropped, and the runtime paces the actor by its outbox. */
export const CHUNK = 1_000

/** Tells a chunk, then itself to go on: while messages wait for a congested target the runtime does not schedule it. */
export const producer: Behaviour<MessageKind, ProducerMessage, number> = defineActor<
  MessageKind,
  ProducerMessage,
  number,
  ProducerState
>(import.meta.url, 'producer', {
  init: (kind) => ({ book: messagesOf(kind), target: undefined, count: 0, sent: 0 }),
  receive(state, message, context) {
    if (message.type === 'produce') {
      state.target = message.target
      state.count = message.count
      state.sent = 0
      context.reply(nowNs())
    }
    const { target, book } = state
    if (target === undefined) return
    const until = Math.min(state.count, state.sent + CHUNK)
    for (; state.sent < until; state.sent += 1) target.tell(book.build(state.sent))
    if (state.sent < state.count) context.self.tell({ type: 'more' })
  },
})
