/** What goes wrong in flows, each with the stage, the value and what was expected. */
import { CambiumError, toErrorRecord } from '@cambium/base'
import { describeResult } from '../describe-result.ts'

/** Demand that is none: at whoever asks for it, or, when it came as a message, at whoever sent that. */
export function demandError(field: string, value: unknown, expected: string): CambiumError {
  return new CambiumError('ERR_DEMAND', `demand is wrong: ${field}=${shown(value)}, expected ${expected}`, {
    fields: { field, expected },
  })
}

export function bufferFull(stage: string, capacity: number): CambiumError {
  return new CambiumError('ERR_BUFFER_FULL', `buffer of a stage is full: stage=${stage}, capacity=${capacity}`, {
    severity: 'crash',
    fields: { stage, capacity },
  })
}

/** A partition that the dispatcher does not have: of a subscription, or of an event. */
export function partitionError(stage: string, partition: unknown, expected: string): CambiumError {
  const found = shown(partition)
  return new CambiumError('ERR_PARTITION', `no such partition: stage=${stage}, partition=${found}, expected ${expected}`, {
    fields: { stage, partition: found, expected },
  })
}

/** A function of the dispatcher threw. */
export function dispatcherError(stage: string, name: 'select' | 'partitionOf', cause: unknown): CambiumError {
  const { name: kind, message } = toErrorRecord(cause)
  return new CambiumError('ERR_DISPATCHER', `dispatcher failed: stage=${stage}, function=${name}, error=${kind}: ${message}`, {
    severity: 'crash',
    fields: { stage, function: name },
    cause,
  })
}

export function noSubscription(stage: string, id: unknown): CambiumError {
  const found = shown(id)
  return new CambiumError('ERR_NO_SUBSCRIPTION', `stage has no such subscription: stage=${stage}, id=${found}`, {
    fields: { stage, id: found },
  })
}

export function subscribersFull(stage: string, max: number): CambiumError {
  return new CambiumError('ERR_SUBSCRIBERS_FULL', `stage has as many subscribers as it may: stage=${stage}, max=${max}`, {
    fields: { stage, max },
  })
}

/** What a callback of a stage returned is not what it should. */
export function badStep(stage: string, callback: string, result: unknown, expected: string): CambiumError {
  const found = describeResult(result)
  return new CambiumError(
    'ERR_BAD_STEP',
    `${callback} returned what it may not: stage=${stage}, found ${found}, expected ${expected}`,
    {
      severity: 'crash',
      fields: { stage, callback, found },
    },
  )
}

/** The end of a stage whose subscription has ended, where its producer's own reason says nothing. */
export function producerLost(producer: string, why: string): CambiumError {
  return new CambiumError('ERR_PRODUCER_LOST', `producer of a subscription is not there: producer=${producer}, ${why}`, {
    severity: 'crash',
    fields: { producer },
  })
}

const SHOWN_LENGTH_MAX = 120

/** A value of the user's, which is what it should not be. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, SHOWN_LENGTH_MAX))
  return typeof value === 'number' || typeof value === 'bigint' || value === undefined ? String(value) : describeResult(value)
}
