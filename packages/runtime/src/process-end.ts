/**
 * The end of the process when its system has failed: a report on stderr, written before anything else, then the exit.
 *
 * Node's own exit waits for every worker thread to end. One that is in a native call may never do so, so with any of those the process sends
 * itself SIGKILL, which waits for nobody: code 137 in a shell, and no `exit` listener runs.
 */
import { writeSync } from 'node:fs'
import type { CambiumError } from '@cambium/base'
import { toErrorRecord } from '@cambium/base'
import type { ShutdownReport } from './shutdown-report.ts'

/** EX_SOFTWARE of sysexits.h. */
const EXIT_CODE = 70
const STDERR = 2

/** Does not return, but for the time until a signal is delivered. */
export function endProcess(error: CambiumError, report: ShutdownReport): void {
  const line = JSON.stringify({ cambium: 'system failed', error: toErrorRecord(error), report })
  try {
    writeSync(STDERR, `${line}\n`)
  } catch {
    // Nobody reads it, or not fast enough: the exit code still tells.
  }
  if (report.abandonedThreads > 0) process.kill(process.pid, 'SIGKILL')
  else process.exit(EXIT_CODE)
}
