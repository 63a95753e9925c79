/**
 * What really happened in a workload, written down by its actors outside of the system under test, so that no crash and no death of a core
 * takes it away: the measure against which the system's books and promises are held.
 *
 * Every message of a workload is stamped by {@link Journal.stamp} and checked by {@link Journal.take}: it must come to the actor it was meant for,
 * once at most, and after everything that the same sender told that actor before.
 */
import { violation } from '../oracles/violation.ts'
import type { OracleCode } from '../oracles/violation.ts'

export interface Stamp {
  /** Number of the run's journal. */
  readonly run: number
  readonly from: string
  readonly to: string
  /** Counts the messages from this sender to this receiver, across its incarnations. */
  readonly sequence: number
}

const journals = new Map<number, Journal>()
let lastRun = 0

export class Journal {
  readonly run: number
  /** Messages handed to the runtime; taken by a handler; whose handler went to its end. */
  told = 0
  taken = 0
  handled = 0
  failedAsks = 0
  readonly #sent = new Map<string, number>()
  readonly #received = new Map<string, number>()
  readonly #aheadMax = new Map<string, number>()
  #violation: Error | undefined = undefined

  constructor() {
    lastRun += 1
    this.run = lastRun
    journals.set(this.run, this)
  }

  stamp(from: string, to: string): Stamp {
    const pair = `${from}>${to}`
    const sequence = (this.#sent.get(pair) ?? 0) + 1
    this.#sent.set(pair, sequence)
    this.told += 1
    const ahead = sequence - (this.#received.get(pair) ?? 0)
    if (ahead > (this.#aheadMax.get(pair) ?? 0)) this.#aheadMax.set(pair, ahead)
    return { run: this.run, from, to, sequence }
  }

  /** A handler of the actor `self` has been given the message. */
  take(stamp: Stamp, self: string): void {
    this.taken += 1
    if (stamp.to !== self)
      this.fail('ERR_ORACLE_INCARNATION', 'a message reached another actor', { from: stamp.from, to: stamp.to, reached: self })
    const pair = `${stamp.from}>${stamp.to}`
    const last = this.#received.get(pair) ?? 0
    if (stamp.sequence <= last)
      this.fail('ERR_ORACLE_ORDER', 'a message came late or twice', {
        from: stamp.from,
        to: stamp.to,
        sequence: stamp.sequence,
        last,
      })
    this.#received.set(pair, stamp.sequence)
  }

  /** Messages that were at most under way from one to the other at a time. */
  aheadMax(from: string, to: string): number {
    return this.#aheadMax.get(`${from}>${to}`) ?? 0
  }

  /** Keeps the first violation: what an actor throws is a crash to the runtime. */
  fail(code: OracleCode, what: string, fields: Readonly<Record<string, unknown>>): void {
    this.#violation ??= violation(code, what, fields)
  }

  /** Throws what an actor found. */
  check(): void {
    if (this.#violation !== undefined) throw this.#violation
  }

  /** The workload is over; its actors write no more. */
  close(): void {
    journals.delete(this.run)
  }
}

/** The journal of a run, for actors of it. */
export function journalOf<J extends Journal>(run: number, kind: new () => J): J {
  const journal = journals.get(run)
  if (!(journal instanceof kind)) throw violation('ERR_ORACLE_WORKLOAD', 'an actor outlived its run', { run })
  return journal
}

/** Who an actor is in its journal: its number in the run. */
export interface Member {
  readonly run: number
  readonly id: string
}

/** The name under which code outside actors tells. */
export const OUTSIDE = 'outside'
