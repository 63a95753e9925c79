/**
 * Timers of one run, as Node's own behave, on the virtual clock.
 *
 * 1. A timer belongs to the frame that set it. When the core of that frame has died, it never fires: its thread would have ended.
 * 2. What is due is put in a queue; the run takes one callback at a time from it, and lets all promises settle in between, as Node does.
 * 3. An error that a callback throws is an uncaught error of its thread.
 */
import { CambiumError } from '@cambium/base'
import { simFrames } from './sim-context.ts'
import type { SimFrame } from './sim-context.ts'

type Callback = (...args: unknown[]) => unknown

export interface VirtualTimersHost {
  after(delayMs: number, run: () => void): void
  isAlive(frame: SimFrame): boolean
  uncaught(error: unknown, frame: SimFrame): void
}

/** Timers of one run that may be set at a time. */
const TIMERS_MAX = 1_000_000
/** Node takes a longer delay for 1. */
const DELAY_MS_MAX = 2 ** 31 - 1

/** What `setTimeout` returns. In virtual time nothing waits for it, so `unref` changes nothing but the answer of `hasRef`. */
export class VirtualTimeout {
  readonly id: number
  readonly delayMs: number
  readonly isRepeated: boolean
  readonly callback: Callback
  readonly args: readonly unknown[]
  readonly frame: SimFrame
  /** Counts how often it was set; what was due for an earlier setting is ignored. */
  setting = 0
  isSet = true
  readonly #timers: VirtualTimers
  #isRef = true

  constructor(
    timers: VirtualTimers,
    id: number,
    frame: SimFrame,
    callback: Callback,
    args: readonly unknown[],
    delayMs: number,
    isRepeated: boolean,
  ) {
    this.#timers = timers
    this.id = id
    this.frame = frame
    this.callback = callback
    this.args = args
    this.delayMs = delayMs
    this.isRepeated = isRepeated
  }

  ref(): this {
    this.#isRef = true
    return this
  }

  unref(): this {
    this.#isRef = false
    return this
  }

  hasRef(): boolean {
    return this.#isRef
  }

  refresh(): this {
    this.#timers.set(this)
    return this
  }

  close(): this {
    this.#timers.clear(this)
    return this
  }

  [Symbol.toPrimitive](): number {
    return this.id
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

export class VirtualTimers {
  readonly #host: VirtualTimersHost
  readonly #byId = new Map<number, VirtualTimeout>()
  readonly #ready: VirtualTimeout[] = []
  #lastId = 0
  #isOver = false

  constructor(host: VirtualTimersHost) {
    this.#host = host
  }

  /** Timers that will fire, for those who look for what is pending. */
  get pending(): readonly VirtualTimeout[] {
    return [...this.#byId.values()]
  }

  /** `delayMs` is taken as Node takes it; 0 only for what runs at once. */
  start(
    frame: SimFrame,
    callback: unknown,
    delayMs: unknown,
    args: readonly unknown[],
    isRepeated: boolean,
    isImmediate = false,
  ): VirtualTimeout {
    if (typeof callback !== 'function') throw new TypeError('The "callback" argument must be of type function.')
    if (this.#byId.size >= TIMERS_MAX) throw new CambiumError('ERR_SIM_TIMERS', `too many timers are set: timers=${TIMERS_MAX}`)
    const given = Number(delayMs)
    const delay = given >= 1 && given <= DELAY_MS_MAX ? Math.trunc(given) : 1
    this.#lastId += 1
    const timeout = new VirtualTimeout(this, this.#lastId, frame, callback as Callback, args, isImmediate ? 0 : delay, isRepeated)
    this.set(timeout)
    return timeout
  }

  set(timeout: VirtualTimeout): void {
    if (this.#isOver) return
    timeout.setting += 1
    timeout.isSet = true
    this.#byId.set(timeout.id, timeout)
    const { setting } = timeout
    this.#host.after(timeout.delayMs, () => {
      if (timeout.isSet && timeout.setting === setting) this.#ready.push(timeout)
    })
  }

  /** Takes what `clearTimeout` takes: the object, or its number. */
  clear(handle: unknown): void {
    const timeout = handle instanceof VirtualTimeout ? handle : this.#byId.get(Number(handle))
    if (timeout === undefined) return
    timeout.isSet = false
    this.#byId.delete(timeout.id)
  }

  /** A promise for later; rejects with the abort reason. */
  sleep<T>(frame: SimFrame, delayMs: unknown, value: T, signal: AbortSignal | undefined, isImmediate = false): Promise<T> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.clear(timeout)
        reject(abortError(signal as AbortSignal))
      }
      const timeout = this.start(
        frame,
        () => {
          signal?.removeEventListener('abort', abort)
          resolve(value)
        },
        delayMs,
        [],
        false,
        isImmediate,
      )
      if (signal?.aborted === true) abort()
      else signal?.addEventListener('abort', abort, { once: true })
    })
  }

  /** Runs one callback that is due. False when there is none. */
  runReady(): boolean {
    for (;;) {
      const timeout = this.#ready.shift()
      if (timeout === undefined) return false
      if (!timeout.isSet) continue
      const { frame } = timeout
      if (!this.#host.isAlive(frame)) {
        this.clear(timeout)
        continue
      }
      if (timeout.isRepeated) this.set(timeout)
      else this.clear(timeout)
      try {
        simFrames.run(frame, () => Reflect.apply(timeout.callback, timeout, timeout.args))
      } catch (error) {
        this.#host.uncaught(error, frame)
      }
      return true
    }
  }

  /** The run is over: nothing fires any more. */
  end(): void {
    this.#isOver = true
    for (const timeout of this.#byId.values()) timeout.isSet = false
    this.#byId.clear()
    this.#ready.length = 0
  }
}

function abortError(signal: AbortSignal): Error {
  return Object.assign(new Error('The operation was aborted', { cause: signal.reason }), {
    name: 'AbortError',
    code: 'ABORT_ERR',
  })
}
