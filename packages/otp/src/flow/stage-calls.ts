/** What code outside of stages, or another actor, may ask a stage: a subscription, its end, how it stands. */
import type { AnyRef, Ref, WaitOptions } from '@cambium/actor'
import { fromErrorRecord, optionError } from '@cambium/base'
import { noSubscription } from './flow-errors.ts'
import { stageOf } from './stage.ts'
import type { StageCounts } from './stage-core.ts'
import type { ConnectReply, ConsumerMessage, ConsumerRef, StatisticsMessage, StatisticsReply } from './stage-protocol.ts'
import { checkSubscription } from './subscription.ts'
import type { Subscription } from './subscription.ts'

/**
 * Has a consumer or processor take events from a producer, and resolves with the number of the subscription once the producer has agreed. It ends with the
 * incarnation of either. Throws `ERR_DEMAND` and `ERR_OPTION` at once. Rejects with `ERR_DEMAND`, `ERR_PARTITION`, `ERR_SUBSCRIBERS_FULL`, `ERR_PRODUCER_LOST`, and
 * as `ask` does.
 */
export async function subscribe<Event>(
  consumer: ConsumerRef<Event>,
  subscription: Subscription<Event>,
  options?: WaitOptions,
): Promise<number> {
  checkSubscription(subscription, undefined)
  const { of: _of, ...rest } = subscription
  const message: ConsumerMessage<Event> = { $flow: 'connect', subscription: rest }
  const reply = (await consumer.ask(message, options)) as ConnectReply
  if ('error' in reply) throw fromErrorRecord(reply.error)
  return reply.id
}

/** Ends a subscription of a consumer, whatever its `cancel`. What is on its way is handled. Rejects with `ERR_NO_SUBSCRIPTION`, and as `ask` does. */
export async function unsubscribe<Event>(consumer: ConsumerRef<Event>, id: number, options?: WaitOptions): Promise<void> {
  const message: ConsumerMessage<Event> = { $flow: 'disconnect', id }
  if ((await consumer.ask(message, options)) !== true) throw noSubscription(consumer.toString(), id)
}

/**
 * From the callbacks of a stage with a `manual` subscription: asks the producer for `count` more events. `id` is what `subscribed` was told. What has been asked for and is not handled, together, is no more
 * than `maxDemand`. Throws `ERR_DEMAND`, `ERR_NO_SUBSCRIPTION`, and `ERR_OPTION` where the context is no stage's.
 */
export function askEvents(context: { readonly self: AnyRef }, id: number, count: number): void {
  const stage = stageOf(context)
  if (stage === undefined) throw optionError('context', context, 'that of a stage, as its callbacks are given it')
  stage.demand(id, count)
}

/** How it stands with a stage. Rejects as `ask` does. */
export async function stageStatistics(stage: Ref<StatisticsMessage>, options?: WaitOptions): Promise<StageCounts> {
  return ((await stage.ask({ $flow: 'statistics' }, options)) as StatisticsReply).counts
}
