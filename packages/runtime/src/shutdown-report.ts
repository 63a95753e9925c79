/** What a shutdown tells of itself: its phases, and what each of them did not manage. */
import type { Books } from '@cambium/scheduler'

export interface ShutdownPhase {
  /** `drain`: what is queued is handled; `stop`: actors end, the youngest first; `end`: so do the threads. */
  readonly name: 'drain' | 'stop' | 'end'
  readonly tookMs: number
  /** What was left when its time was up: messages, actors, threads. */
  readonly left: number
}

export interface ShutdownReport {
  /**
   * Whether a moment came, before the actors were stopped, at which every message was processed. What actors send after it, by their timers
   * for instance, is processed too as long as their targets live.
   */
  readonly isDrained: boolean
  /** Messages that were still queued when the time for draining was up; they became dead letters unless they were handled while actors stopped. */
  readonly undrained: number
  /** In order. */
  readonly phases: readonly ShutdownPhase[]
  /** Cores a thread of which has not ended: the process does not end by itself before it does. */
  readonly abandoned: readonly number[]
  /** How many such threads there are; several may have been one core, one after the other, and spares none. */
  readonly abandonedThreads: number
  readonly books: Books
  readonly tookMs: number
}
