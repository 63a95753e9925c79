/** Checks of user-given options. Each throws `ERR_OPTION` with the option's name, its value and what was expected. */
import { CambiumError } from './cambium-error.ts'

export function optionError(option: string, value: unknown, expected: string): CambiumError {
  return new CambiumError('ERR_OPTION', `option ${option} is wrong: value=${show(value)}, expected ${expected}`, {
    fields: { option, expected },
  })
}

/** An integer in [min, max]; `undefined` gives the default. */
export function checkInteger(option: string, value: unknown, range: { default: number; min: number; max: number }): number {
  if (value === undefined) return range.default
  if (typeof value !== 'number' || !Number.isInteger(value) || value < range.min || value > range.max) {
    throw optionError(option, value, `an integer from ${range.min} to ${range.max}`)
  }
  return value
}

/** Milliseconds, `Infinity` allowed where `max` is Infinity. */
export function checkDuration(option: string, value: unknown, range: { default: number; min: number; max: number }): number {
  if (value === undefined) return range.default
  if (typeof value !== 'number' || Number.isNaN(value) || value < range.min || value > range.max) {
    throw optionError(option, value, `milliseconds from ${range.min} to ${range.max}`)
  }
  return value
}

export function checkOneOf<T extends string>(option: string, value: unknown, choices: readonly T[], fallback: T): T {
  if (value === undefined) return fallback
  if (typeof value !== 'string' || !choices.includes(value as T)) {
    throw optionError(option, value, `one of ${choices.join(', ')}`)
  }
  return value as T
}

export function checkBoolean(option: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value !== 'boolean') throw optionError(option, value, 'true or false')
  return value
}

/** An object with no field besides `known`: a misspelt option is an error, not a silent default. */
export function checkFields(option: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw optionError(option, value, 'an object')
  const field = unknownField(value, known)
  if (field !== undefined)
    throw optionError(`${option}.${field}`, (value as Record<string, unknown>)[field], `one of the fields ${known.join(', ')}`)
}

/** What is wrong with the fields of a definition, where that is no `ERR_OPTION`; undefined when it has none besides `known`. */
export function unknownFieldOf(definition: object, known: readonly string[]): string | undefined {
  const field = unknownField(definition, known)
  return field === undefined ? undefined : `${field} is unknown, expected one of ${known.join(', ')}`
}

function unknownField(value: object, known: readonly string[]): string | undefined {
  return Object.keys(value).find((field) => !known.includes(field))
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? `array of ${value.length}` : 'object'
  return String(value)
}
