/** What goes wrong in flows, each with the stage, the value and what was expected. */
import { CambiumError } from '@cambium/base'
import { disown } from '../disown.ts'

/** Demand that is none: at whoever asks for it, or, when it came as a message, at whoever sent that. */
export function demandError(field: string, value: unknown, expected: string): CambiumError {
  return new CambiumError('ERR_DEMAND', `demand is wrong: ${field}=${String(value)}, expected ${expected}`, {
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
  const shown = typeof partition === 'string' ? JSON.stringify(partition) : String(partition)
  return new CambiumError('ERR_PARTITION', `no such partition: stage=${stage}, partition=${shown}, expected ${expected}`, {
    fields: { stage, partition: shown, expected },
  })
}

export function subscribersFull(stage: string, max: number): CambiumError {
  return new CambiumError('ERR_SUBSCRIBERS_FULL', `stage has as many subscribers as it may: stage=${stage}, max=${max}`, {
    fields: { stage, max },
  })
}

/** What a callback of a stage returned is not what it should. */
export function badStep(stage: string, callback: string, result: unknown, expected: string): CambiumError {
  const found = disown(result)
    ? 'a promise'
    : Array.isArray(result)
      ? `an array of ${result.length}`
      : result === null
        ? 'null'
        : typeof result
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
