/**
 * Requests to other cores for which somebody stands still meanwhile: each is answered, or given up when its time is over or nobody waits for it any more. An answer that
 * comes later is heard by nobody; the other core must be told that nothing is wanted of it any more.
 */
import type { Answer, CoreRequests } from './core-requests.ts'
import type { Signal } from './signals.ts'

export interface TimedRequestsHost {
  readonly requests: Pick<CoreRequests, 'send'>
  now(): number
}

export interface TimedRequest {
  readonly core: number
  readonly untilMs: number
  readonly make: (request: number) => Signal
  /** Whether whoever stood still for it has gone. */
  readonly isOver?: () => boolean
  /** One of the two is called, once. */
  readonly answered: (answer: Answer) => void
  readonly giveUp: () => void
}

export class TimedRequests {
  readonly #host: TimedRequestsHost
  readonly #open = new Set<TimedRequest>()

  constructor(host: TimedRequestsHost) {
    this.#host = host
  }

  get size(): number {
    return this.#open.size
  }

  send(request: TimedRequest): void {
    this.#open.add(request)
    this.#host.requests.send(request.core, false, request.make, (answer) => {
      if (this.#open.delete(request)) request.answered(answer)
    })
  }

  /** Gives up what has taken too long, or is wanted no more. */
  look(): void {
    for (const request of this.#open) {
      if (this.#host.now() < request.untilMs && request.isOver?.() !== true) continue
      this.#open.delete(request)
      request.giveUp()
    }
  }
}
