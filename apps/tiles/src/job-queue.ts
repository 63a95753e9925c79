/**
 * Jobs that wait for a renderer: first come, first served, but a renderer takes a job of its own core's regions before one of another core's. So
 * fields stay where their regions are as long as there is enough to do everywhere, and no renderer is idle while a job waits. Bounded.
 */
import type { Job } from './protocol.ts'

export interface QueuedJob extends Job {
  /** How often it has been begun. */
  readonly attempts: number
}

export class JobQueue {
  readonly #capacity: number
  /** By core, then by id, in the order of their arrival. */
  readonly #byCore = new Map<number, Map<string, QueuedJob>>()
  readonly #coreOf = new Map<string, number>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get length(): number {
    return this.#coreOf.size
  }

  /** False when there is no room. A job that waits already stays in its place, with the new deadline. */
  add(job: QueuedJob): boolean {
    if (!this.#coreOf.has(job.id) && this.#coreOf.size >= this.#capacity) return false
    const core = this.#coreOf.get(job.id) ?? job.home
    let jobs = this.#byCore.get(core)
    if (jobs === undefined) {
      jobs = new Map()
      this.#byCore.set(core, jobs)
    }
    jobs.set(job.id, { ...job, attempts: Math.max(job.attempts, jobs.get(job.id)?.attempts ?? 0) })
    this.#coreOf.set(job.id, core)
    return true
  }

  /** Takes a job back; answers whether it waited here. */
  remove(id: string): boolean {
    const core = this.#coreOf.get(id)
    if (core === undefined) return false
    this.#coreOf.delete(id)
    this.#byCore.get(core)?.delete(id)
    return true
  }

  /** The oldest job of the core's regions, else the oldest of the core that has most waiting. */
  next(core: number): QueuedJob | undefined {
    let jobs = this.#byCore.get(core)
    if (jobs === undefined || jobs.size === 0) {
      for (const others of this.#byCore.values()) if (others.size > (jobs?.size ?? 0)) jobs = others
    }
    const job = jobs?.values().next().value
    if (job !== undefined) this.remove(job.id)
    return job
  }
}
