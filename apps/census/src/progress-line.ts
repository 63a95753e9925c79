/**
 * Live progress as text: on a terminal one line that is written over, elsewhere a plain line now and then. Lines that are to
 * stay are written whole in either case.
 */

/** What is used of `process.stdout`. */
export interface ProgressStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface ProgressLine {
  /** The present state; on a terminal it replaces the one before. */
  readonly update: (text: string) => void
  /** A line that stays. */
  readonly keep: (text: string) => void
  /** Takes an unfinished line away, before somebody else writes. */
  readonly clear: () => void
}

/** Between two lines where there is no terminal, in milliseconds. */
const PLAIN_INTERVAL_MS = 3000
const COLUMNS_DEFAULT = 80

export function createProgressLine(stream: ProgressStream, now: () => number = () => performance.now()): ProgressLine {
  let shown = 0
  let writtenAt = now()

  const clear = (): void => {
    if (shown > 0) stream.write(`\r${' '.repeat(shown)}\r`)
    shown = 0
  }

  return {
    update: (text) => {
      if (stream.isTTY === true) {
        // Some terminals say 0 columns. A line as wide as the terminal would wrap, and the next could not be written over it.
        const line = text.slice(0, (stream.columns || COLUMNS_DEFAULT) - 1)
        stream.write(`\r${line.padEnd(shown)}`)
        shown = line.length
      } else if (now() - writtenAt >= PLAIN_INTERVAL_MS) {
        writtenAt = now()
        stream.write(`${text}\n`)
      }
    },
    keep: (text) => {
      clear()
      writtenAt = now()
      stream.write(`${text}\n`)
    },
    clear,
  }
}
