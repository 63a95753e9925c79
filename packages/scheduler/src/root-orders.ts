/**
 * What a core does on the signals of the root, and of supervisors: start, restart and end of actors, adoption of a predecessor's slots, the death of
 * another core.
 */
import type { ExitReason } from '@cambium/actor'
import { CambiumError, formatAddress, fromErrorRecord, toErrorRecord } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import type { AskTable } from './asks.ts'
import type { CoreDirectory } from './core-directory.ts'
import type { CoreRequests } from './core-requests.ts'
import type { Bonds } from './bonds.ts'
import { inspect } from './inspect-orders.ts'
import type { Inspection } from './inspection.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { Moves } from './moves.ts'
import type { OutboundLink } from './outbound-link.ts'
import { OWNED_BY_ROOT } from './ownership.ts'
import type { Sender } from './sender.ts'
import type { Signal } from './signals.ts'
import type { SlotTable } from './slot-table.ts'

export interface RootOrdersHost {
  readonly coreNumber: number
  readonly lifecycle: Lifecycle
  readonly slots: SlotTable
  readonly asks: AskTable
  readonly bonds: Bonds
  readonly directory: CoreDirectory
  readonly sender: Sender
  readonly links: readonly (OutboundLink | undefined)[]
  readonly requests: CoreRequests
  readonly inspection: Inspection
  readonly moves: Moves
  /** Data records may be taken from now on. */
  open(): void
  requestTurn(): void
  /** What a dead core has still said is taken before its death is. */
  takeLastSignals(core: number): void
}

/** Carries out one signal. `answer` goes to whoever has sent it. False when it is none for a core. */
export function followOrder(host: RootOrdersHost, from: number, signal: Signal, answer: (signal: Signal) => void): boolean {
  switch (signal.type) {
    case 'spawn':
      try {
        host.lifecycle.spawn(signal.spec, signal.owner ?? OWNED_BY_ROOT, undefined, (error, cell) => {
          answerStart(answer, signal.request, cell, error)
        })
      } catch (error) {
        answer({ type: 'start_failed', request: signal.request, error: toErrorRecord(error) }) // no slot is free
      }
      return true
    case 'restart':
      host.lifecycle.restart(signal.slot, signal.generation, signal.spec, signal.owner ?? OWNED_BY_ROOT, (error) => {
        answerStart(answer, signal.request, signal, error)
      })
      return true
    case 'stop': {
      const cell = host.slots.find(signal.slot, signal.generation)
      const answerStop = (reason: ExitReason): void => {
        answer({ type: 'stopped', request: signal.request, reason })
      }
      if (cell === undefined) answerStop({ kind: 'shutdown' })
      else host.lifecycle.stop(cell, signal.timeoutMs, signal.keepsSlot, answerStop)
      return true
    }
    case 'inspect':
      // On core 0 the order may come from the actor's own code. Nor is it looked up before where the actor is.
      queueMicrotask(() => {
        inspect(host, signal, answer)
        host.requestTurn()
      })
      return true
    case 'adopt':
      host.lifecycle.adopt(signal.slots)
      return true
    case 'kept':
      host.lifecycle.remember(signal.slot, signal.generation, signal.children)
      return true
    case 'adopted':
      host.lifecycle.adopted(signal.supervisor, signal.addresses)
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
      host.takeLastSignals(signal.core)
      host.directory.coreLost(signal.core)
      loseCore(host, signal)
      failAsksTo(host, signal.core, signal.positions[host.coreNumber] as number, signal.error)
      host.moves.coreLost(signal)
      host.bonds.coreLost(signal.core, signal.epoch - 1, signal.error)
      return true
    case 'close':
      host.sender.isClosed = true
      return true
    default:
      return host.moves.take(from, signal, answer)
  }
}

/** Children of supervisors there end, and supervisors here see to their children there. */
function loseCore(host: RootOrdersHost, signal: Extract<Signal, { type: 'core_lost' }>): void {
  host.lifecycle.ownersLost(signal.core, signal.epoch)
  // Of core 0 the root does the rest, when it has told the successor of its slots.
  if (host.coreNumber === 0) return
  host.requests.fail(signal.core, signal.epoch, signal.error)
  host.requests.answerLate()
  host.lifecycle.childrenLost(signal.core, signal.blamed)
}

function answerStart(
  answer: (signal: Signal) => void,
  request: number,
  at: { readonly slot: number; readonly generation: number },
  error: Error | undefined,
): void {
  answer(
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
    host.sender.replies.failAsk(
      ask,
      new CambiumError('ERR_CORE_LOST', message, { severity: 'crash', cause: fromErrorRecord(error) }),
    )
  }
  host.requestTurn()
}
