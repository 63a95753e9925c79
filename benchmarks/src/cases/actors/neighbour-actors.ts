/** An actor whose latency is measured, and one that burns its core. */
import { defineActor } from 'cambium'
import type { Behaviour } from 'cambium'
import { createLatencyHistogram } from '../latency-histogram.ts'
import type { LatencyHistogram } from '../latency-histogram.ts'
import { nowNs } from './messages.ts'

export type TickMessage =
  | { readonly type: 'tick'; readonly id: number; readonly dueNs: number }
  | { readonly type: 'reset' }
  | { readonly type: 'read' }

export interface TickReading {
  readonly count: number
  readonly checksum: number
  readonly metrics: ReturnType<LatencyHistogram['metrics']>
  readonly curve: ReturnType<LatencyHistogram['curve']>
}

interface TickState {
  histogram: LatencyHistogram
  count: number
  checksum: number
}

const fresh = (): TickState => ({ histogram: createLatencyHistogram(), count: 0, checksum: 0 })

/** Notes for each tick how long after it was due it is handled. */
export const ticked: Behaviour<null, TickMessage, TickReading | 'ready'> = defineActor<
  null,
  TickMessage,
  TickReading | 'ready',
  TickState
>(import.meta.url, 'ticked', {
  init: fresh,
  receive(state, message, context) {
    if (message.type === 'reset') {
      context.reply('ready')
      return fresh()
    }
    if (message.type === 'read') {
      const { histogram, count, checksum } = state
      context.reply({ count, checksum, metrics: histogram.metrics(), curve: histogram.curve() })
      return
    }
    state.histogram.record(nowNs() - message.dueNs)
    state.count += 1
    state.checksum = (state.checksum + message.id) | 0
  },
})

/** How long one handler of the hog computes, in milliseconds. */
export const HOG_MS = 5

export const hog: Behaviour<null, 'burn'> = defineActor<null, 'burn', unknown, null>(import.meta.url, 'hog', {
  init: () => null,
  receive(_state, _message, context) {
    const untilNs = nowNs() + HOG_MS * 1e6
    while (nowNs() < untilNs);
    context.self.tell('burn')
  },
})
