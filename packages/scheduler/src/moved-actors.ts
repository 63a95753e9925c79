/** The home's side of the actors that are on other cores, by the protocol of `moves.ts`. */
import type { ExitReason } from '@cambium/actor'
import { CambiumError, sameAddress, toErrorRecord } from '@cambium/base'
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import { AWAY, LEAVING, READY, SUSPENDED } from './actor-cell.ts'
import type { ActorCell } from './actor-cell.ts'
import type { Answer } from './core-requests.ts'
import type { Departures } from './departures.ts'
import { PASSED_ON, PASSED_STASHED } from './forwarding.ts'
import type { ForwardedHead, Forwarding } from './forwarding.ts'
import { GuestActs } from './guest-acts.ts'
import { InfoMessage } from './info-message.ts'
import type { LostAsks } from './lost-asks.ts'
import { isOwn } from './mailbox-entry.ts'
import type { Beside } from './mailbox-entry.ts'
import { dropTimers, moveIn, takeDown, unpack, whyFixed } from './move-content.ts'
import { slotOf } from './move-signals.ts'
import type { MoveSignal } from './move-signals.ts'
import { noSuchActor } from './send-errors.ts'
import { endedBefore, errorOf, lostWithHost, notMovable, unanswered } from './move-errors.ts'
import { Moved } from './moved.ts'
import type { MovesHost } from './moves-host.ts'
import type { RunContext } from './run-context.ts'
import type { BlamedActor, Signal } from './signals.ts'
import type { TimedRequests } from './timed-requests.ts'

type Of<T extends MoveSignal['type']> = Extract<MoveSignal, { type: T }>
type Done = (error: Error | undefined) => void

/** How long after its time an answer may still be on its way, in milliseconds. */
const ANSWER_MS = 50

export interface MovedActorsParts {
  readonly departures: Departures
  readonly forwarding: Forwarding
  readonly lostAsks: LostAsks
  readonly timed: TimedRequests
  /** What a core had written that has died; the function answers who has still to take some of it. */
  readonly writtenBy: (core: number) => () => number | undefined
}

export class MovedActors {
  readonly #host: MovesHost
  readonly #departures: Departures
  readonly #forwarding: Forwarding
  readonly #acts: GuestActs
  readonly #parts: MovedActorsParts
  /** Actors of this core that are on others. */
  readonly #away = new Set<ActorCell>()
  /** Those for which something is to be sent as soon as all before it is written. */
  readonly #due = new Set<ActorCell>()

  constructor(host: MovesHost, parts: MovedActorsParts) {
    this.#host = host
    this.#parts = parts
    this.#departures = parts.departures
    this.#forwarding = parts.forwarding
    this.#acts = new GuestActs(host)
  }

  get size(): number {
    return this.#away.size
  }

  get hasDue(): boolean {
    return this.#due.size > 0
  }

  // --- what the root asks for

