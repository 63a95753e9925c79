/**
 * Settings: small schemas for the values of a configuration, which read environment variables too. Each is a Standard Schema, so they stand beside those of
 * other libraries. From an environment variable they take text; from a file or from code only a value of their own type.
 */
import { checkFields, optionError, toMilliseconds } from '@cambium/base'
import type { Duration } from '@cambium/base'
import type { StandardSchema } from './standard-schema.ts'

export interface SettingOptions<Value> {
  /** What holds when nobody gives a value. */
  readonly default?: Value
  /** Nobody has to give a value, and there is none then: `undefined`. @default false */
  readonly optional?: boolean
  /** Errors do not show the value. @default false */
  readonly secret?: boolean
}

/** A setting: a schema whose values may come as text. */
export interface Setting<Input, Output> extends StandardSchema<Input, Output> {
  /** The value that a text stands for, to be validated; the text itself when it stands for none. */
  readonly fromText: (text: string) => unknown
  readonly isSecret: boolean
}

type Optional<Input, O, Output = Input> = Setting<Input, O extends { readonly optional: true } ? Output | undefined : Output>

export interface NumberOptions extends SettingOptions<number> {
  /** @default -Infinity */
  readonly min?: number
  /** @default Infinity */
  readonly max?: number
}

export interface TextOptions extends SettingOptions<string> {
  /** What the whole text is to match. */
  readonly pattern?: RegExp
}

export interface UrlOptions extends SettingOptions<string> {
  /** Such as `['https:']`. @default any */
  readonly protocols?: readonly string[]
}

export interface DurationOptions extends SettingOptions<Duration> {
  /** @default 0 */
  readonly min?: Duration
  /** @default no limit */
  readonly max?: Duration
}

/** Makers of settings. Each throws `ERR_OPTION` for a wrong option, a default that its own setting would refuse among them. */
export const setting: {
  /** A finite number. */
  number<O extends NumberOptions = NumberOptions>(options?: O): Optional<number, O>
  /** A whole number. */
  integer<O extends NumberOptions = NumberOptions>(options?: O): Optional<number, O>
  /** `true` or `false`; as text also `1`, `0`, `yes`, `no`, `on`, `off`. */
  boolean<O extends SettingOptions<boolean> = SettingOptions<boolean>>(options?: O): Optional<boolean, O>
  text<O extends TextOptions = TextOptions>(options?: O): Optional<string, O>
  /** A whole URL, as its text: that is what travels from core to core. */
  url<O extends UrlOptions = UrlOptions>(options?: O): Optional<string, O>
  /** A time such as `250`, `'250ms'`, `'5s'`, `'2m'`, `'1h'`, `'1d'`: as milliseconds. */
  duration<O extends DurationOptions = DurationOptions>(options?: O): Optional<Duration, O, number>
  oneOf<const Choice extends string, O extends SettingOptions<Choice> = SettingOptions<Choice>>(
    choices: readonly Choice[],
    options?: O,
  ): Optional<Choice, O>
} = {
  number: (options) => numeric(options, 'a number', (value) => Number.isFinite(value)),
  integer: (options) => numeric(options, 'an integer', (value) => Number.isSafeInteger(value)),
  boolean: (options) =>
    make(options, [], {
      expected: 'true or false',
      read: (value) => (typeof value === 'boolean' ? value : undefined),
      fromText: (text) => WORDS.get(text.toLowerCase()) ?? text,
    }) as never,
  text(options) {
    const { pattern } = checked(options, ['pattern'])
    if (pattern !== undefined && !(pattern instanceof RegExp)) throw optionError('pattern', pattern, 'a regular expression')
    const whole = pattern === undefined ? undefined : new RegExp(`^(?:${pattern.source})$`, pattern.flags.replaceAll(/[gy]/g, ''))
    return make(options, ['pattern'], {
      expected: pattern === undefined ? 'a string' : `a string that matches ${String(pattern)}`,
      read: (value) => (typeof value === 'string' && whole?.test(value) !== false ? value : undefined),
    }) as never
  },
  url(options) {
    const { protocols } = checked(options, ['protocols'])
    if (protocols !== undefined && !isTexts(protocols)) throw optionError('protocols', protocols, "a list such as ['https:']")
    return make(options, ['protocols'], {
      expected: protocols === undefined ? 'a whole URL' : `a URL that begins with ${protocols.join(' or ')}`,
      read(value) {
        if (typeof value !== 'string' || !URL.canParse(value)) return undefined
        const { protocol, href } = new URL(value)
        return protocols === undefined || protocols.includes(protocol) ? href : undefined
      },
    }) as never
  },
  duration(options) {
    const { min = 0, max } = checked(options, ['min', 'max'])
    const [minMs, maxMs] = [toMilliseconds(min, 'min'), max === undefined ? Infinity : toMilliseconds(max, 'max')]
    if (minMs > maxMs) throw optionError('max', max, `at least min, which is ${min}`)
    const range = `from ${min}${max === undefined ? '' : ` to ${max}`}`
    return make(options, ['min', 'max'], {
      expected: `milliseconds, or a time such as '250ms', '5s', '2m', '1h', '1d', ${range}`,
      read(value) {
        const ms = millisecondsOf(value)
        return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined
      },
      fromText: numberOr,
    }) as never
  },
  oneOf(choices, options) {
    if (!isTexts(choices)) throw optionError('choices', choices, 'a list of strings')
    return make(options, [], {
      expected: `one of ${choices.join(', ')}`,
      read: (value) => (choices.includes(value as never) ? value : undefined),
    }) as never
  },
}

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
  ['1', true],
  ['0', false],
  ['yes', true],
  ['no', false],
  ['on', true],
  ['off', false],
])

