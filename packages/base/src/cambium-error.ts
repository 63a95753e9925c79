/**
 * The one error class of Cambium. Match on `code`: structured clone drops subclasses and custom fields, so an error
 * that crossed a thread is rebuilt from {@link ErrorRecord}.
 */
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

/** Any thrown value as plain data. Never throws, whatever was thrown. */
export function toErrorRecord(thrown: unknown, depth = 0): ErrorRecord {
  try {
    if (thrown instanceof Error) {
      const cause = thrown.cause
      const record = {
        name: String(thrown.name),
        code: 'code' in thrown ? String(thrown.code) : 'ERR_UNKNOWN',
        message: String(thrown.message),
        stack: String(thrown.stack ?? ''),
        severity: thrown instanceof CambiumError ? thrown.severity : ('crash' as const),
        fields: thrown instanceof CambiumError ? thrown.fields : {},
      }
      return cause === undefined || depth >= CAUSE_DEPTH_MAX ? record : { ...record, cause: toErrorRecord(cause, depth + 1) }
    }
    return { name: 'NonError', code: 'ERR_UNKNOWN', message: String(thrown), stack: '', severity: 'crash', fields: {} }
  } catch {
    return { name: 'NonError', code: 'ERR_UNKNOWN', message: 'a value that cannot be shown', stack: '', severity: 'crash', fields: {} }
  }
}

/** The error that a record stands for; its stack is the one of the place where it was thrown. */
export function fromErrorRecord(record: ErrorRecord): CambiumError {
  const error = new CambiumError(record.code, record.message, {
    severity: record.severity,
    fields: record.fields,
    ...(record.cause ? { cause: fromErrorRecord(record.cause) } : {}),
  })
  if (record.stack) error.stack = record.stack
  return error
}
