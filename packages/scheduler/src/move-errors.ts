/** What may be wrong with a move, as whoever asked for it is told. */
import { CambiumError, fromErrorRecord } from '@cambium/base'
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import type { Answer } from './core-requests.ts'

export function notMovable(cell: ActorCell, why: string): CambiumError {
  return new CambiumError('ERR_NOT_MOVABLE', `actor cannot move: actor=${cell.label}, why=${why}`, {
    severity: 'crash',
    fields: { actor: cell.label, why },
  })
}

export function tooLate(cell: ActorCell, why: string): CambiumError {
  return new CambiumError('ERR_MOVE_TIMEOUT', `actor did not move in time: actor=${cell.label}, why=${why}`, {
    severity: 'crash',
    fields: { actor: cell.label, why },
  })
}

/** The other core has not answered. */
export function unanswered(cell: ActorCell, core: number): CambiumError {
  return tooLate(cell, `core ${core} has not answered`)
}

/** It was asked to move, and has ended first. */
export function endedBefore({ label }: ActorCell): CambiumError {
  return new CambiumError('ERR_NO_SUCH_ACTOR', `actor ended before it had moved: actor=${label}`, { severity: 'crash' })
}

/** Its host has died while it was on its way back. */
export function lostWithHost(core: number, error: ErrorRecord): CambiumError {
  const message = `core died on which the actor was: core=${core}, cause=${error.message}`
  return new CambiumError('ERR_CORE_LOST', message, { severity: 'crash', cause: fromErrorRecord(error) })
}

/** What a core has answered in place of what was asked of it. */
export function errorOf(answer: Answer): Error {
  return answer.type === 'start_failed'
    ? fromErrorRecord(answer.error)
    : new CambiumError('ERR_SIGNAL', `answer is none to this request: type=${answer.type}`, { severity: 'bug' })
}

/** It was passed on to nobody: its target's home, or its host, has died. */
export function lostWithCore(target: ActorAddress, core: number): CambiumError {
  return new CambiumError('ERR_CORE_LOST', `core died with the message: target=core-${core}/${target.slot}`, {
    severity: 'crash',
  })
}
