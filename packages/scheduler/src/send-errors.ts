/** What a sender is told whose message does not go. */
import { CambiumError, formatAddress } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'

export function noSuchActor(target: ActorAddress): CambiumError {
  return new CambiumError('ERR_NO_SUCH_ACTOR', `no such actor: ref=${formatAddress(target)}`, {
    severity: 'crash',
    fields: { ...target },
  })
}

/** The target's policy is `fail`. */
export function mailboxRefuses(target: ActorAddress): CambiumError {
  return new CambiumError('ERR_MAILBOX_FULL', `mailbox is full: target=${formatAddress(target)}`, { severity: 'crash' })
}

/** For an ask that does not wait for room. */
export function targetFull(target: ActorAddress): CambiumError {
  return new CambiumError('ERR_MAILBOX_FULL', `target takes no message now: ref=${formatAddress(target)}, ifFull=fail`, {
    severity: 'crash',
    fields: { ...target },
  })
}

export function outboxFull(target: ActorAddress): CambiumError {
  return new CambiumError('ERR_OUTBOX_FULL', `too many messages wait for room: target=${formatAddress(target)}`, {
    severity: 'crash',
  })
}

export function askTimeout(target: ActorAddress, timeoutMs: number): CambiumError {
  return new CambiumError(
    'ERR_ASK_TIMEOUT',
    `ask was not answered in time: target=${formatAddress(target)}, timeoutMs=${timeoutMs}`,
    { severity: 'crash', fields: { timeoutMs } },
  )
}

export function closedError(target: ActorAddress): CambiumError {
  return new CambiumError('ERR_SYSTEM_CLOSED', `system is shutting down: target=${formatAddress(target)}`)
}

/** `cores`: how many there are. */
export function noSuchCore(target: ActorAddress, cores: number): CambiumError {
  return new CambiumError('ERR_NO_SUCH_CORE', `ref names no core of this system: ref=${formatAddress(target)}, cores=${cores}`)
}
