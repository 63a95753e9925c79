/** What an asker is told whose message was not handled as it should. */
import { CambiumError, toErrorRecord, withoutStack } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'

/** What an asker is told whose message, or whose answer, went down with a crash. */
export function crashError(cell: ActorCell, record: ErrorRecord, cause: unknown): CambiumError {
  const message = `actor crashed while handling the message: actor=${cell.label}, error=${record.name}: ${record.message}`
  return withoutStack(() => new CambiumError('ERR_ACTOR_CRASHED', message, { severity: 'crash', cause })) // its cause has one
}

/** Its handler has ended without an answer. */
export function noReplyError(cell: ActorCell): CambiumError {
  return new CambiumError('ERR_NO_REPLY', `actor handled the message without a reply: actor=${cell.label}`, { severity: 'crash' })
}

export function expiredError(cell: ActorCell): CambiumError {
  return new CambiumError('ERR_MESSAGE_EXPIRED', `message was not handled before its time was over: actor=${cell.label}`, {
    severity: 'crash',
  })
}

export function initError({ label }: ActorCell, cause: unknown): CambiumError {
  const record = toErrorRecord(cause)
  return new CambiumError('ERR_INIT_FAILED', `init failed: actor=${label}, error=${record.name}: ${record.message}`, {
    severity: 'crash',
    cause,
  })
}
