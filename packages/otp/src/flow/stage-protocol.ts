/**
 * What stages tell each other.
 *
 * 1. The consumer draws an id and asks `subscribe`. The producer monitors it and answers `true`, or `false` when somebody has that id already.
 * 2. The consumer monitors the producer and tells `open` with its first demand. Each has now seen the other's present incarnation: if one of
 *    them was another's successor in between, the id means nothing to it, or its monitor ends.
 * 3. `events` go down, never more than were asked for; `ask` goes up, and confirms as many as were handled since the demand before.
 * 4. `done`: the producer has sent its last event; the consumer leaves, and when all have, the producer stops. `refused`: it does not know the id of an `open`, or was asked for what is no demand.
 * 5. `leave`: the consumer wants no more. What was on its way still comes; `left` says that nothing more does.
 * 6. Either end's death is seen by the monitor of the other.
 */
import type { Ref } from '@cambium/actor'
import type { ErrorRecord } from '@cambium/base'
import type { StageCounts } from './stage-core.ts'
import type { Subscription } from './subscription.ts'

/** A stage that gives events. */
export type ProducerRef<Event> = Ref<ProducerMessage<Event>>
/** A stage that takes events. */
export type ConsumerRef<Event> = Ref<ConsumerMessage<Event>>

export interface SubscribeMessage<Event> {
  readonly $flow: 'subscribe'
  readonly id: number
  readonly from: Ref<ConsumerMessage<Event>>
  readonly maxDemand: number
  readonly selection: unknown
  readonly partition: number | string | undefined
}

export type ProducerMessage<Event> =
  | SubscribeMessage<Event>
  | { readonly $flow: 'open'; readonly id: number; readonly count: number; readonly from: Ref<ConsumerMessage<Event>> }
  | { readonly $flow: 'ask'; readonly id: number; readonly count: number; readonly confirmed: number }
  | { readonly $flow: 'leave'; readonly id: number; readonly from: Ref<ConsumerMessage<Event>> }
  | StatisticsMessage

export type ConsumerMessage<Event> =
  | { readonly $flow: 'events'; readonly id: number; readonly events: readonly Event[] }
  | { readonly $flow: 'done' | 'left'; readonly id: number }
  | { readonly $flow: 'refused'; readonly id: number; readonly error: ErrorRecord }
  /** From outside: make a subscription, end one. */
  | { readonly $flow: 'connect'; readonly subscription: Omit<Subscription<Event>, 'of'> }
  | { readonly $flow: 'disconnect'; readonly id: number }
  | StatisticsMessage

export interface StatisticsMessage {
  readonly $flow: 'statistics'
}

/** What a stage tells itself; nobody else can make one that counts. */
export type OwnMessage =
  | { readonly $flow: 'subscribed'; readonly id: number; readonly answer: boolean | ErrorRecord }
  | { readonly $flow: 'find'; readonly id: number; readonly delayMs: number }
  | { readonly $flow: 'batch_due' }

export type StageMessage = ProducerMessage<unknown> | ConsumerMessage<unknown> | OwnMessage

/** What is answered to `connect`. */
export type ConnectReply = { readonly id: number } | { readonly error: ErrorRecord }

export interface StatisticsReply {
  readonly counts: StageCounts
}

export function isStageMessage(message: unknown): message is StageMessage {
  return typeof message === 'object' && message !== null && '$flow' in message
}
