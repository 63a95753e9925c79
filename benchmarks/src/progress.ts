/**
 * Progress on stderr. On a terminal one line is rewritten; elsewhere (a log, a pipe) each finished round is a line of its
 * own, so that nobody wonders whether a long run still lives.
 */
export interface ProgressOutput {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): unknown
}

export interface Progress {
  /** One more round is done. `text` names it and its figure. */
  round(text: string): void
  /** A line that stays. */
  note(text: string): void
  /** Removes the line that is rewritten. */
  end(): void
}

const CLEAR_LINE = '\r\u001b[2K'

export function createProgress(output: ProgressOutput, roundsTotal: number): Progress {
  const terminal = output.isTTY === true
  const width = Math.max(20, output.columns ?? 80)
  let roundsDone = 0
  return {
    round(text) {
      roundsDone += 1
      const line = `[${roundsDone}/${roundsTotal}] ${text}`
      output.write(terminal ? `${CLEAR_LINE}${line.slice(0, width - 1)}` : `${line}\n`)
    },
    note(text) {
      output.write(`${terminal ? CLEAR_LINE : ''}${text}\n`)
    },
    end() {
      if (terminal) output.write(CLEAR_LINE)
    },
  }
}
