/**
 * The errors of the codec.
 *
 *   ERR_CANNOT_TRAVEL      path, found             a mistake of the sender: part of a message that has no bytes
 *   ERR_MESSAGE_TOO_LARGE  bytes, limit            a mistake of the sender: past `messageBytesMax`
 *   ERR_NOT_DECODABLE      bytes, reason           a bug or damaged memory: bytes that no encoder of ours wrote
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
  return new CambiumError('ERR_NOT_DECODABLE', `message is not decodable: bytes=${bytes}, reason=${reason}`, {
    severity: 'bug',
    fields: { bytes, reason },
    cause,
  })
}
