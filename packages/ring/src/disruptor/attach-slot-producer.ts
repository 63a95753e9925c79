/** Attaches the writing side of a ring of slots: the one producer, or one of several, as the ring was made. */
import { checkDuration, checkFields, checkInteger, optionError } from '@cambium/base'
import { OWNER_MAX } from '../places/place-layout.ts'
import { attachRing } from './attached-ring.ts'
import { openMultiProducer } from './multi-producer.ts'
import { openSingleProducer } from './single-producer.ts'
import type { SlotProducer, SlotProducerOptions } from './slot-producer.ts'
import type { SlotRingDescriptor } from './slot-ring.ts'

const TIMEOUT_MS = 5000

/**
 * Attaches the writing side. To a ring for one producer only one at a time: a successor, after the end of its predecessor's thread,
 * goes on at the last publish. Undefined when a ring for several has as many producers as it may have.
 *
 * @throws `ERR_RING_MEMORY`, `ERR_RING_MAGIC`, `ERR_RING_VERSION`, `ERR_RING_CORRUPT`, `ERR_OPTION`
 */
export function attachSlotProducer(descriptor: SlotRingDescriptor, options: SlotProducerOptions = {}): SlotProducer | undefined {
  checkFields('options', options, ['wait', 'timeoutMs', 'owner'])
  if (options.wait !== undefined && typeof options.wait !== 'function') {
    throw optionError('wait', options.wait, 'a function that makes a wait strategy')
  }
  const timeoutMs = checkDuration('timeoutMs', options.timeoutMs, { default: TIMEOUT_MS, min: 0, max: Infinity })
  const owner = checkInteger('owner', options.owner, { default: 0, min: 0, max: OWNER_MAX })
  const ring = attachRing(descriptor)
  const waiting = { wait: options.wait, timeoutMs }
  return ring.isMulti ? openMultiProducer(ring, waiting, owner) : openSingleProducer(ring, waiting)
}
