/** Runs one round of one case in a fresh process: no compiled code, heap or thread of an earlier round takes part. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { proofFault } from './case.ts'
import type { RoundOutcome } from './case.ts'

/** What the child is told to run. */
export interface RoundOrder {
  readonly subcommand: string
  readonly case: string
  readonly scale: number
  /** Temporary, and the same for all rounds of a run. */
  readonly directory: string
}

/** What the child answers, once: one of the two. */
export interface RoundAnswer {
  readonly outcome?: RoundOutcome
  readonly error?: string
}

/** A round takes about a second of work; one that takes this long hangs. Scaled up with the work. */
const ROUND_DEADLINE_MS = 60_000
const LIMIT_GRACE_MS = 5_000

/**
 * Rejects when the process dies, overruns its deadline, reports an error, or cannot prove its messages.
 *
 * @param limitMs what is left of a time limit of the whole run; the round may overrun it by a grace, not by its own deadline.
 */
export async function runRound(order: RoundOrder, signal: AbortSignal, limitMs: number): Promise<RoundOutcome> {
  const deadlineMs = Math.min(ROUND_DEADLINE_MS * Math.max(1, order.scale), Math.max(0, limitMs) + LIMIT_GRACE_MS)
  const answer = await askChild(order, signal, deadlineMs)
  if (answer.outcome === undefined) throw new Error(answer.error ?? 'the round gave no outcome')
  const fault = proofFault(answer.outcome.proof)
  if (fault !== undefined) throw new Error(fault)
  for (const [metric, value] of Object.entries(answer.outcome.metrics)) {
    // 0 is a good number of lost messages; a rate of 0 has no proof.
    if (!Number.isFinite(value) || value < 0)
      throw new Error(`the figure is not a number of 0 or more: metric=${metric || 'main'}, value=${value}`)
  }
  return answer.outcome
}

function askChild(order: RoundOrder, signal: AbortSignal, deadlineMs: number): Promise<RoundAnswer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const child = fork(fileURLToPath(import.meta.resolve('#round-child')), [], {
      serialization: 'advanced',
      // The leader of a process group: a peer's program that the round has started is ended with it.
      detached: true,
      // As deployed: in development, messages between actors are checked and frozen.
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const deadline = setTimeout(() => fail(new Error(`the round did not end: deadline_ms=${Math.round(deadlineMs)}`)), deadlineMs)
    const onAbort = (): void => fail(new Error('the round was interrupted'))
    let answer: RoundAnswer | undefined
    let failure: Error | undefined
    const fail = (error: Error): void => {
      failure ??= error
      killGroup(child)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    child.once('error', fail)
    child.once('message', (message) => {
      answer = message as RoundAnswer
    })
    // Only the end of the process ends the round: two measurements never overlap, not even by a tear-down.
    child.once('close', (code, killedBy) => {
      clearTimeout(deadline)
      signal.removeEventListener('abort', onAbort)
      if (failure !== undefined) reject(failure)
      else if (answer === undefined) reject(new Error(`the round's process ended early: code=${code}, signal=${killedBy}`))
      else resolve(answer)
    })
    child.send(order, (error) => {
      if (error !== null) fail(error)
    })
  })
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // No process groups on this system, or the process has just ended.
    child.kill('SIGKILL')
  }
}
