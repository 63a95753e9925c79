/** Tells the root what failed on a core without further consequences: so many a second, with a count of the rest in the next one shown. */
import { toErrorRecord } from '@cambium/base'
import type { Signal } from './signals.ts'

const FAULTS_PER_SECOND_MAX = 100

export class FaultOffice {
  readonly #now: () => number
  readonly #toRoot: (signal: Signal) => void
  #sinceMs = -Infinity
  #shown = 0
  #hidden = 0

  constructor(now: () => number, toRoot: (signal: Signal) => void) {
    this.#now = now
    this.#toRoot = toRoot
  }

  report(where: string, error: unknown): void {
    const now = this.#now()
    if (now - this.#sinceMs >= 1000) {
      this.#sinceMs = now
      this.#shown = 0
    }
    this.#shown += 1
    if (this.#shown > FAULTS_PER_SECOND_MAX) {
      this.#hidden += 1
      return
    }
    const hidden = this.#hidden
    this.#hidden = 0
    const shown = hidden === 0 ? where : `${where} (faults not shown before it: ${hidden})`
    this.#toRoot({ type: 'fault', where: shown, error: toErrorRecord(error) })
  }
}
