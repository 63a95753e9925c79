/**
 * The control plane between the root and a worker, over Comlink (D14): prepare, load, run, report, stop, and offload the other way. Speed does not
 * matter here. The port is read by the event loop, so the root sets the attention word and rings after each call: a worker that blocks on
 * its bell would not see it otherwise.
 */
import type { MessagePort } from 'node:worker_threads'
import type { ErrorRecord } from '@cambium/base'
import type { CoreReport } from '@cambium/scheduler'
import type { CoreStart } from './system-platform.ts'

/** What a worker does for the root. */
export interface WorkerControl {
  /** Attaches the memory, so that becoming a core takes less. `life` is kept for as long as the thread runs JavaScript (`thread-life.ts`). */
  prepare(memory: SharedArrayBuffer, isSpare: boolean, life: MessagePort): void
  run(start: CoreStart): void
  load(module: string): Promise<LoadOutcome>
  /** A way for parcels to and from a peer. After `run`. */
  connect(peer: number, port: MessagePort): void
  report(): CoreReport
  stop(): void
}

/** What the root does for its workers. */
export interface RootControl {
  offload(id: number, module: string, job: string, argument: unknown): Promise<OffloadOutcome>
  cancelOffload(id: number): void
}

/** Names of the behaviours that the module exports. Errors travel as plain data. */
export type LoadOutcome = { readonly names: readonly string[] } | { readonly error: ErrorRecord }

export type OffloadOutcome = { readonly value: unknown } | { readonly error: ErrorRecord }

/** What a worker thread is started with. */
export interface WorkerSetting {
  /** Port to the root's {@link RootControl}. */
  readonly rootPort: MessagePort
  /** See `heap-guard.ts`. */
  readonly heapMb: number | undefined
}
