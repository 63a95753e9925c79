/** What an asker is told whose message was not handled as it should. */
import { CambiumError } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'

/** What an asker is told whose message, or whose answer, went down with a crash. */
export function crashError(cell: ActorCell, record: ErrorRecord, cause: unknown): CambiumError {
  return new CambiumError(
    'ERR_ACTOR_CRASHED',
    `actor crashed while handling the message: actor=${cell.label}, error=${record.name}: ${record.message}`,
    { severity: 'crash', cause },
  )
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
