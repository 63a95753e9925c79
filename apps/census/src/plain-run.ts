/** Runs the plain loop in a thread of its own: it disturbs nobody, finds no code that is already hot, and can be ended. */
import { Worker } from 'node:worker_threads'
import type { PlainLoopOutcome, Progress } from './plain-loop.ts'
import type { SourceLimits } from './source-files.ts'

export interface PlainOrder {
  readonly folder: string
  readonly limits: SourceLimits
  readonly top: number
}

export type PlainReport =
  | { readonly type: 'warm'; readonly files: number; readonly bytes: number; readonly elapsedMs: number }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'outcome'; readonly outcome: PlainLoopOutcome }

/** Rejects with the reason of `signal`, after the thread has ended. */
export async function runPlain(
  order: PlainOrder,
  signal: AbortSignal,
  onReport: (report: Exclude<PlainReport, { type: 'outcome' }>) => void,
): Promise<PlainLoopOutcome> {
  signal.throwIfAborted()
  const thread = new Worker(new URL('plain-thread.ts', import.meta.url), { workerData: order })
  try {
    return await new Promise<PlainLoopOutcome>((resolve, reject) => {
      thread.on('message', (report: PlainReport) => {
        if (report.type === 'outcome') resolve(report.outcome)
        else onReport(report)
      })
      thread.on('error', reject)
      thread.on('exit', (code) => reject(new Error(`plain loop ended without a result: code=${code}`)))
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
  } finally {
    await thread.terminate()
  }
}
