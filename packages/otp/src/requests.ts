/**
 * Requests whose replies are waited for later, one by one or together, as gen_server's request ids and their collections (C-23). Where awaiting each promise will do,
 * `ask` is the simpler way.
 */
import { isRef } from '@cambium/actor'
import type { ActorRef, AskOptions, Ref, ReplyTo, WaitOptions } from '@cambium/actor'
import { checkDuration, checkFields, optionError } from '@cambium/base'

/** What came of a request. */
export type RequestOutcome<R> = { readonly type: 'reply'; readonly reply: R } | { readonly type: 'error'; readonly error: Error }

export interface NotYet {
  readonly type: 'not_yet'
}

export interface SentRequest<R> {
  /** The same as a promise. One that rejects while nobody looks does no harm. */
  readonly reply: Promise<R>
  /** What has come of it; undefined as long as nothing has. */
  readonly settled: RequestOutcome<R> | undefined
  /**
   * Waits, for `timeoutMs` at most, and answers `not_yet` then: the request goes on, and may be waited for again. With 0 it is a look. Rejects with the abort reason, and
   * `ERR_OPTION`.
   *
   * @default timeoutMs Infinity: the request has a limit of its own
   */
  wait(options?: WaitOptions): Promise<RequestOutcome<R> | NotYet>
  /** Nobody wants the reply any more: it is a dead letter if it comes. What has settled is not changed. */
  abandon(): void
}

/**
 * Sends a message that is asked for, and answers the request at once. Options as for `ask`: the reply has to come within `timeoutMs`, 5 seconds by default. A handler that
 * sends requests is not taken to wait for them, so they are part of no circle of asks. Throws `ERR_OPTION`.
 */
export function sendRequest<Messages, Reply, const M extends Messages>(
  ref: Ref<Messages, Reply>,
  message: M,
  options: Omit<AskOptions, 'awaited'> = {},
): SentRequest<ReplyTo<M, Messages, Reply>> {
  if (!isRef(ref)) throw optionError('ref', ref, 'a ref')
  return new PendingRequest(ref, message, options)
}

class PendingRequest<R> implements SentRequest<R> {
  readonly reply: Promise<R>
  settled: RequestOutcome<R> | undefined = undefined
  readonly #ref: ActorRef
  readonly #abandoned = new AbortController()
  readonly #waiting = new Set<(settled: RequestOutcome<R>) => void>()

  constructor(ref: ActorRef, message: unknown, options: AskOptions) {
    this.#ref = ref
    const { signal } = this.#abandoned
    const asked = { ...options, awaited: false, signal: options.signal ? AbortSignal.any([options.signal, signal]) : signal }
    this.reply = ref.ask(message, asked) as Promise<R>
    this.reply.then(
      (reply) => {
        this.#settle({ type: 'reply', reply })
      },
      (error: unknown) => {
        this.#settle({ type: 'error', error: error as Error })
      },
    )
  }

  wait(options: WaitOptions = {}): Promise<RequestOutcome<R> | NotYet> {
    return waitFor(this.#ref, options, () => this.settled, this.#waiting)
  }

  abandon(): void {
    this.#abandoned.abort(new DOMException('request was abandoned', 'AbortError'))
  }

  /** Calls back when it has settled, at once if it has. */
  whenSettled(act: (settled: RequestOutcome<R>) => void): void {
    if (this.settled === undefined) this.#waiting.add(act)
    else act(this.settled)
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#ref.after(delayMs, callback)
  }

  #settle(settled: RequestOutcome<R>): void {
    this.settled = settled
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const act of waiting) act(settled)
  }
}

/** What came of one of several requests. */
export type LabelledOutcome<R, Label> = RequestOutcome<R> & { readonly label: Label }

/** Requests under labels, of one actor or of many; the replies are taken as they come. */
export interface RequestCollection<R, Label> {
  /** Requests that have not been taken. */
  readonly size: number
  /** Adds a request that {@link sendRequest} made. */
  add(label: Label, request: SentRequest<R>): void
  /** Takes the next that has settled out, in the order in which they do; `not_yet` after `timeoutMs`, `none` when there is no request left. Rejects as `SentRequest.wait` does. */
  next(options?: WaitOptions): Promise<LabelledOutcome<R, Label> | NotYet | { readonly type: 'none' }>
  /** Takes all, as they settle. */
  [Symbol.asyncIterator](): AsyncIterator<LabelledOutcome<R, Label>, void, void>
}

/** An empty collection. */
export function createRequests<R, Label = string>(): RequestCollection<R, Label> {
  return new Collection<R, Label>()
}

class Collection<R, Label> implements RequestCollection<R, Label> {
  size = 0
  readonly #settled: LabelledOutcome<R, Label>[] = []
  readonly #waiting = new Set<(settled: LabelledOutcome<R, Label>) => void>()
  #last: PendingRequest<R> | undefined = undefined

  add(label: Label, request: SentRequest<R>): void {
    if (!(request instanceof PendingRequest)) throw optionError('request', request, 'what sendRequest returned')
    const pending = request as PendingRequest<R>
    this.size += 1
    this.#last = pending
    pending.whenSettled((settled) => {
      this.#settled.push({ ...settled, label })
      for (const act of this.#waiting) act(this.#settled[0] as LabelledOutcome<R, Label>)
    })
  }

  async next(options: WaitOptions = {}): Promise<LabelledOutcome<R, Label> | NotYet | { readonly type: 'none' }> {
    if (this.#last === undefined || this.size === 0) return { type: 'none' }
    const found = await waitFor(this.#last, options, () => this.#settled[0], this.#waiting)
    if (found.type === 'not_yet') return found
    // Of several who wait, those that come too late wait for the next.
    const taken = this.#settled.shift()
    if (taken === undefined) return this.next(options)
    this.size -= 1
    return taken
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LabelledOutcome<R, Label>, void, void> {
    for (let next = await this.next(); next.type === 'reply' || next.type === 'error'; next = await this.next()) yield next
  }
}

/** Waits until `look` finds something, which those in `waiting` are told of. */
function waitFor<T>(
  clock: { after(delayMs: number, callback: () => void): () => void },
  options: WaitOptions,
  look: () => T | undefined,
  waiting: Set<(found: T) => void>,
): Promise<T | NotYet> {
  return new Promise((resolve, reject) => {
    checkFields('options', options, ['timeoutMs', 'signal'])
    const timeoutMs = checkDuration('options.timeoutMs', options.timeoutMs, { default: Infinity, min: 0, max: Infinity })
    const { signal } = options
    const found = look()
    if (signal?.aborted === true) reject(signal.reason as Error)
    else if (found !== undefined) resolve(found)
    else if (timeoutMs === 0) resolve({ type: 'not_yet' })
    else {
      const end = (settle: () => void): void => {
        waiting.delete(act)
        cancel?.()
        signal?.removeEventListener('abort', abort)
        settle()
      }
      const act = (settled: T): void => {
        end(() => {
          resolve(settled)
        })
      }
      const abort = (): void => {
        end(() => {
          reject(signal?.reason as Error)
        })
      }
      const expire = (): void => {
        end(() => {
          resolve({ type: 'not_yet' })
        })
      }
      const cancel = timeoutMs === Infinity ? undefined : clock.after(timeoutMs, expire)
      waiting.add(act)
      signal?.addEventListener('abort', abort, { once: true })
    }
  })
}
