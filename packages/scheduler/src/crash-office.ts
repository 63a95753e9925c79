/**
 * Crash reports (C-20): for each crash what a person needs to understand it, as plain data. The ends `normal`, `shutdown` and those that were
 * asked for give none. Made for so many a second at most: copying a state is dear, and a storm of crashes says the same again and again.
 */
import { CambiumError } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import type { CrashReport } from './core-news.ts'
import { shownState } from './inspection.ts'
import { isOwnedByRoot } from './ownership.ts'
import { Showing } from './showing.ts'
import type { SignalWays } from './signals.ts'

const REPORTS_PER_SECOND_MAX = 20
/** Of the message, and of the state, in encoded bytes: a report of more is one without. */
const SHOWN_BYTES_MAX = 256 << 10

/** A part of an actor that is isolated from the rest. */
export interface CrashedPart {
  readonly behaviour: { readonly name: string; readonly module: string }
  /** As it is to be shown. */
  readonly state: unknown
}

export interface CrashOfficeHost {
  readonly encoder: { encodeKept(value: unknown): Uint8Array }
  readonly router: SignalWays
  now(): number
}

export class CrashOffice {
  readonly #host: CrashOfficeHost
  readonly #showing = new Showing(REPORTS_PER_SECOND_MAX)

  constructor(host: CrashOfficeHost) {
    this.#host = host
  }

  /** `part`: what has crashed inside the actor, which goes on. */
  report(cell: ActorCell, during: CrashReport['during'], message: unknown, error: ErrorRecord, part?: CrashedPart): void {
    const now = this.#host.now()
    const leftOut = this.#showing.show(now)
    if (leftOut === undefined) return
    const { name, incarnation } = cell
    const { core, slot, generation } = cell.address
    const behaviour = part?.behaviour ?? cell.behaviour
    const detail: CrashReport = {
      actor: { core, slot, generation },
      name,
      behaviour: behaviour?.name ?? '',
      module: behaviour?.module ?? '',
      incarnation,
      atMs: now,
      error,
      during,
      message: this.#portable(message),
      state: this.#portable(part === undefined ? shownState(cell) : part.state),
      queued: cell.mailbox?.length ?? 0,
      supervision: pathOf(cell),
      log: (cell.observation?.events ?? []).map((event) => ({ ...event, message: this.#portable(event.message) })),
      leftOut,
    }
    this.#host.router.toRoot({ type: 'news', news: { event: 'crash_report', detail } })
  }

  /** The value, or why it is not shown. */
  #portable(value: unknown): unknown {
    try {
      const { length } = this.#host.encoder.encodeKept(value)
      return length <= SHOWN_BYTES_MAX ? value : `not shown: it is too large: bytes=${length}`
    } catch (error) {
      return `not shown: ${error instanceof CambiumError ? error.message : String(error)}`
    }
  }
}

/** Names from the top of the tree to the actor. Of an unsupervised child its parents, up to one that is supervised. */
function pathOf(cell: ActorCell): string[] {
  const names: string[] = []
  let each: ActorCell = cell
  for (; each.parent !== undefined; each = each.parent) names.unshift(each.label)
  names.unshift(each.label)
  const { owner } = each
  if (owner === undefined || isOwnedByRoot(owner)) return ['root', ...names]
  return ['root', ...owner.path.split('/').filter((part) => part !== ''), ...names]
}
