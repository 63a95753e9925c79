/** `send`: a message that waits, by a promise, until its target's mailbox and the ring have room, for as long as its caller allows. */
import { CambiumError, formatAddress } from '@cambium/base'
import type { OutboundLink } from './outbound-link.ts'
import type { Outbox } from './outbox.ts'
import type { SenderHost } from './sender-host.ts'
import { CallbackTimer } from './timer-wheel.ts'
import type { CheckedWait } from './wait-options.ts'
import { sentPriority } from './waiting-message.ts'
import type { WaitingMessage } from './waiting-message.ts'

/** `link` leads to the target's core; none for this one, and then the message itself waits. */
export function waitForRoom(
  host: SenderHost,
  outbox: Outbox,
  link: OutboundLink | undefined,
  wait: CheckedWait,
  what: Pick<WaitingMessage, 'target' | 'message' | 'bytes' | 'layout' | 'parcel' | 'stamp'>,
): Promise<void> {
  what.parcel?.seize()
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      host.wheel.cancel(timer)
      wait.signal?.removeEventListener('abort', onAbort)
    }
    const waiting: WaitingMessage = {
      target: what.target,
      message: link === undefined ? what.message : undefined,
      bytes: what.bytes,
      layout: what.layout,
      type: 0,
      stamp: what.stamp,
      priority: sentPriority(what.stamp),
      parcel: what.parcel,
      ask: undefined,
      charge: undefined,
      sinceMs: Infinity, // its own timer ends the wait
      onAccepted: () => {
        finish()
        resolve()
      },
      onClosed: (error) => {
        withdraw(error)
      },
      isWithdrawn: false,
    }
    const withdraw = (error: Error): void => {
      finish()
      waiting.isWithdrawn = true
      reject(error)
    }
    const onAbort = (): void => {
      withdraw(wait.signal?.reason as Error)
    }
    const timer = new CallbackTimer(() => {
      withdraw(
        new CambiumError(
          'ERR_SEND_TIMEOUT',
          `message found no room in time: target=${formatAddress(what.target)}, timeoutMs=${wait.timeoutMs}`,
          { severity: 'crash', fields: { timeoutMs: wait.timeoutMs } },
        ),
      )
    })
    if (Number.isFinite(wait.timeoutMs)) host.wheel.start(timer, host.now() + wait.timeoutMs)
    wait.signal?.addEventListener('abort', onAbort, { once: true })
    outbox.hold(waiting, link)
    host.requestTurn()
  })
}
