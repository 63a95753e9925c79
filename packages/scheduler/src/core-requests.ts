/**
 * What the root, or a supervisor, asks of a core: start and stop, each answered once. A request needs no timer of its own: the core answers within
 * the actor's limits, a core that is stuck is killed by the watch of the pool, and with a dead core its requests fail.
 *
 * What was sent after the root had counted up the epoch of a dead core is its successor's, who will carry it out: a start that failed all the same would leave
 * an actor that nobody knows.
 */
import { CambiumError, fromErrorRecord, toErrorRecord } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import type { Signal } from './signals.ts'

export type Answer = Extract<Signal, { type: 'started' | 'start_failed' | 'stopped' | 'inspected' | 'unlodged' }>

interface Request {
  readonly core: number
  /** Of the core that it was sent to. */
  epoch: number
  /** A supervisor's step for an actor that has its slot: should the core die, its loss is the answer (C-18). */
  readonly isStep: boolean
  readonly done: (answer: Answer) => void
}

export class CoreRequests {
  readonly #signal: (core: number, signal: Signal) => number
  readonly #open = new Map<number, Request>()
  /** Failed requests are answered when the successor's slots are on their way: an answer may lead to the next request. */
  readonly #late: (() => void)[] = []
  #last: number

  /**
   * `life` sets the numbers apart from those of a predecessor on this core, whose answers may still come. `signal` answers the epoch of the core that
   * the signal is for.
   */
  constructor(life: number, signal: (core: number, signal: Signal) => number) {
    this.#last = life << 24
    this.#signal = signal
  }

  /** Requests without an answer yet: for tests. */
  get size(): number {
    return this.#open.size
  }

  /** Sends what `make` makes of a fresh number; `done` is called once, at once when the signal cannot travel. */
  send(core: number, isStep: boolean, make: (request: number) => Signal, done: (answer: Answer) => void): void {
    this.#last = (this.#last + 1) | 0
    const request = this.#last
    const open: Request = { core, epoch: -1, isStep, done }
    this.#open.set(request, open)
    try {
      open.epoch = this.#signal(core, make(request))
    } catch (error) {
      this.#open.delete(request)
      done({ type: 'start_failed', request, error: toErrorRecord(error) })
    }
  }

  /** A core has answered. False when nobody waits for it any more. */
  answered(answer: Answer): boolean {
    const request = this.#open.get(answer.request)
    if (request === undefined) return false
    this.#open.delete(answer.request)
    request.done(answer)
    return true
  }

  /** What was asked of a core before its incarnation `epoch` will not be answered; {@link answerLate} tells who asked. */
  fail(core: number, epoch: number, error: ErrorRecord): void {
    const lost = toErrorRecord(
      new CambiumError('ERR_CORE_LOST', `core died: core=${core}, cause=${error.message}`, {
        severity: 'crash',
        cause: fromErrorRecord(error),
      }),
    )
    for (const [request, open] of this.#open) {
      if (open.core !== core || (!open.isStep && ((epoch - open.epoch) | 0) <= 0)) continue
      this.#open.delete(request)
      if (open.isStep) continue
      this.#late.push(() => {
        open.done({ type: 'start_failed', request, error: lost })
      })
    }
  }

  answerLate(): void {
    for (const answer of this.#late.splice(0)) answer()
  }

  /** No core will answer any more. */
  close(error: CambiumError): void {
    this.answerLate()
    const requests = [...this.#open]
    this.#open.clear()
    for (const [request, { isStep, done }] of requests)
      if (!isStep) done({ type: 'start_failed', request, error: toErrorRecord(error) })
  }
}
