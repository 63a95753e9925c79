/**
 * When something is to fail on purpose: one actor after a third of the files, one core after two thirds. It goes by what was
 * handed out, so a census of a single file has both as well, one after the other on the same batch.
 */

/** `crash`: the analyser throws in the middle of the batch. `hold`: it keeps the batch in hand until its core is killed. */
export type Fault = 'crash' | 'hold'

export interface Drill {
  /** The fault that goes with the batch that is handed out now; `handedOut` counts its files, and every file once. */
  readonly faultAt: (handedOut: number) => Fault | undefined
  /** An analyser is back after its end. The core is not killed before the crash is over: each is to be seen by itself. */
  readonly recovered: () => void
}

/** `files` is the number of files that will be handed out. */
export function createDrill(files: number): Drill {
  let hasCrashed = false
  let hasRecovered = false
  let hasHeld = false
  return {
    faultAt: (handedOut) => {
      if (!hasCrashed && handedOut * 3 >= files) {
        hasCrashed = true
        return 'crash'
      }
      if (hasRecovered && !hasHeld && handedOut * 3 >= files * 2) {
        hasHeld = true
        return 'hold'
      }
      return undefined
    },
    recovered: () => {
      hasRecovered = hasCrashed
    },
  }
}
