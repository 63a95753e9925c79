/**
 * Who has which batch in hand, and what has to be handed out again. It knows no actors and no time.
 *
 * 1. A batch is in hand of one analyser from `open` or `again` until it is counted or its analyser is lost.
 * 2. What a lost analyser had in hand waits, and `again` gives each of them out once.
 * 3. A batch that is counted while it waits is not given out again: its result was on the way when its analyser was lost.
 * 4. A batch that went down with {@link ATTEMPTS_MAX} analysers is abandoned: a file that crashes whoever reads it must not
 *    keep the census from ending.
 */
import type { SourceFile } from './source-files.ts'

/** Two of them may go to crashes on purpose. */
export const ATTEMPTS_MAX = 5

export interface Batch {
  readonly number: number
  readonly files: readonly SourceFile[]
}

/** What the end of one analyser cost. */
export interface Loss {
  readonly analyser: number
  /** Batches it had in hand. */
  readonly inHand: number
  /** Those of them that were handed out again. */
  readonly redone: number
}

export interface BatchLedger {
  /** A new batch, in hand of this analyser. */
  readonly open: (analyser: number, files: readonly SourceFile[]) => Batch
  /** The batch that has waited longest, in hand of this analyser; undefined when none waits. */
  readonly again: (analyser: number) => Batch | undefined
  /** The analyser ended: what it had in hand waits. */
  readonly lost: (analyser: number) => void
  /** The batch, if it was still open; undefined for one that was counted before. */
  readonly counted: (batch: number) => Batch | undefined
  /** Neither in hand nor waiting: all batches are counted or abandoned. */
  readonly isClear: () => boolean
  readonly losses: () => readonly Loss[]
  /** Abandoned, in hand or waiting. */
  readonly uncounted: () => readonly Batch[]
}

interface Entry extends Batch {
  attempts: number
  holder: number | undefined
  loss: { redone: number } | undefined
}

export function createBatchLedger(): BatchLedger {
  const open = new Map<number, Entry>()
  const waiting: number[] = []
  const losses: { readonly analyser: number; readonly inHand: number; redone: number }[] = []
  const abandoned = new Map<number, Entry>()
  let last = 0

  return {
    open: (analyser, files) => {
      last++
      const entry: Entry = { number: last, files, attempts: 1, holder: analyser, loss: undefined }
      open.set(last, entry)
      return entry
    },
    again: (analyser) => {
      for (let number = waiting.shift(); number !== undefined; number = waiting.shift()) {
        const entry = open.get(number)
        if (entry === undefined) continue // counted meanwhile
        entry.attempts++
        entry.holder = analyser
        if (entry.loss !== undefined) entry.loss.redone++
        return entry
      }
      return undefined
    },
    lost: (analyser) => {
      const held = [...open.values()].filter(({ holder }) => holder === analyser)
      const loss = { analyser, inHand: held.length, redone: 0 }
      losses.push(loss)
      for (const entry of held) {
        entry.holder = undefined
        entry.loss = loss
        if (entry.attempts < ATTEMPTS_MAX) waiting.push(entry.number)
        else {
          open.delete(entry.number)
          abandoned.set(entry.number, entry)
        }
      }
    },
    counted: (batch) => {
      const entry = open.get(batch) ?? abandoned.get(batch)
      open.delete(batch)
      abandoned.delete(batch)
      return entry
    },
    isClear: () => open.size === 0,
    losses: () => losses.map((loss) => ({ ...loss })),
    uncounted: () => [...abandoned.values(), ...open.values()].map(({ number, files }) => ({ number, files })),
  }
}
