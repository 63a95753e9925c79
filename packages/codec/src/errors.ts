/**
 * The errors of the codec.
 *
 *   ERR_CANNOT_TRAVEL      path, found             a mistake of the sender: part of a message that has no bytes
 *   ERR_MESSAGE_TOO_LARGE  bytes, limit            a mistake of the sender: past `messageBytesMax`
 *   ERR_NOT_DECODABLE      bytes, reason           a bug or damaged memory: bytes that no encoder of ours wrote
 *   ERR_MESSAGE_LAYOUT     field, expected, found  a mistake of the sender: the message does not fit its declared layout
 *   ERR_MESSAGE_GONE       field                   a mistake of the receiver: a message read in place, after its handler
 */
import { CambiumError } from '@cambium/base'

/** `path` leads from the message to what cannot travel; `(root)` is the message itself. */
export function cannotTravel(path: string, found: string, ...cause: readonly [unknown?]): CambiumError {
  return new CambiumError('ERR_CANNOT_TRAVEL', `message cannot travel: path=${path}, found ${found}`, {
    fields: { path, found },
    ...(cause.length > 0 ? { cause: cause[0] } : {}),
  })
}

export function messageTooLarge(bytes: number, limit: number): CambiumError {
  return new CambiumError('ERR_MESSAGE_TOO_LARGE', `message is too large: bytes=${bytes}, limit=${limit}`, {
    fields: { bytes, limit },
  })
}

export function notDecodable(bytes: number, cause: unknown): CambiumError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new CambiumError('ERR_NOT_DECODABLE', `message is not decodable: bytes=${String(bytes)}, reason=${reason}`, {
    severity: 'bug',
    fields: { bytes, reason },
    cause,
  })
}

/** `where` names the member of a union, `type=place`. */
export function layoutMisfit(where: string, field: string, expected: string, value: unknown): CambiumError {
  const found = describe(value)
  const at = where === '' ? `field=${field}` : `${where}, field=${field}`
  return new CambiumError('ERR_MESSAGE_LAYOUT', `message does not fit its layout: ${at}, found ${found}, expected ${expected}`, {
    fields: { field, expected, found },
  })
}

/** Throws: the record that a message was read from has been given back. */
export function messageGone(field: string): never {
  throw new CambiumError(
    'ERR_MESSAGE_GONE',
    `message is gone: field=${field}, it was read in place and its handler has returned; keepMessage keeps one`,
    { fields: { field } },
  )
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (typeof value === 'object' && value !== null) return (value.constructor as { name?: string } | undefined)?.name ?? 'object'
  if (typeof value === 'function' || typeof value === 'symbol') return typeof value
  return Object.is(value, -0) ? '-0' : String(value)
}
