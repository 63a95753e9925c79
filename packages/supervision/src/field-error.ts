/** The error for one wrong field of a child spec or of supervisor flags. */
import { CambiumError } from '@cambium/base'

const SHOWN_LENGTH_MAX = 80

/** Message form: `child spec is wrong: field=restart, value="always", expected=one of ..., id=cache`. */
export function fieldError(
  code: 'ERR_CHILD_SPEC' | 'ERR_SUPERVISOR_FLAGS',
  cause: string,
  field: string,
  value: unknown,
  expected: string,
  more: Readonly<Record<string, string>> = {},
): CambiumError {
  const tail = Object.entries(more).map(([name, text]) => `, ${name}=${text}`)
  return new CambiumError(code, `${cause}: field=${field}, value=${show(value)}, expected=${expected}${tail.join('')}`, {
    fields: { field, expected, ...more },
  })
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, SHOWN_LENGTH_MAX))
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? `an array of ${value.length}` : 'an object'
  return String(value)
}
