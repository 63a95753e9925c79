/**
 * Warm spares: threads that have the platform and the modules of the behaviours in use loaded, and wait to become the successor of a core that
 * dies (D10).
 *
 * 1. A spare attaches the memory, then imports the known modules one by one. It is warm when none is left, and takes on new ones as they come.
 * 2. A core that dies gets the oldest warm spare; without one the oldest that still loads, which is ahead of a new thread all the same.
 * 3. Spares are refilled once the successor has run for a while, not before: a thread that starts takes time from the one that has to recover, and from its actors,
 *    which come back one after the other.
 * 4. A spare that ends, or takes too long, while it imports a module: that module is not loaded ahead any more, so it costs one spare, not
 *    one after the other. It is imported where an actor needs it.
 *    A thread that does not end even then is abandoned, and replaced.
 * 5. A spare that ends for no such reason is replaced after a while, which doubles with each until one is warm.
 * 6. Lost is a spare as soon as its JavaScript is over: nobody takes it while its thread gives back what it had, since its end would be told as the death of a core.
 */
import type { ErrorRecord } from '@cambium/base'
import type { CoreThread, ThreadEvents } from './system-platform.ts'

export interface SparePoolHost {
  startThread(events: ThreadEvents): CoreThread
  /** Calls `run` after so long; what it answers calls that off. */
  after(delayMs: number, run: () => void): () => void
  /** One more could take over at once. */
  spareReady(): void
  spareLost(loss: SpareLoss): void
  /** Its JavaScript is over, and `abandonedEnded` follows; it is abandoned only when that takes too long. */
  leave(thread: CoreThread, error: ErrorRecord): void
  /** It did not end when it was told to; another one is started in its place. */
  abandon(thread: CoreThread, error: ErrorRecord): void
  abandonedEnded(thread: CoreThread): void
}

export interface SpareLoss {
  readonly error: ErrorRecord
  /** What it was importing; it is not loaded ahead any more. */
  readonly module: string | undefined
}

/** Who hears of a thread. */
type Owner = Omit<ThreadEvents, 'onReady'>

interface Spare {
  readonly thread: CoreThread
  isPrepared: boolean
  loading: string | undefined
  readonly loaded: Set<string>
  /** It has been warm once. */
  isTold: boolean
  /** Calls the time limit of its present step off. */
  disarm: () => void
  verdict: ErrorRecord | undefined
  /** Who hears of its end once it has been taken. */
  owner: Owner | undefined
}

/** Modules that are loaded ahead at most. */
const MODULES_MAX = 1024
/** How long after all cores are up the next spare is started, in milliseconds. */
const REFILL_MS = 10
/** The same after the death of a core. */
const RECOVERY_MS = 50
const RETRY_MS = 100
const RETRY_MS_MAX = 30_000

export class SparePool {
  readonly #host: SparePoolHost
  readonly #count: number
  /** For each step of a spare's preparation. */
  readonly #stepTimeoutMs: number
  readonly #terminateTimeoutMs: number
  readonly #tooLate: (what: string) => ErrorRecord
  /** The oldest first. */
  readonly #spares: Spare[] = []
  readonly #modules = new Set<string>()
  readonly #refused = new Set<string>()
  #failures = 0
  #refill: (() => void) | undefined = undefined
  #isStopped = false
  #onEmpty: (() => void) | undefined = undefined

  constructor(
    host: SparePoolHost,
    count: number,
    stepTimeoutMs: number,
    terminateTimeoutMs: number,
    tooLate: (what: string) => ErrorRecord,
  ) {
    this.#host = host
    this.#count = count
    this.#stepTimeoutMs = stepTimeoutMs
    this.#terminateTimeoutMs = terminateTimeoutMs
    this.#tooLate = tooLate
  }

  /** Spares that could take over at once. */
  get warmCount(): number {
    return this.#spares.filter((spare) => isWarm(spare)).length
  }

  get threads(): readonly CoreThread[] {
    return this.#spares.map(({ thread }) => thread)
  }

