/** What a core does on the root's signals: start, restart and end of actors, adoption of a predecessor's slots, the death of another core. */
import type { ExitReason } from '@cambium/actor'
import { CambiumError, formatAddress, toErrorRecord } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import type { AskTable } from './asks.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { OutboundLink } from './outbound-link.ts'
import type { Sender } from './sender.ts'
import type { Signal } from './signals.ts'
import type { SlotTable } from './slot-table.ts'

export interface RootOrdersHost {
  readonly coreNumber: number
  readonly lifecycle: Lifecycle
  readonly slots: SlotTable
  readonly asks: AskTable
  readonly sender: Sender
  readonly links: readonly (OutboundLink | undefined)[]
  toRoot(signal: Signal): void
  /** Data records may be taken from now on. */
  open(): void
  requestTurn(): void
}

/** Carries out one signal. False when it is none for a core. */
export function followOrder(host: RootOrdersHost, signal: Signal): boolean {
  switch (signal.type) {
    case 'spawn':
      try {
        host.lifecycle.spawn(signal.spec, true, undefined, (error, cell) => {
          answerStart(host, signal.request, cell, error)
        })
      } catch (error) {
        host.toRoot({ type: 'start_failed', request: signal.request, error: toErrorRecord(error) }) // no slot is free
      }
      return true
    case 'restart':
      host.lifecycle.restart(signal.slot, signal.generation, signal.spec, (error) => {
        answerStart(host, signal.request, signal, error)
      })
      return true
    case 'stop': {
      const cell = host.slots.find(signal.slot, signal.generation)
      const answer = (reason: ExitReason): void => {
        host.toRoot({ type: 'stopped', request: signal.request, reason })
      }
      if (cell === undefined) answer({ kind: 'shutdown' })
      else host.lifecycle.stop(cell, signal.timeoutMs, signal.keepsSlot, answer)
      return true
    }
    case 'adopt':
      host.lifecycle.adopt(signal.slots)
      return true
    case 'release': {
      const cell = host.slots.find(signal.slot, signal.generation)
      if (cell !== undefined) host.lifecycle.release(cell)
      return true
    }
    case 'open':
      host.open()
      return true
    case 'core_lost':
      failAsksTo(host, signal.core, signal.positions[host.coreNumber] as number, signal.error)
      return true
    case 'close':
      host.sender.isClosed = true
      return true
    default:
      return false
  }
}

function answerStart(
  host: RootOrdersHost,
  request: number,
  at: { readonly slot: number; readonly generation: number },
  error: Error | undefined,
): void {
  host.toRoot(
    error === undefined
      ? { type: 'started', request, slot: at.slot, generation: at.generation }
      : { type: 'start_failed', request, error: toErrorRecord(error) },
  )
}

/**
 * Asks that the dead core had taken have failed. Those in the ring behind `resume`, where its successor goes on, are the successor's; those not yet
 * written are still here.
 */
function failAsksTo(host: RootOrdersHost, core: number, resume: number, error: ErrorRecord): void {
  const upTo = host.links[core]?.data.positionOf(resume)
  if (upTo === undefined) return // this core was severed itself
  for (const ask of host.asks.all()) {
    if (ask.target.core !== core || ask.position === undefined || ask.position > upTo) continue
    const message = `core died with the message: target=${formatAddress(ask.target)}, cause=${error.message}`
    host.sender.replies.failAsk(ask, new CambiumError('ERR_CORE_LOST', message, { severity: 'crash' }))
  }
  host.requestTurn()
}
