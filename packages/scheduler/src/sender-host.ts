/** What sending needs of its core, and its limits. */
import type { Encoder } from '@cambium/codec'
import type { AskTable } from './asks.ts'
import type { DeadLetterOffice } from './dead-letter-office.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Fence } from './fence.ts'
import type { OutboundLink } from './outbound-link.ts'
import type { SlotTable } from './slot-table.ts'
import type { TimerWheel } from './timer-wheel.ts'

export interface SenderLimits {
  /** Longest wait of a message for room, and default of `send`. */
  readonly sendTimeoutMs: number
  /** Default of `ask`. */
  readonly askTimeoutMs: number
  /** Messages of one actor that may wait. */
  readonly outboxCapacity: number
  /** Messages from outside actors that may wait on one core. */
  readonly outsideCapacity: number
  readonly messageBytesMax: number
}

export interface SenderHost {
  /** Of the whole system. */
  readonly memory: SharedArrayBuffer
  readonly coreNumber: number
  readonly books: Float64Array
  readonly fence: Fence
  readonly limits: SenderLimits
  /** Development: messages within a core are checked and frozen as if they crossed cores. */
  readonly isStrict: boolean
  readonly links: readonly (OutboundLink | undefined)[]
  readonly slots: SlotTable
  readonly wheel: TimerWheel
  readonly asks: AskTable
  readonly dispatcher: Dispatcher
  readonly deadLetters: DeadLetterOffice
  readonly encoder: Encoder
  now(): number
  /** The time, up to a turn old. */
  roughNow(): number
  requestTurn(): void
}
