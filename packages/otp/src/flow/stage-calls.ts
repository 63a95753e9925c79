/** What code outside of stages, or another actor, may ask a stage: a subscription, its end, how it stands. */
import { isRef } from '@cambium/actor'
import type { AnyRef, Ref, WaitOptions } from '@cambium/actor'
import { fromErrorRecord, optionError } from '@cambium/base'
import type { CambiumError, ErrorRecord } from '@cambium/base'
import { checkSameSystem } from '../same-system.ts'
import { noSubscription } from './flow-errors.ts'
import { stageOf } from './stage.ts'
import type { StageCounts } from './stage-core.ts'
import type { ConsumerMessage, ConsumerRef, StatisticsMessage, StatisticsReply } from './stage-protocol.ts'
import { checkSubscription } from './subscription.ts'
import type { Subscription } from './subscription.ts'

/**
 * Has a consumer or processor take events from a producer, and resolves with the number of the subscription once the producer has agreed. It ends with the
 * incarnation of either. It waits for `options.timeoutMs`, in milliseconds. @default the system's `askTimeoutMs`, 5000
 *
 * Throws `ERR_DEMAND` and `ERR_OPTION` at once. Rejects with `ERR_DEMAND`, `ERR_PARTITION`, `ERR_SUBSCRIBERS_FULL`, `ERR_PRODUCER_LOST`, `ERR_FOREIGN_REF`, `ERR_OPTION`
 * for what is no stage, and as `ask` does.
 */
export async function subscribe<Event>(
  consumer: ConsumerRef<Event>,
  subscription: Subscription<Event>,
  options?: WaitOptions,
): Promise<number> {
  checkSubscription(subscription, undefined)
  checkSameSystem(subscription.to, consumer)
  const { of: _of, ...rest } = subscription
  const message: ConsumerMessage<Event> = { $flow: 'connect', subscription: rest }
  const { id, error } = Object(await askStage('consumer', consumer, message, options)) as { id?: unknown; error?: ErrorRecord }
  if (error !== undefined) throw fromErrorRecord(error)
  if (typeof id !== 'number') throw noStage('consumer', consumer)
  return id
}

/**
 * Ends a subscription of a consumer, whatever its `cancel`. What is on its way is handled. `id` is what {@link subscribe} resolved with, or `subscribed` was told. Waits for
 * `options.timeoutMs`, in milliseconds. @default the system's `askTimeoutMs`, 5000
 *
 * Rejects with `ERR_NO_SUBSCRIPTION`, `ERR_OPTION` for what is no stage, and as `ask` does.
 */
export async function unsubscribe<Event>(consumer: ConsumerRef<Event>, id: number, options?: WaitOptions): Promise<void> {
  const message: ConsumerMessage<Event> = { $flow: 'disconnect', id }
  if ((await askStage('consumer', consumer, message, options)) !== true) throw noSubscription(consumer.toString(), id)
}

/**
 * From the callbacks of a stage with a `manual` subscription: asks the producer for `count` more events, a whole number from 1. `id` is what `subscribed` was told. What has been asked for and is not handled, together, is no more
 * than `maxDemand`. Throws `ERR_DEMAND`, `ERR_NO_SUBSCRIPTION`, and `ERR_OPTION` where the context is no stage's.
 */
export function askEvents(context: { readonly self: AnyRef }, id: number, count: number): void {
  const stage = stageOf(context)
  if (stage === undefined) throw optionError('context', context, 'that of a stage, as its callbacks are given it')
  stage.demand(id, count)
}

/**
 * How it stands with a stage: its subscriptions, and events by what has become of them. Waits for `options.timeoutMs`, in milliseconds. @default the system's `askTimeoutMs`, 5000
 *
 * Rejects with `ERR_OPTION` for what is none, and as `ask` does.
 */
export async function stageStatistics(stage: Ref<StatisticsMessage>, options?: WaitOptions): Promise<StageCounts> {
  const message: StatisticsMessage = { $flow: 'statistics' }
  const { counts } = Object(await askStage('stage', stage, message, options)) as Partial<StatisticsReply>
  if (typeof counts !== 'object') throw noStage('stage', stage)
  return counts
}

function askStage<Message>(
  option: string,
  stage: Ref<Message>,
  message: NoInfer<Message>,
  options: WaitOptions | undefined,
): Promise<unknown> {
  if (!isRef(stage)) return Promise.reject(noStage(option, stage))
  return stage.ask(message, options)
}

function noStage(option: string, value: unknown): CambiumError {
  return optionError(option, isRef(value) ? value.toString() : value, 'the ref of a stage; its answer is none of one')
}
