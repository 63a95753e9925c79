/** Stateless or blocking jobs off the schedulers, on a Piscina pool of the root: the counterpart of the BEAM's dirty schedulers. */
import { CambiumError, fromErrorRecord, toErrorRecord } from '@cambium/base'
import type { WorkerFlags } from '@cambium/base'
import type { Piscina } from 'piscina'
import type { OffloadOutcome } from './control-plane.ts'

/** Jobs that may wait for a thread. */
const QUEUE_MAX = 65_536
const IDLE_TIMEOUT_MS = 10_000

export interface OffloadJob {
  readonly module: string
  readonly job: string
  readonly argument: unknown
}

export class OffloadPool {
  readonly #threads: number
  readonly #flags: WorkerFlags
  #pool: Promise<Piscina> | undefined = undefined
  #isClosed = false
  readonly #cancels = new Map<string, AbortController>()

  constructor(threads: number, flags: WorkerFlags) {
    this.#threads = threads
    this.#flags = flags
  }

  /** Runs a job for a worker; answers what became of it, never rejects. */
  async run(key: string, job: OffloadJob): Promise<OffloadOutcome> {
    if (this.#isClosed) return { error: toErrorRecord(new CambiumError('ERR_SYSTEM_CLOSED', 'system has shut down')) }
    const cancel = new AbortController()
    this.#cancels.set(key, cancel)
    try {
      return (await (await this.#start()).run(job, { signal: cancel.signal })) as OffloadOutcome
    } catch (error) {
      return { error: toErrorRecord(cancel.signal.aborted ? offloadAborted() : poolError(argumentError(error), job)) }
    } finally {
      this.#cancels.delete(key)
    }
  }

  cancel(key: string): void {
    this.#cancels.get(key)?.abort()
  }

  /** Ends every job whose key begins so: nobody waits for them any more, and one that never ends would keep its thread for ever. */
  cancelAll(prefix: string): void {
    for (const [key, cancel] of this.#cancels) if (key.startsWith(prefix)) cancel.abort()
  }

  /** Jobs that waited for the pool to be made are given to it first, and end with it. A pool that could not be made has told its jobs so. */
  async close(): Promise<void> {
    this.#isClosed = true
    const made = await this.#pool?.catch(() => undefined)
    await made?.destroy()
  }

  /** Made, and its library loaded, when it is first needed: most systems never offload, and every thread loads this module. */
  #start(): Promise<Piscina> {
    this.#pool ??= this.#make().catch((error: unknown) => {
      this.#pool = undefined // the next job tries again
      throw error
    })
    return this.#pool
  }

  async #make(): Promise<Piscina> {
    const { Piscina } = await import('piscina')
    return new Piscina({
      ...this.#flags.options,
      filename: new URL(import.meta.resolve('#offload-worker')).href,
      minThreads: 0,
      maxThreads: this.#threads,
      maxQueue: QUEUE_MAX,
      idleTimeout: IDLE_TIMEOUT_MS,
    })
  }
}

/** The value, or the error that the job threw. */
export function unwrapOutcome(outcome: OffloadOutcome): unknown {
  if ('error' in outcome) throw fromErrorRecord(outcome.error)
  return outcome.value
}

/** Throws `ERR_OFFLOAD_ABORTED` when the signal says so before the job has begun. */
export function checkNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw offloadAborted(signal.reason)
}

/** What was thrown where the argument was to be cloned for another thread. */
export function argumentError(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'DataCloneError') return error
  return new CambiumError('ERR_OFFLOAD_ARGUMENT', `argument of the offloaded job cannot be cloned: cause=${error.message}`, {
    cause: error,
  })
}

/** What the pool itself says (its thread ended, too many jobs wait, it was closed) has no code, or one that is none of ours. */
function poolError(error: unknown, { module, job }: OffloadJob): CambiumError {
  if (error instanceof CambiumError) return error
  const cause = error instanceof Error ? error.message : String(error)
  return new CambiumError(
    'ERR_OFFLOAD_FAILED',
    `offloaded job did not end by itself: module=${module}, job=${job}, cause=${cause}`,
    {
      severity: 'crash',
      cause: error,
      fields: { module, job },
    },
  )
}

/** The job was given up by its signal; `cause` is the signal's reason, if that was there before the job. */
export function offloadAborted(...cause: readonly [unknown?]): CambiumError {
  return new CambiumError('ERR_OFFLOAD_ABORTED', 'offloaded job was aborted', {
    severity: 'crash',
    ...(cause.length > 0 ? { cause: cause[0] } : {}),
  })
}
