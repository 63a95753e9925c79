/**
 * The one error class of Cambium. Match on `code`: structured clone drops subclasses and custom fields, so an error
 * that crossed a thread is rebuilt from {@link ErrorRecord}.
 */
import { cut, hasKeptStack, keepStack } from './lazy-stack.ts'

export type Severity = 'mistake' | 'crash' | 'bug'

export interface CambiumErrorOptions {
  /** Whose fault it is: a `mistake` of the caller (default), a `crash` of an actor or core, a `bug` in Cambium. */
  readonly severity?: Severity
  readonly cause?: unknown
  /** Values named in the message, for programs. Plain data only. */
  readonly fields?: Readonly<Record<string, unknown>>
}

export class CambiumError extends Error {
  override readonly name: string = 'CambiumError'
  readonly code: string
  readonly severity: Severity
  readonly fields: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, options: CambiumErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.severity = options.severity ?? 'mistake'
    this.fields = options.fields ?? {}
  }
}

/** An error as plain data: what crosses a thread, a ring or a log. */
export interface ErrorRecord {
  readonly name: string
  readonly code: string
  readonly message: string
  readonly stack: string
  readonly severity: Severity
  readonly fields: Readonly<Record<string, unknown>>
  readonly cause?: ErrorRecord
}

/** Depth of `cause` chains that are kept; a cyclic chain therefore ends. */
const CAUSE_DEPTH_MAX = 8
/** Characters that are kept. What is longer is cut: an error must fit through a ring, whoever threw it. */
const MESSAGE_CHARS_MAX = 8192
const STACK_CHARS_MAX = 16_384
const NAME_CHARS_MAX = 256
const FIELD_CHARS_MAX = 1024
/** Values in all fields of one error, nested ones included, and how deep they may nest. */
const FIELD_VALUES_MAX = 256
const FIELD_DEPTH_MAX = 4
/** A larger bigint is left out by name. */
const BIGINT_BITS = 64

type Draft = { -readonly [Field in keyof ErrorRecord]?: ErrorRecord[Field] }

/**
 * Any thrown value as plain, frozen, bounded data. Never throws, whatever was thrown. A record made here is given back as it is: nobody else can make one
 * that only looks so. Its stack is written out when it is first read; until then it keeps the error.
 */
export function toErrorRecord(thrown: unknown, depth = 0): ErrorRecord {
  if (typeof thrown === 'object' && thrown !== null && hasKeptStack(thrown)) return thrown as ErrorRecord
  let record: ErrorRecord
  try {
    record = describe(thrown, depth)
  } catch {
    record = nonError('a value that cannot be shown')
  }
  return Object.freeze(record)
}

function describe(thrown: unknown, depth: number): ErrorRecord {
  if (!(thrown instanceof Error)) return nonError(cut(String(thrown), MESSAGE_CHARS_MAX))
  const cause = thrown.cause
  const record: Draft = {
    name: cut(String(thrown.name), NAME_CHARS_MAX),
    code: cut(
      'code' in thrown ? String(thrown.code) : isStackOverflow(thrown) ? 'ERR_STACK_OVERFLOW' : 'ERR_UNKNOWN',
      NAME_CHARS_MAX,
    ),
    message: cut(String(thrown.message), MESSAGE_CHARS_MAX),
  }
  keepStack(record, thrown, STACK_CHARS_MAX)
  record.severity = thrown instanceof CambiumError && isSeverity(thrown.severity) ? thrown.severity : 'crash'
  record.fields = thrown instanceof CambiumError ? plainFields(thrown.fields) : {}
  if (cause !== undefined && depth < CAUSE_DEPTH_MAX) record.cause = toErrorRecord(cause, depth + 1)
  return record as ErrorRecord
}

/** V8 has no code for it. */
function isStackOverflow(thrown: Error): boolean {
  return thrown instanceof RangeError && thrown.message === 'Maximum call stack size exceeded'
}

/** The error that a record stands for, under its name; its stack is the one of the place where it was thrown. */
export function fromErrorRecord(record: ErrorRecord): CambiumError {
  const error = withoutStack(
    () =>
      new CambiumError(record.code, record.message, {
        severity: record.severity,
        fields: record.fields,
        ...(record.cause ? { cause: fromErrorRecord(record.cause) } : {}),
      }),
  )
  if (record.name) (error as { name: string }).name = record.name
  if (record.stack) error.stack = record.stack
  return error
}

/**
 * An error made without looking at the stack of the place where it is made, which takes several microseconds: for one that tells of something that
 * happened elsewhere.
 */
export function withoutStack<E extends Error>(make: () => E): E {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return make()
  } finally {
    Error.stackTraceLimit = limit
  }
}

function nonError(message: string): ErrorRecord {
  const record: Draft = { name: 'NonError', code: 'ERR_UNKNOWN', message }
  keepStack(record, undefined, STACK_CHARS_MAX)
  record.severity = 'crash'
  record.fields = {}
  return record as ErrorRecord
}

function isSeverity(value: unknown): value is Severity {
  return value === 'mistake' || value === 'crash' || value === 'bug'
}

function plainFields(fields: unknown): Readonly<Record<string, unknown>> {
  const fieldsOnly = typeof fields === 'object' && fields !== null && !Array.isArray(fields) ? fields : {}
  return plainObject(fieldsOnly, 0, { left: FIELD_VALUES_MAX })
}

/** What has no plain form is named; undefined for what is left out. */
function plainValue(value: unknown, depth: number, budget: { left: number }): unknown {
  budget.left -= 1
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value
  if (typeof value === 'string') return cut(value, FIELD_CHARS_MAX)
  if (typeof value === 'bigint') return BigInt.asIntN(BIGINT_BITS, value) === value ? value : 'bigint beyond 64 bits'
  if (typeof value !== 'object') return undefined
  if (value instanceof Error) return cut(`${String(value.name)}: ${String(value.message)}`, FIELD_CHARS_MAX)
  const prototype: unknown = Object.getPrototypeOf(value)
  const isArray = Array.isArray(value)
  if (!isArray && prototype !== Object.prototype && prototype !== null)
    return cut(Object.prototype.toString.call(value), NAME_CHARS_MAX)
  if (depth >= FIELD_DEPTH_MAX) return isArray ? '[array]' : '[object]'
  return isArray ? plainArray(value, depth + 1, budget) : plainObject(value, depth + 1, budget)
}

function plainArray(values: readonly unknown[], depth: number, budget: { left: number }): readonly unknown[] {
  const plain: unknown[] = []
  for (let i = 0; i < values.length && budget.left > 0; i += 1) {
    // An index keeps its place: what has no plain form is null.
    plain.push(attempt(() => plainValue(values[i], depth, budget)) ?? null)
  }
  return Object.freeze(plain)
}

function plainObject(values: object, depth: number, budget: { left: number }): Readonly<Record<string, unknown>> {
  const plain: Record<string, unknown> = {}
  for (const key of attempt(() => Object.keys(values)) ?? []) {
    if (budget.left <= 0) break
    if (key === '__proto__' || key.length > NAME_CHARS_MAX) continue
    const value = attempt(() => plainValue((values as Record<string, unknown>)[key], depth, budget))
    if (value !== undefined) plain[key] = value
  }
  return Object.freeze(plain)
}

/** A getter or a proxy may throw; what it hides is left out. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** A module could not be imported: it is not there, or it throws. */
export function moduleLoadError(module: string, cause: unknown): CambiumError {
  const message = `module cannot be loaded: module=${module}, cause=${cause instanceof Error ? cause.message : String(cause)}`
  return new CambiumError('ERR_MODULE_LOAD', message, { cause, fields: { module } })
}
