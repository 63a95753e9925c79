/** A producer that wants to be ten times faster than its consumer can be, and that consumer. */
import { defineActor } from 'cambium'
import type { Behaviour, Ref } from 'cambium'
import { messagesOf, nowNs } from './messages.ts'
import type { SmallMessage } from './messages.ts'

export type SlowMessage = SmallMessage | { readonly type: 'tally' }

export interface FloodTally {
  readonly count: number
  readonly checksum: number
}

interface SlowState {
  readonly workNs: number
  count: number
  checksum: number
}

/** Its argument is how long each message keeps it busy. */
export const slowSink: Behaviour<number, SlowMessage, FloodTally> = defineActor<number, SlowMessage, FloodTally, SlowState>(
  import.meta.url,
  'slowSink',
  {
    init: (workNs) => ({ workNs, count: 0, checksum: 0 }),
    receive(state, message, context) {
      if (message.type === 'tally') {
        context.reply({ count: state.count, checksum: state.checksum })
        return
      }
      const untilNs = nowNs() + state.workNs
      state.checksum = messagesOf('small').check(message, state.checksum)
      state.count += 1
      while (nowNs() < untilNs);
    },
  },
)

export type FlooderMessage =
  | { readonly type: 'begin'; readonly target: Ref<SlowMessage>; readonly burst: number; readonly everyMs: number }
  | { readonly type: 'burst' }
  | { readonly type: 'end' }

interface FlooderState {
  target: Ref<SlowMessage> | undefined
  burst: number
  sent: number
}

/** Tells `burst` messages every `everyMs`, as far as the runtime lets it; answers `end` with how many it told. */
export const flooder: Behaviour<null, FlooderMessage, number> = defineActor<null, FlooderMessage, number, FlooderState>(
  import.meta.url,
  'flooder',
  {
    init: () => ({ target: undefined, burst: 0, sent: 0 }),
    receive(state, message, context) {
      if (message.type === 'begin') {
        state.target = message.target
        state.burst = message.burst
        context.setTimer('burst', message.everyMs, { type: 'burst' }, { repeat: true })
        return
      }
      if (message.type === 'end') {
        context.cancelTimer('burst')
        context.reply(state.sent)
        return
      }
      const { build } = messagesOf('small')
      for (const until = state.sent + state.burst; state.sent < until; state.sent += 1) {
        state.target?.tell(build(state.sent) as SmallMessage)
      }
    },
  },
)
