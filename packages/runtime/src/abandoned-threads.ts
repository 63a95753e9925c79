/**
 * Threads on their way out: those that still give back what they had, and those that were told to end and did not in time, which are abandoned: how many,
 * which cores they were, and when there are too many (`core-pool.ts`).
 */
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
  readonly #timeoutMs: number
  readonly #after: (delayMs: number, run: () => void) => () => void
  readonly #threads = new Map<CoreThread, number | undefined>()
  /** What calls the time limit of each off. */
  readonly #leaving = new Map<CoreThread, () => void>()
  #onGone: (() => void) | undefined = undefined

  /** `after` calls `run` after so long; what it answers calls that off. */
  constructor(
    host: AbandonedThreadsHost,
    max: number,
    timeoutMs: number,
    after: (delayMs: number, run: () => void) => () => void,
  ) {
    this.#host = host
    this.#max = max
    this.#timeoutMs = timeoutMs
    this.#after = after
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

  /** Its JavaScript is over, and its core, if it was one, another thread's. It is abandoned only when it takes too long to end. */
  leave(thread: CoreThread, core: number | undefined, error: ErrorRecord): void {
    const disarm = this.#after(this.#timeoutMs, () => {
      this.#gone(thread)
      if (this.#onGone === undefined) this.add(thread, core, error)
      else this.note(thread, core)
    })
    this.#leaving.set(thread, disarm)
  }

  /** While the system ends: resolves when all that were leaving have ended, or have been noted. */
  allGone(): Promise<void> {
    return new Promise((resolve) => {
      this.#onGone = resolve
      if (this.#leaving.size === 0) resolve()
    })
  }

  ended(thread: CoreThread): void {
    this.#leaving.get(thread)?.()
    this.#gone(thread)
    const core = this.#threads.get(thread)
    if (this.#threads.delete(thread)) this.#host.abandonedEnded(core, this.count)
  }

  #gone(thread: CoreThread): void {
    if (this.#leaving.delete(thread) && this.#leaving.size === 0) this.#onGone?.()
  }
}
