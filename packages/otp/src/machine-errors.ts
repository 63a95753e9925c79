/** What a state machine crashes of, each with the machine and the state it was in. */
import { CambiumError } from '@cambium/base'
import { describeResult } from './describe-result.ts'

export interface MachinePlace {
  readonly machine: string
  readonly state: string
}

/** An action that is none, or none there. */
export function badAction(place: MachinePlace, action: unknown, problem?: string): CambiumError {
  const found = describe(action)
  return crash(
    'ERR_BAD_ACTION',
    'bad_action_from_state_function',
    place,
    `found ${found}${problem === undefined ? '' : `, ${problem}`}`,
    {
      found,
    },
  )
}

/** What a handler returned is no step. */
export function badStep(place: MachinePlace, result: unknown, event: string): CambiumError {
  const found = describe(result)
  return crash('ERR_BAD_STEP', 'bad_return_from_state_function', place, `event=${event}, found ${found}`, { event, found })
}

export function noSuchState(place: MachinePlace, target: unknown, event: string): CambiumError {
  const found = describe(target)
  return crash('ERR_NO_SUCH_STATE', 'machine has no such state', place, `event=${event}, found ${found}`, { event, found })
}

export function unhandledEvent(place: MachinePlace, event: string): CambiumError {
  return crash('ERR_UNHANDLED_EVENT', 'state handles no such event', place, `event=${event}`, { event })
}

export function tooManyEvents(place: MachinePlace, max: number): CambiumError {
  return crash('ERR_EVENTS_FULL', 'too many events wait in a machine', place, `max=${max}`, { max })
}

type Code = 'ERR_BAD_ACTION' | 'ERR_BAD_STEP' | 'ERR_NO_SUCH_STATE' | 'ERR_UNHANDLED_EVENT' | 'ERR_EVENTS_FULL'

function crash(
  code: Code,
  cause: string,
  place: MachinePlace,
  rest: string,
  fields: Readonly<Record<string, string | number>>,
): CambiumError {
  const { machine, state } = place
  return new CambiumError(code, `${cause}: machine=${machine}, state=${state}, ${rest}`, {
    severity: 'crash',
    fields: { machine, state, ...fields },
  })
}

const SHOWN_LENGTH_MAX = 120

function describe(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'string') return JSON.stringify(value.slice(0, SHOWN_LENGTH_MAX))
  if (typeof value !== 'object' || value === null) return String(value)
  const kind = describeResult(value)
  if (kind !== 'object') return kind
  const fields = Object.entries(value).map(
    ([name, field]) => `${name}: ${typeof field === 'string' ? JSON.stringify(field) : typeof field}`,
  )
  return (fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`).slice(0, SHOWN_LENGTH_MAX)
}
