/** Threads that were told to end and did not in time: how many, which cores they were, and when there are too many (`core-pool.ts`). */
import { CambiumError, fromErrorRecord } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import type { CoreThread } from './system-platform.ts'

export interface AbandonedThreadsHost {
  /** One more, of a core or of a spare. `abandoned`: how many there are now. */
  abandoned(core: number | undefined, error: ErrorRecord, abandoned: number): void
  /** One of them has ended after all. */
  abandonedEnded(core: number | undefined, abandoned: number): void
  /** There are more than are borne. */
  failed(error: CambiumError): void
}

export class AbandonedThreads {
  readonly #host: AbandonedThreadsHost
  readonly #max: number
  readonly #threads = new Map<CoreThread, number | undefined>()

  constructor(host: AbandonedThreadsHost, max: number) {
    this.#host = host
    this.#max = max
  }

  get count(): number {
    return this.#threads.size
  }

  /** The numbers that they had as cores, each once, in order. */
  get cores(): readonly number[] {
    return [...new Set(this.#threads.values())].filter((core) => core !== undefined).sort((a, b) => a - b)
  }

  /** `error`: why it was to end. */
  add(thread: CoreThread, core: number | undefined, error: ErrorRecord): void {
    this.note(thread, core)
    thread.abandon()
    this.#host.abandoned(core, error, this.count)
    if (this.count <= this.#max) return
    const message = `threads did not end: abandoned=${this.count}, abandonedMax=${this.#max}, last=${error.message}`
    this.#host.failed(new CambiumError('ERR_CORES_ABANDONED', message, { severity: 'crash', cause: fromErrorRecord(error) }))
  }

  /** The same while the system ends: nothing comes in its place. */
  note(thread: CoreThread, core: number | undefined): void {
    this.#threads.set(thread, core)
  }

  ended(thread: CoreThread): void {
    const core = this.#threads.get(thread)
    if (this.#threads.delete(thread)) this.#host.abandonedEnded(core, this.count)
  }
}
