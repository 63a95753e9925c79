/**
 * What really happened in a workload, written down by its actors outside of the system under test, so that no crash and no death of a core
 * takes it away: the measure against which the system's books and promises are held.
 *
 * Every message of a workload is stamped by {@link Journal.stamp} and checked by {@link Journal.take}: it must come to the actor it was meant for,
 * once at most, and after everything that the same sender told that actor before in the same lane.
 *
 * Simulated actors write into the journal itself. Those on threads of their own write into a log (`journal-log.ts`), in which the scenario has its
 * place too; the journal is brought up to date with it when somebody looks.
 */
import type { Priority, Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import { violation } from '../oracles/violation.ts'
import type { OracleCode } from '../oracles/violation.ts'
import { presentLog, remoteJournal } from './journal-log.ts'

export interface Stamp {
  /** Names the run's journal. */
  readonly run: number
  readonly from: string
  readonly to: string
  /** Higher than in every message before from this sender to this receiver in this lane, across its incarnations. */
  readonly sequence: number
  /** Between lanes, as those of different priorities, there is no order. */
  readonly lane: string
}

/** From one sender to one receiver. */
interface Correspondence {
  sent: number
  /** The highest number that was taken. */
  received: number
  aheadMax: number
}

const journals = new Map<number, Journal>()

export class Journal {
  readonly run: number
  /** Messages handed to the runtime, answers among them; taken by a handler; whose handler went to its end. Asks that had their answer. */
  told = 0
  taken = 0
  handled = 0
  answered = 0
  failedAsks = 0
  /** Asks whose end nobody has seen: who asked died with its core. */
  openAsks = 0
  /** By sender, then by receiver. */
  readonly #letters = new Map<string, Map<string, Correspondence>>()
  /** Stamps by their places in the log. */
  readonly #stamps = new Map<number, Stamp>()
  #violation: Error | undefined = undefined

  /** `run` is the same whenever the run is repeated: it is in every message, and so in the hash of the run. */
  constructor(run: number) {
    this.run = run
    journals.set(run, this)
  }

  /** A message is about to be told. */
  stamp(from: string, to: string, lane = ''): Stamp {
    const log = presentLog()
    return log === undefined
      ? this.#stamp(from, to, lane)
      : { run: this.run, from, to, lane, sequence: log.write(this.run, 'stamp', [from, to, lane]) }
  }

  /** The message of the last stamp was refused: it was not told. */
  untold(): void {
    this.told -= 1
  }

  /** An answer is about to be given: it counts as a message. */
  answering(): void {
    this.told += 1
  }

  /** A handler of the actor `self` has been given the message. */
  take(stamp: Stamp, self: string): void {
    this.taken += 1
    if (stamp.to !== self)
      this.fail('ERR_ORACLE_INCARNATION', 'a message reached another actor', { from: stamp.from, to: stamp.to, reached: self })
    const letters = this.#between(stamp.from, stamp.to, stamp.lane)
    if (stamp.sequence <= letters.received)
      this.fail('ERR_ORACLE_ORDER', 'a message came late or twice', {
        from: stamp.from,
        to: stamp.to,
        sequence: stamp.sequence,
        last: letters.received,
      })
    letters.received = stamp.sequence
  }

  /** A handler has come to its end with a message. */
  finish(): void {
    this.handled += 1
  }

  ask(): void {
    this.openAsks += 1
  }

  askAnswered(): void {
    this.openAsks -= 1
    this.answered += 1
    this.finish()
  }

  askFailed(): void {
    this.openAsks -= 1
    this.failedAsks += 1
  }

  /** Messages that were at most under way from one to the other at a time. */
  aheadMax(from: string, to: string): number {
    return this.#between(from, to, '').aheadMax
  }

  /** Keeps the first violation: what an actor throws is a crash to the runtime. */
  fail(code: OracleCode, what: string, fields: Readonly<Record<string, unknown>>): void {
    this.#violation ??= violation(code, what, fields)
  }

  /** Brings the journal up to date, and throws what an actor found. */
  check(): void {
    this.catchUp()
    if (this.#violation !== undefined) throw this.#violation
  }

  /** Enters what actors on other threads have written since. */
  catchUp(): void {
    for (const { place, run, method, args } of presentLog()?.read() ?? []) {
      if (run !== this.run) continue
      if (method === 'stamp') {
        const [from, to, lane] = args as [string, string, string | null]
        this.#stamps.set(place, this.#stamp(from, to, lane ?? ''))
      } else if (method === 'take') {
        const [stamp, self] = args as [Stamp, string]
        this.take(this.#stamps.get(stamp.sequence) ?? stamp, self)
      } else (this as unknown as Record<string, (...args: readonly unknown[]) => void>)[method]?.(...args)
    }
  }

  /** The workload is over; its actors write no more. */
  close(): void {
    journals.delete(this.run)
  }

  #stamp(from: string, to: string, lane: string): Stamp {
    const letters = this.#between(from, to, lane)
    letters.sent += 1
    this.told += 1
    letters.aheadMax = Math.max(letters.aheadMax, letters.sent - letters.received)
    return { run: this.run, from, to, lane, sequence: letters.sent }
  }

  #between(from: string, receiver: string, lane: string): Correspondence {
    const to = lane === '' ? receiver : `${receiver} ${lane}`
    let all = this.#letters.get(from)
    if (all === undefined) {
      all = new Map()
      this.#letters.set(from, all)
    }
    let letters = all.get(to)
    if (letters === undefined) {
      letters = { sent: 0, received: 0, aheadMax: 0 }
      all.set(to, letters)
    }
    return letters
  }
}

/** The journal of a run, for actors of it. */
export function journalOf<J extends Journal>(run: number, kind: new (run: number) => J): J {
  const journal = journals.get(run)
  if (journal instanceof kind) return journal
  const log = journal === undefined ? presentLog() : undefined
  if (log === undefined) throw violation('ERR_ORACLE_WORKLOAD', 'an actor outlived its run', { run })
  return remoteJournal(run, log) as J
}

/** Tells an actor what `make` puts around a stamp. What its encoder refuses was not told. */
export function tellStamped<M>(
  journal: Journal,
  from: string,
  to: { readonly id: string; readonly ref: Ref<M> },
  make: (stamp: Stamp) => M,
  { lane, ...options }: { readonly lane?: string; readonly priority?: Priority } = {},
): void {
  const message = make(journal.stamp(from, to.id, lane))
  try {
    if (options.priority === undefined) to.ref.tell(message)
    else to.ref.tell(message, options)
  } catch (error) {
    // Any other error is the end of the core: whether that came before the message was counted, nobody knows.
    if (error instanceof CambiumError) journal.untold()
    throw error
  }
}

/** Who an actor is in its journal: its number in the run. */
export interface Member {
  readonly run: number
  readonly id: string
}

/** The name under which code outside actors tells. */
export const OUTSIDE = 'outside'