interface Reader {
  readonly expected: string
  /** The value, undefined for one that is none. */
  readonly read: (value: unknown) => unknown
  readonly fromText?: (text: string) => unknown
}

function checked<O extends SettingOptions<unknown>>(options: O | undefined, fields: readonly string[]): O {
  const given = options ?? ({} as O)
  checkFields('options', given, ['default', 'optional', 'secret', ...fields])
  return given
}

function make(
  options: SettingOptions<unknown> | undefined,
  fields: readonly string[],
  { expected, read, fromText = (text) => text }: Reader,
): Setting<unknown, unknown> {
  const { default: fallback, optional = false, secret = false } = checked(options, fields)
  if (typeof optional !== 'boolean') throw optionError('optional', optional, 'true or false')
  if (typeof secret !== 'boolean') throw optionError('secret', secret, 'true or false')
  if (fallback !== undefined && read(fallback) === undefined) throw optionError('default', secret ? 'secret' : fallback, expected)
  return Object.freeze({
    fromText,
    isSecret: secret,
    '~standard': Object.freeze({
      version: 1 as const,
      vendor: 'cambium',
      validate(given: unknown) {
        const value = given === undefined ? fallback : given
        if (value === undefined && optional) return { value }
        const result = value === undefined ? undefined : read(value)
        return result === undefined ? { issues: [{ message: `expected ${expected}` }] } : { value: result }
      },
    }),
  })
}

function numeric(options: NumberOptions | undefined, what: string, is: (value: number) => boolean): never {
  const { min = -Infinity, max = Infinity } = checked(options, ['min', 'max'])
  if (typeof min !== 'number' || Number.isNaN(min)) throw optionError('min', min, 'a number')
  if (typeof max !== 'number' || Number.isNaN(max)) throw optionError('max', max, 'a number')
  if (min > max) throw optionError('max', max, `at least min, which is ${min}`)
  const from = min === -Infinity ? '' : ` from ${min}`
  const to = max === Infinity ? '' : ` up to ${max}`
  return make(options, ['min', 'max'], {
    expected: `${what}${from}${from === '' ? to : to.replace(' up to', ' to')}`,
    read: (value) => (typeof value === 'number' && is(value) && value >= min && value <= max ? value : undefined),
    fromText: numberOr,
  }) as never
}

function numberOr(text: string): unknown {
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

function millisecondsOf(value: unknown): number | undefined {
  try {
    return toMilliseconds(value as Duration)
  } catch {
    return undefined
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string')
}
