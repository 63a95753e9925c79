/**
 * Message storms as a fault: one core floods an actor of another, or of its own, with messages that nobody wrote. They take the way of all messages,
 * through rings, mailboxes and books, and whoever waits for room waits behind them; what they never reach is the actor's own code. There the watch
 * around each behaviour takes them out (`program-watch.ts`), so actors need not know of storms.
 *
 * Core 0 is spared: probes live there.
 */
import type { Core } from '@cambium/scheduler'

type Cell = Core['slots']['cells'][number] & object

const KEY = 'storm of the simulator'
/** Statuses up to this one are of actors that take messages, now or later (`scheduler/src/actor-cell.ts`). */
const LIVE_STATUS_MAX = 3
const AWAY = 8

export interface StormCounts {
  /** Messages that storms have sent. */
  readonly sent: number
  /** Of those, the ones that have come to their actors. The others are under way, or dead letters. */
  readonly handled: number
}

export class Storms {
  #sent = 0
  #handled = 0

  get counts(): StormCounts {
    return { sent: this.#sent, handled: this.#handled }
  }

  /** Floods one of the actors that live on `targets`; `pick` chooses. Answers its name; undefined when there is none. */
  strike(from: Core, targets: readonly Core[], count: number, pick: (bound: number) => number): string | undefined {
    const cells = targets.flatMap(({ slots }) => slots.cells.filter(isLive))
    const cell = cells[pick(Math.max(1, cells.length))]
    if (cell === undefined) return undefined
    const target = { core: cell.core, slot: cell.slot, generation: cell.generation, layouts: undefined }
    for (let number = 0; number < count; number += 1) {
      from.sender.outside.tell(target, { [KEY]: number }, undefined)
      this.#sent += 1
    }
    return cell.label
  }

  /** Whether a message is one of a storm: then it has come to its end here. */
  take(message: unknown): boolean {
    if (!isStorm(message)) return false
    this.#handled += 1
    return true
  }
}

export function isStorm(message: unknown): boolean {
  return typeof message === 'object' && message !== null && KEY in message
}

function isLive(cell: Cell | undefined): cell is Cell {
  // Nobody but its home knows the place of a guest.
  return cell !== undefined && cell.guest === undefined && (cell.status <= LIVE_STATUS_MAX || cell.status === AWAY)
}