  migrate(signal: Of<'migrate'>, answer: (signal: Signal) => void): void {
    const { request, to, timeoutMs } = signal
    const fail = (error: Error): void => {
      answer({ type: 'start_failed', request, error: toErrorRecord(error) })
    }
    const cell = this.#host.slots.find(signal.slot, signal.generation)
    if (cell === undefined || cell.moved?.hosts !== undefined) {
      // Of one that may still be elsewhere the root would forget that: an answer is where it is for certain.
      fail(cell === undefined ? noSuchActor({ core: this.#host.coreNumber, ...slotOf(signal) }) : endedBefore(cell))
      return
    }
    const fixed = whyFixed(cell)
    if (fixed !== undefined || cell.moved?.isMoving === true || this.#departures.has(cell)) {
      fail(notMovable(cell, fixed ?? 'it is on its way already'))
      return
    }
    const moved = (cell.moved ??= new Moved())
    moved.isMoving = true
    const untilMs = this.#host.now() + timeoutMs
    const done: Done = (error) => {
      moved.isMoving = false
      const at = cell.moved?.place ?? cell
      if (error === undefined) answer({ type: 'started', request, ...slotOf(at) })
      else fail(error)
      this.#host.requestTurn()
    }
    if ((moved.place?.core ?? cell.core) === to) done(undefined)
    else if (moved.place === undefined) this.#leave(cell, to, untilMs, done)
    else
      this.#comeHome(cell, timeoutMs, untilMs, (error) => {
        if (error !== undefined || to === cell.core) done(error)
        else this.#leave(cell, to, untilMs, done)
      })
    this.#host.requestTurn()
  }

  // --- away

  #leave(cell: ActorCell, to: number, untilMs: number, done: Done): void {
    this.#departures.begin(cell, untilMs, (error) => {
      if (error !== undefined) {
        done(error)
        return
      }
      const { bonds, coreNumber, life } = this.#host
      const { phase, incarnation, isSuspended } = cell
      const moved = cell.moved as Moved
      let make: (request: number) => Signal
      try {
        const content = takeDown(this.#host, cell, {
          isTrapping: cell.infos?.isTrapping ?? false,
          monitors: [...bonds.monitorsOf(cell).map((own) => moved.givenName(own)), ...(cell.infos?.downs() ?? [])],
          lastMonitor: moved.lastMonitor,
        })
        const home = { core: coreNumber, ...slotOf(cell) }
        make = (request) => ({ type: 'lodge', request, home, life, content })
      } catch (failure) {
        this.#departures.resume(cell)
        done(failure as Error)
        return
      }
      const isOver = (): boolean => cell.phase !== phase || cell.status !== LEAVING
      // It may have been made all the same.
      const forget = (why: Error): void => {
        const home = { core: coreNumber, ...slotOf(cell) }
        this.#host.signal(to, { type: 'evict', request: 0, home, incarnation })
        const hasEnded = isOver()
        if (!hasEnded) this.#departures.resume(cell)
        done(hasEnded ? endedBefore(cell) : why)
      }
      const answered = (answer: Answer): void => {
        if (isOver() || answer.type !== 'started') {
          forget(errorOf(answer))
          return
        }
        moved.hostLife = answer.life ?? 0
        this.#left(cell, { core: to, ...slotOf(answer) }, isSuspended)
        done(undefined)
      }
      const giveUp = (): void => {
        forget(unanswered(cell, to))
      }
      this.#parts.timed.send({ core: to, untilMs: untilMs + ANSWER_MS, make, isOver, answered, giveUp })
    })
  }

  /** From here on it is there. What it had put aside follows first, then it begins, then its messages come. */
  #left(cell: ActorCell, place: ActorAddress, wasSuspended: boolean): void {
    const moved = cell.moved as Moved
    moved.place = place
    moved.heard = moved.cuts = 0
    // That was changed while it was on its way.
    if (cell.isSuspended !== wasSuspended) this.#suspend(place, cell.isSuspended)
    moved.hasBegun = moved.isReturning = moved.isRecalled = false
    const { context, abort, stash } = cell
    ;(context as RunContext | undefined)?.end()
    cell.observation?.end()
    cell.observation = undefined
    cell.program = cell.behaviour?.program
    dropTimers(cell)
    cell.context = undefined
    cell.state = undefined
    cell.abort = undefined
    cell.stash = undefined
    cell.isSuspended = false
    cell.status = AWAY
    cell.phase += 1
    abort?.abort(new CambiumError('ERR_ACTOR_STOPPED', `actor has moved to another core: actor=${cell.label}`))
    this.#away.add(cell)
    for (let at = 0; at < (stash?.length ?? 0); at += 1) {
      const beside = stash?.askerAt(at)
      if (!isOwn(beside)) this.#forwarding.send(cell, place, PASSED_STASHED, stash?.messageAt(at), beside)
    }
    this.#soon(cell)
    this.#host.dispatcher.schedule(cell)
  }

  /** Whether what has come for it may be passed on. */
  takes({ outbox, moved }: ActorCell): boolean {
    return outbox === 0 && moved?.place !== undefined && moved.hasBegun && !moved.isReturning
  }

  /** Passes on what was in its mailbox. */
  pass(cell: ActorCell, message: unknown, beside: Beside | undefined): void {
    const { heard, place } = cell.moved as Moved & { readonly place: ActorAddress }
    if (!(beside instanceof InfoMessage)) {
      if (!isOwn(beside)) this.#forwarding.send(cell, place, PASSED_ON, message, beside)
      return
    }
    if (cell.infos?.take(beside) !== true) return
    const { info, isOfLink } = beside
    this.#tell(place, { type: 'guest_info', ...slotOf(place), info, isOfLink, after: this.#written(place.core), heard })
  }

  /** Goes on with those that had to wait until all before was written. */
  look(): void {
    for (const cell of this.#due) this.#look(cell)
  }

  #look(cell: ActorCell): void {
    const { moved } = cell
    const place = moved?.place
    if (moved === undefined || place === undefined || cell.status !== AWAY) {
      this.#due.delete(cell)
      return
    }
    if (moved.lost !== undefined) {
      if (moved.lost.isBehind() === undefined) this.#endLost(cell, moved, moved.lost)
      return
    }
    if (cell.outbox > 0) return
    if (!moved.hasBegun) {
      moved.hasBegun = true
      this.#tell(place, { type: 'guest_go', ...slotOf(place), after: this.#written(place.core) })
      this.#host.dispatcher.schedule(cell)
    }
    if (moved.isReturning && !moved.isRecalled) {
      moved.isRecalled = true
      this.#tell(place, { type: 'guest_recall', ...slotOf(place), after: this.#written(place.core) })
    }
    this.#due.delete(cell)
  }

  // --- back

  #comeHome(cell: ActorCell, timeoutMs: number, untilMs: number, done: Done): void {
    const moved = cell.moved as Moved
    const place = moved.place as ActorAddress
    const stay = (error: Error): void => {
      if (moved.place === place && cell.status === AWAY) this.#tell(place, { type: 'guest_stay', ...slotOf(place) })
      done(error)
    }
    const answered = (answer: Answer): void => {
      if (answer.type !== 'unlodged') {
        stay(errorOf(answer))
        return
      }
      if (cell.status !== AWAY || moved.place !== place || moved.isReturning) {
        done(endedBefore(cell))
        return
      }
      try {
        moved.arrival = unpack(this.#host, cell, cell.behaviour as NonNullable<ActorCell['behaviour']>, answer.content)
      } catch (error) {
        stay(error as Error)
        return
      }
      moved.onReturned = done
      this.#recall(cell, moved)
    }
    const giveUp = (): void => {
      stay(unanswered(cell, place.core))
    }
    const make = (request: number): Signal => ({ type: 'unlodge', request, ...slotOf(place), timeoutMs })
    this.#parts.timed.send({ core: place.core, untilMs: untilMs + ANSWER_MS, make, answered, giveUp })
  }

  #recall(cell: ActorCell, moved: Moved): void {
    const { place } = moved
    if (!moved.isReturning && place !== undefined) this.#tell(place, { type: 'guest_hold', ...slotOf(place) })
    moved.isReturning = true
    this.#soon(cell)
  }

  #soon(cell: ActorCell): void {
    this.#due.add(cell)
    this.#look(cell)
  }

  takeBack(cell: ActorCell, message: unknown, head: ForwardedHead): void {
    cell.moved?.tookBack(message, head)
  }

  /** The guest is over. What it leaves comes back first. */
  over(from: number, { slot, generation, place, end }: Of<'guest_over'>): void {
    const cell = this.#find(from, slot, generation, place)
    if (cell === undefined) return
    const moved = cell.moved as Moved
    moved.over = end
    this.#recall(cell, moved)
  }

  /** All that was there is here. */
  back(from: number, { slot, generation, place, isSuspended }: Of<'guest_back'>): void {
    const cell = this.#find(from, slot, generation, place)
    if (cell === undefined) return
    const moved = cell.moved as Moved
    const { arrival, over, onReturned, onHome } = moved
    const goesOn = over === undefined && arrival !== undefined
    this.#home(cell, moved, goesOn)
    moved.over = moved.onReturned = moved.onHome = moved.arrival = undefined
    if (!goesOn) {
      arrival?.context.end()
      const reason: ExitReason = over?.reason ?? { kind: 'shutdown' }
      moved.written = over?.written
      this.#host.lifecycle.endedAway(cell, reason)
      onReturned?.(endedBefore(cell))
      return
    }
    moveIn(this.#host, cell, arrival)
    cell.isSuspended = isSuspended
    cell.status = cell.isSuspended ? SUSPENDED : READY
    cell.phase += 1
    cell.stash = moved.takeAll('stashed')
    for (const info of moved.infos.splice(0)) this.#host.dispatcher.deliverInfo(info)
    onHome?.()
    if (cell.status === READY) this.#host.dispatcher.schedule(cell)
    onReturned?.(undefined)
    this.#host.requestTurn()
  }

  /** A host has died. Its guests of this core are over, and so are the asks that they had taken. */
  hostLost(core: number, epoch: number, error: ErrorRecord, blamed: BlamedActor | undefined): void {
    for (const cell of this.#away) {
      const moved = cell.moved as Moved
      const { place, arrival, onReturned } = moved
      if (place?.core !== core || ((epoch - moved.hostLife) | 0) <= 0 || moved.lost !== undefined) continue
      const isBlamed = place.slot === blamed?.slot && place.generation === blamed.generation
      moved.onReturned = moved.onHome = moved.arrival = undefined
      arrival?.context.end()
      moved.isReturning = moved.isRecalled = true
      moved.lost = { error, isBlamed, isBehind: this.#parts.writtenBy(core) }
      this.#parts.lostAsks.tell(cell, error)
      this.#soon(cell)
      onReturned?.(lostWithHost(core, error))
    }
  }

  /** All that the host had written has been taken: what an incarnation says next comes behind it. */
  #endLost(cell: ActorCell, moved: Moved, { error, isBlamed }: NonNullable<Moved['lost']>): void {
    const { over } = moved
    this.#home(cell, moved, false)
    if (over === undefined) this.#host.lifecycle.endedAway(cell, { kind: 'core_lost', error }, { isBlamed })
    else this.#host.lifecycle.endedAway(cell, over.reason)
    this.#host.requestTurn()
  }

  /** The root need not remember these cores for it any more. */
  settled({ slot, generation }: ActorCell, hosts: readonly number[]): void {
    this.#host.toRoot({ type: 'settled', slot, generation, hosts })
  }

  /** It is nowhere else any more; what has come back stands before all that has come since. */
  #home(cell: ActorCell, moved: Moved, goesOn: boolean): void {
    this.#away.delete(cell)
    this.#due.delete(cell)
    const { place } = moved
    moved.place = undefined
    moved.hasBegun = moved.isReturning = moved.isRecalled = false
    const { dispatcher } = this.#host
    dispatcher.travel.putBefore(cell, moved.takeAll('returned'))
    if (!goesOn) dispatcher.travel.putBefore(cell, moved.takeAll('stashed'))
    if (place !== undefined) this.settled(cell, [place.core])
  }

  // --- what it does there

  act(from: number, { slot, generation, place, number, what }: Of<'guest_act'>): void {
    const cell = this.#find(from, slot, generation, place)
    if (cell === undefined) return
    this.#acts.take(cell, cell.moved as Moved, number, what)
  }

  // --- small parts

  #find(from: number, slot: number, generation: number, place: ActorAddress): ActorCell | undefined {
    const cell = this.#host.slots.find(slot, generation)
    const known = cell?.moved?.place
    return known !== undefined && known.core === from && sameAddress(known, place) ? cell : undefined
  }

  #suspend(place: ActorAddress, isOn: boolean): void {
    const order = { what: isOn ? 'suspend' : 'resume' } as const
    this.#host.requests.send(
      place.core,
      false,
      (request) => ({ type: 'inspect', request, ...slotOf(place), order }),
      () => {},
    )
  }

  #tell({ core }: ActorAddress, signal: MoveSignal): void {
    this.#host.signal(core, signal)
  }

  #written(core: number): number {
    return this.#host.links[core]?.data.ringPosition ?? 0
  }
}
