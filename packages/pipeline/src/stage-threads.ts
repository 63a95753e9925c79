/** The real platform of a pipeline: a worker thread for each stage, and the process's timers and clock. */
import { Worker } from 'node:worker_threads'
import { toErrorRecord, WorkerFlags } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import type { StageMessage, StageSetting } from './stage-setting.ts'

/** What a pipeline hears of one of its threads. `onExit` comes last, when nothing of the thread runs any more. */
interface StageEvents {
  onMessage(message: StageMessage): void
  /** `error` is what ended it, if it said. */
  onExit(exitCode: number, error: ErrorRecord | undefined): void
}

export interface StageThread {
  /** Ends it wherever it is. */
  terminate(): void
}

export interface StagePlatform {
  start(setting: StageSetting, events: StageEvents): StageThread
  now(): number
  /** Calls `run` once, later; the answer calls it off. A process does not wait for it. */
  later(delayMs: number, run: () => void): () => void
  /** A promise for later, for which the process waits. */
  sleep(delayMs: number): Promise<void>
}

const flags = new WorkerFlags(process.execArgv)

export const stageThreads: StagePlatform = {
  start(setting, events) {
    const worker = flags.start(
      (options) =>
        new Worker(new URL(import.meta.resolve('#stage-worker')), {
          ...options,
          name: `cambium-stage-${setting.stage}`,
          workerData: setting,
        }),
    )
    let cause: ErrorRecord | undefined
    worker.on('message', (message: StageMessage) => events.onMessage(message))
    const fail = (error: unknown): void => {
      cause ??= toErrorRecord(error)
    }
    worker.on('error', fail)
    worker.on('messageerror', fail)
    worker.on('exit', (exitCode) => events.onExit(exitCode, cause))
    return { terminate: () => void worker.terminate() }
  },
  now: () => performance.now(),
  later(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
  sleep: (delayMs) => new Promise((resolve) => void setTimeout(resolve, delayMs)),
}
