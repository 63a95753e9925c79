/** What a stage says of whom it takes events from, and its check. */
import { isRef } from '@cambium/actor'
import type { Behaviour } from '@cambium/actor'
import { checkBoolean, checkFields, checkOneOf, optionError } from '@cambium/base'
import { demandError } from './flow-errors.ts'
import type { CancelMode, SourceOptions } from './inlet.ts'
import type { Batch } from './stage-core.ts'
import type { ProducerMessage, ProducerRef } from './stage-protocol.ts'

export interface Subscription<Event> {
  /** The producer, or its name: then it may come up within 5 seconds. */
  readonly to: ProducerRef<Event> | string
  /** For a name: the behaviour of who has it, so that the type of its events is known. */
  readonly of?: Behaviour<never, ProducerMessage<Event>>
  /** Events that are on their way, wait or are in hand, together, at most. 1 to 65,536. @default 1000 */
  readonly maxDemand?: number
  /** More are asked for when no more than these are left. 0 to `maxDemand - 1`. Not with `manual` demand. @default half of `maxDemand` */
  readonly minDemand?: number
  /**
   * `manual`: nothing is asked for but by the stage's own code, with `askEvents`, the first events included. `maxDemand` bounds what it may ask for all the same.
   * @default 'automatic'
   */
  readonly demand?: 'automatic' | 'manual'
  /** What its end means for this stage. @default 'permanent' */
  readonly cancel?: CancelMode
  /**
   * Whether it is made again when the producer has crashed or lost its core, as soon as that is back; `cancel` counts when it does not come
   * back. @default false
   */
  readonly resubscribe?: boolean
  /** What the producer's `select` is given for this subscriber. Plain data. */
  readonly selection?: unknown
  /** For a producer with partitions: the one from which to take. */
  readonly partition?: number | string
}

export interface CheckedSubscription {
  readonly to: ProducerRef<unknown> | string
  readonly source: SourceOptions
  readonly selection: unknown
  readonly partition: number | string | undefined
}

const DEMAND_DEFAULT = 1000
export const DEMAND_MAX = 65_536
const FIELDS = ['to', 'of', 'maxDemand', 'minDemand', 'demand', 'cancel', 'resubscribe', 'selection', 'partition']

/** Throws `ERR_OPTION`, naming the field, and `ERR_DEMAND`. */
export function checkSubscription(given: unknown, batch: Batch | undefined): CheckedSubscription {
  checkFields('subscription', given, FIELDS)
  const { to, maxDemand, minDemand, demand, cancel, resubscribe, selection, partition } = given as Subscription<unknown>
  if ((typeof to !== 'string' || to === '') && !isRef(to)) throw optionError('subscription.to', to, 'a ref or a name')
  const most = checkDemand('maxDemand', maxDemand, Math.max(DEMAND_DEFAULT, batch?.size ?? 0), batch?.size ?? 1, DEMAND_MAX)
  const isManual = checkOneOf('subscription.demand', demand, ['automatic', 'manual'] as const, 'automatic') === 'manual'
  if (isManual && minDemand !== undefined) throw demandError('minDemand', minDemand, 'none where demand is manual')
  const least = checkDemand('minDemand', minDemand, Math.floor(most / 2), 0, most - 1)
  return {
    to,
    source: {
      maxDemand: most,
      // What is not asked for yet must leave enough for a batch, or it would never be full.
      minDemand: Math.max(least, (batch?.size ?? 1) - 1),
      isManual,
      cancel: checkOneOf('subscription.cancel', cancel, ['permanent', 'transient', 'temporary'] as const, 'permanent'),
      resubscribe: checkBoolean('subscription.resubscribe', resubscribe, false),
    },
    selection,
    partition,
  }
}

/** Throws `ERR_DEMAND`. */
export function checkDemand(field: string, value: unknown, fallback: number, min: number, max: number): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw demandError(field, value, `an integer from ${min} to ${max}`)
}
