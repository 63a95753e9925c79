/**
 * Brings actors to rest that are to leave this core, between two of their messages.
 *
 * 1. *Waiting*: until nothing of it is under way that cannot travel: a handler, asks, answers that it owes, offloaded jobs, messages that wait for room, a message of
 *    its own that comes before all others. Meanwhile it goes on as ever.
 * 2. *Leaving*: it takes no messages, its timers stand still. Its core waits until its peers have taken all that had been written to them by then: what the actor
 *    says from another core comes behind what it said from here.
 * 3. When the time is up before that, it goes on where it is. A departure is one incarnation's: it ends with that.
 */
import { AWAITING, BUSY, GONE, isAtRest, LEAVING, READY, SUSPENDED } from './actor-cell.ts'
import type { ActorCell } from './actor-cell.ts'
import { goOnWithTimers, hasFirst, holdTimers, whyFixed } from './move-content.ts'
import { endedBefore, notMovable, tooLate } from './move-errors.ts'
import type { MovesHost } from './moves-host.ts'
import { writtenHere } from './written-before.ts'

interface Departure {
  readonly cell: ActorCell
  readonly incarnation: number
  readonly untilMs: number
  /** The end of its handler is waited for. */
  isAwaited: boolean
  /** At rest with nothing behind it, or why not. */
  readonly done: (error: Error | undefined) => void
  /** Since it leaves: the phase that it is in then, and what its peers have still to take. */
  leaving: { readonly phase: number; readonly isBehind: () => number | undefined } | undefined
}

export class Departures {
  readonly #host: MovesHost
  readonly #jobsOf: (cell: ActorCell) => number
  readonly #open = new Set<Departure>()

  /** `jobsOf`: jobs that the actor has offloaded and that have not ended. */
  constructor(host: MovesHost, jobsOf: (cell: ActorCell) => number) {
    this.#host = host
    this.#jobsOf = jobsOf
  }

  get size(): number {
    return this.#open.size
  }

  has(cell: ActorCell): boolean {
    for (const departure of this.#open) if (departure.cell === cell) return true
    return false
  }

  begin(cell: ActorCell, untilMs: number, done: (error: Error | undefined) => void): void {
    this.#open.add({ cell, incarnation: cell.incarnation, untilMs, done, isAwaited: false, leaving: undefined })
  }

  /** Between two turns of actors' own code: goes on with those that may. */
  look(): void {
    for (const departure of this.#open) {
      if (departure.leaving === undefined) this.#wait(departure)
      if (departure.leaving !== undefined) this.#leave(departure, departure.leaving)
    }
  }

  /** It is not to leave any more. */
  cancel(cell: ActorCell): void {
    for (const departure of this.#open) if (departure.cell === cell) this.#end(departure, tooLate(cell, 'its home has given up'))
  }

  /** It does not leave after all. */
  resume(cell: ActorCell): void {
    if (cell.status !== LEAVING) return
    cell.status = cell.isSuspended ? SUSPENDED : READY
    cell.phase += 1
    goOnWithTimers(this.#host, cell)
    this.#host.dispatcher.schedule(cell)
  }

  #wait(departure: Departure): void {
    const { cell, incarnation } = departure
    if (cell.status === GONE || cell.status === AWAITING || cell.incarnation !== incarnation) {
      this.#end(departure, endedBefore(cell))
      return
    }
    const fixed = whyFixed(cell)
    if (fixed !== undefined) {
      this.#end(departure, notMovable(cell, fixed))
      return
    }
    const why = this.#whyNotYet(cell)
    if (why !== undefined) {
      if (this.#host.now() >= departure.untilMs) this.#end(departure, tooLate(cell, why))
      else if (cell.status === BUSY && !departure.isAwaited) {
        // One that always has something to do would begin with the next message before anybody looks again.
        departure.isAwaited = true
        ;(cell.onIdle ??= []).push(() => {
          departure.isAwaited = false
          if (this.#open.has(departure) && departure.leaving === undefined) this.#wait(departure)
        })
      }
      return
    }
    cell.status = LEAVING
    cell.phase += 1
    holdTimers(this.#host, cell)
    departure.leaving = { phase: cell.phase, isBehind: writtenHere(this.#host.links) }
  }

  #leave(departure: Departure, { phase, isBehind }: NonNullable<Departure['leaving']>): void {
    const { cell, untilMs } = departure
    if (cell.phase !== phase) {
      this.#end(departure, endedBefore(cell))
      return
    }
    const behind = isBehind()
    if (behind === undefined) this.#end(departure, undefined)
    else if (this.#host.now() >= untilMs) {
      this.resume(cell)
      this.#end(departure, tooLate(cell, `core ${behind} has not taken what it sent`))
    }
  }

  #end(departure: Departure, error: Error | undefined): void {
    this.#open.delete(departure)
    departure.done(error)
  }

  /** What is under way, in words. */
  #whyNotYet(cell: ActorCell): string | undefined {
    const { dispatcher, links } = this.#host
    if (cell.status === BUSY) return 'its handler has not ended'
    if (cell.status === LEAVING) return 'it has not begun where it is'
    if (!isAtRest(cell.status) || dispatcher.current === cell) return 'it is not running'
    if (cell.asks !== undefined) return 'it waits for answers'
    if ((cell.owed?.count ?? 0) > 0) return 'it owes answers'
    if (this.#jobsOf(cell) > 0) return 'it waits for offloaded jobs'
    if (cell.outbox > 0) return 'its messages wait for room'
    if (hasFirst(cell)) return 'it goes on with its last message'
    // An answer of its own may be among what waits for room, which is charged to nobody.
    if (links.some((link) => link !== undefined && link.data.queued + link.control.queued > 0)) return 'a ring is full'
    return undefined
  }
}
