/** A stream through a core that dies: a source tells ever more numbers, a relay on the mortal core passes them on, a collector checks them. */
import { defineActor } from 'cambium'
import type { Behaviour, Ref } from 'cambium'
import { nowNs } from '../actors/messages.ts'

/** `firstNs`: when an incarnation of the relay handled its first number, and this is it; 0 in all others. */
export interface Item {
  readonly type: 'item'
  readonly id: number
  readonly firstNs: number
}

export interface StreamTally {
  readonly received: number
  /** Numbers below the greatest one that never came. */
  readonly missing: number
  /** Numbers that came again, or after a greater one. */
  readonly disordered: number
  readonly lastId: number
}

export type CollectorMessage =
  | Item
  | { readonly type: 'first'; readonly life: number }
  | { readonly type: 'tally'; readonly upTo: number }

interface CollectorState {
  received: number
  lastId: number
  disordered: number
  /** Incarnations of the relay seen so far. */
  lives: number
  firstNs: number
  awaited: { readonly life: number; readonly answer: (firstNs: number) => void } | undefined
}

export const collector: Behaviour<null, CollectorMessage, number | StreamTally> = defineActor<
  null,
  CollectorMessage,
  number | StreamTally,
  CollectorState
>(import.meta.url, 'collector', {
  init: () => ({ received: 0, lastId: -1, disordered: 0, lives: 0, firstNs: 0, awaited: undefined }),
  receive(state, message, context) {
    if (message.type === 'first') {
      state.awaited = { life: message.life, answer: context.deferReply() }
      answerFirst(state)
      return
    }
    if (message.type === 'tally') {
      const { received, lastId, disordered } = state
      context.reply({ received, disordered, lastId, missing: message.upTo - received })
      return
    }
    state.received += 1
    if (message.id <= state.lastId) state.disordered += 1
    else state.lastId = message.id
    if (message.firstNs === 0) return
    state.lives += 1
    state.firstNs = message.firstNs
    answerFirst(state)
  },
})

function answerFirst(state: CollectorState): void {
  const { awaited } = state
  if (awaited === undefined || state.lives < awaited.life) return
  state.awaited = undefined
  awaited.answer(state.firstNs)
}

export type RelayMessage =
  | { readonly type: 'number'; readonly id: number }
  | { readonly type: 'end'; readonly how: 'exit' | 'throw' }

export const relay: Behaviour<Ref<CollectorMessage>, RelayMessage> = defineActor<
  Ref<CollectorMessage>,
  RelayMessage,
  unknown,
  { readonly to: Ref<CollectorMessage>; isFirst: boolean }
>(import.meta.url, 'relay', {
  init: (to) => ({ to, isFirst: true }),
  receive(state, message) {
    if (message.type === 'end') {
      if (message.how === 'exit') process.exit(1)
      queueMicrotask(() => {
        throw new Error('thrown outside any handler')
      })
      return
    }
    const firstNs = state.isFirst ? nowNs() : 0
    state.isFirst = false
    state.to.tell({ type: 'item', id: message.id, firstNs })
  },
})

export type SourceMessage =
  | { readonly type: 'begin'; readonly target: Ref<RelayMessage> }
  | { readonly type: 'more' }
  /** Answered with how many numbers were told. */
  | { readonly type: 'halt' }

/** Numbers told in one go. */
const CHUNK = 100

export const source: Behaviour<null, SourceMessage, number> = defineActor<
  null,
  SourceMessage,
  number,
  { target: Ref<RelayMessage> | undefined; next: number }
>(import.meta.url, 'source', {
  init: () => ({ target: undefined, next: 0 }),
  receive(state, message, context) {
    if (message.type === 'halt') {
      state.target = undefined
      context.reply(state.next)
      return
    }
    if (message.type === 'begin') state.target = message.target
    if (state.target === undefined) return
    for (const until = state.next + CHUNK; state.next < until; state.next += 1)
      state.target.tell({ type: 'number', id: state.next })
    context.self.tell({ type: 'more' })
  },
})
