/** An actor with many timers, which sets, cancels and handles all of them on request. */
import { defineActor } from 'cambium'
import type { Behaviour } from 'cambium'
import { nowNs } from './messages.ts'

export type TimerMessage =
  | { readonly type: 'set' }
  | { readonly type: 'cancel' }
  | { readonly type: 'fire'; readonly leadMs: number }
  | { readonly type: 'due'; readonly id: number }

export interface TimerTally {
  readonly tookNs: number
  readonly count: number
  readonly checksum: number
}

interface TimerState {
  readonly timers: number
  count: number
  checksum: number
  dueNs: number
  answer: ((tally: TimerTally) => void) | undefined
}

const FAR_MS = 3_600_000

export const timekeeper: Behaviour<number, TimerMessage, TimerTally> = defineActor<number, TimerMessage, TimerTally, TimerState>(
  import.meta.url,
  'timekeeper',
  {
    init: (timers) => ({ timers, count: 0, checksum: 0, dueNs: 0, answer: undefined }),
    receive(state, message, context) {
      const { timers } = state
      if (message.type === 'due') {
        state.count += 1
        state.checksum = (state.checksum + message.id) | 0
        if (state.count === timers) {
          state.answer?.({ tookNs: nowNs() - state.dueNs, count: state.count, checksum: state.checksum })
        }
        return
      }
      const startNs = nowNs()
      if (message.type === 'set') {
        for (let id = 0; id < timers; id += 1) context.setTimer(`timer-${id}`, FAR_MS + (id & 1023), { type: 'due', id })
        context.reply({ tookNs: nowNs() - startNs, count: timers, checksum: 0 })
        return
      }
      if (message.type === 'cancel') {
        let count = 0
        for (let id = 0; id < timers; id += 1) if (context.cancelTimer(`timer-${id}`)) count += 1
        context.reply({ tookNs: nowNs() - startNs, count, checksum: 0 })
        return
      }
      // All fall due at one moment, however long it takes to set them.
      state.count = 0
      state.checksum = 0
      state.answer = context.deferReply()
      state.dueNs = startNs + message.leadMs * 1e6
      const dueMs = context.now() + message.leadMs
      for (let id = 0; id < timers; id += 1) {
        context.setTimer(`timer-${id}`, Math.max(0, dueMs - context.now()), { type: 'due', id })
      }
    },
  },
)