  /** Modules that ended a spare and are not loaded ahead any more. */
  get refused(): readonly string[] {
    return [...this.#refused]
  }

  /** Starts what is missing, soon: one thread after the other. */
  fill(delayMs: number = REFILL_MS): void {
    if (this.#isStopped || this.#refill !== undefined || this.#spares.length >= this.#count) return
    this.#refill = this.#host.after(delayMs, () => {
      this.#refill = undefined
      if (this.#isStopped || this.#spares.length >= this.#count) return
      this.#start()
    })
  }

  /** The successor of a core that has died is up. */
  recovered(): void {
    this.fill(RECOVERY_MS)
  }

  /** No spare is started before the next {@link fill}: a core has to recover first. */
  hold(): void {
    this.#refill?.()
    this.#refill = undefined
  }

  /** Every spare imports this module ahead of its use. */
  learn(module: string): void {
    if (this.#count === 0 || this.#modules.has(module) || this.#modules.size >= MODULES_MAX) return
    this.#modules.add(module)
    for (const spare of this.#spares) if (spare.isPrepared && spare.loading === undefined) this.#loadNext(spare)
  }

  /** A thread to become a core, the warmest there is; from now on its end is the caller's to hear of. */
  take(owner: Owner): { readonly thread: CoreThread; readonly isWarm: boolean } | undefined {
    const spare = this.#spares.find((each) => isWarm(each)) ?? this.#spares[0]
    if (spare === undefined) return undefined
    this.#remove(spare)
    spare.owner = owner
    return { thread: spare.thread, isWarm: isWarm(spare) }
  }

  /** Ends all spares; resolves when their threads have ended. */
  stop(): Promise<void> {
    this.#isStopped = true
    this.hold()
    if (this.#spares.length === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onEmpty = resolve
      for (const spare of this.#spares) {
        spare.disarm()
        spare.thread.kill()
      }
    })
  }

  #start(): void {
    const spare: Spare = {
      thread: this.#host.startThread({
        onReady: () => {
          spare.isPrepared = true
          if (this.#spares.includes(spare)) this.#loadNext(spare)
        },
        onSilent: (cause) => {
          if (spare.owner === undefined) this.#over(spare, cause)
          else spare.owner.onSilent(cause)
        },
        onEnd: (cause) => {
          if (spare.owner === undefined) this.#lost(spare, cause)
          else spare.owner.onEnd(cause)
        },
        onFailing: (cause) => {
          spare.owner?.onFailing(cause)
        },
      }),
      isPrepared: false,
      loading: undefined,
      loaded: new Set(),
      isTold: false,
      disarm: () => {},
      verdict: undefined,
      owner: undefined,
    }
    this.#spares.push(spare)
    this.#arm(spare, 'start')
  }

  #loadNext(spare: Spare): void {
    spare.disarm()
    for (const module of this.#modules) {
      if (spare.loaded.has(module) || this.#refused.has(module)) continue
      spare.loaded.add(module)
      spare.loading = module
      this.#arm(spare, `import of ${module}`)
      void this.#load(spare, module)
      return
    }
    if (!spare.isTold) this.#host.spareReady()
    spare.isTold = true
    this.#failures = 0
    this.fill()
  }

  async #load(spare: Spare, module: string): Promise<void> {
    try {
      await spare.thread.load(module)
    } catch (error) {
      // A module that cannot be imported is told where an actor needs it. The end of the thread is heard of elsewhere.
      if ((error as { code?: unknown }).code === 'ERR_CORE_LOST') return
    }
    spare.loading = undefined
    if (this.#spares.includes(spare)) this.#loadNext(spare)
  }

  #arm(spare: Spare, what: string): void {
    spare.disarm = this.#host.after(this.#stepTimeoutMs, () => {
      const error = this.#tooLate(what)
      spare.verdict = error
      spare.thread.kill()
      spare.disarm = this.#host.after(this.#terminateTimeoutMs, () => {
        this.#host.abandon(spare.thread, error)
        this.#lost(spare, undefined)
      })
    })
  }

  #remove(spare: Spare): void {
    spare.disarm()
    this.#spares.splice(this.#spares.indexOf(spare), 1)
  }

  /** Its JavaScript is over; one that is told to end with the pool is waited for. */
  #over(spare: Spare, cause: ErrorRecord): void {
    if (this.#isStopped || !this.#spares.includes(spare)) return
    this.#host.leave(spare.thread, spare.verdict ?? cause)
    this.#lost(spare, cause)
  }

  #lost(spare: Spare, cause: ErrorRecord | undefined): void {
    if (!this.#spares.includes(spare)) {
      this.#host.abandonedEnded(spare.thread)
      return
    }
    this.#remove(spare)
    if (this.#isStopped) {
      if (this.#spares.length === 0) this.#onEmpty?.()
      return
    }
    const module = spare.loading
    const error = spare.verdict ?? cause
    if (error !== undefined) this.#host.spareLost({ error, module })
    if (module !== undefined) {
      this.#refused.add(module)
      this.fill()
      return
    }
    this.fill(Math.min(RETRY_MS * 2 ** this.#failures, RETRY_MS_MAX))
    this.#failures += 1
  }
}

function isWarm(spare: Spare): boolean {
  return spare.isPrepared && spare.loading === undefined
}
