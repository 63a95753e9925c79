/** The host's side of the actors whose home is another core, by the protocol of `moves.ts`. */
import type { ExitReason } from '@cambium/actor'
import { CambiumError, formatAddress, sameAddress, toErrorRecord } from '@cambium/base'
import { ActorCell, AWAITING, GONE, LEAVING, READY, STARTING, STOPPING, SUSPENDED } from './actor-cell.ts'
import type { Departures } from './departures.ts'
import { PASSED_STASHED, RETURNED, RETURNED_STASHED } from './forwarding.ts'
import type { ForwardedHead, Forwarding } from './forwarding.ts'
import { endedBefore, lostWithCore } from './move-errors.ts'
import { Guest } from './guest.ts'
import { GuestHost } from './guest-host.ts'
import { InfoBox, InfoMessage } from './info-message.ts'
import { isOwn } from './mailbox-entry.ts'
import { dropTimers, moveIn, takeDown, unpack } from './move-content.ts'
import type { Arrival } from './move-content.ts'
import { slotOf } from './move-signals.ts'
import type { MoveSignal } from './move-signals.ts'
import type { MovesHost } from './moves-host.ts'
import type { RunContext } from './run-context.ts'
import type { Signal } from './signals.ts'
import { positionsOf, writtenHere } from './written-before.ts'

type Of<T extends MoveSignal['type']> = Extract<MoveSignal, { type: T }>

export class Guests {
  readonly #host: MovesHost
  readonly #departures: Departures
  readonly #forwarding: Forwarding
  readonly #guestHost: GuestHost
  readonly #cells = new Set<ActorCell>()
  /** They are over, and messages of theirs still wait for room. */
  readonly #speaking = new Set<ActorCell>()
  /** Their behaviours are being loaded: what tells their homes that nothing has come of it. */
  readonly #lodging = new Map<ActorCell, (error: unknown) => void>()
  /** Made, and not told to begin. */
  readonly #arrived = new Map<ActorCell, Arrival>()
  /** All that they have is on its way home, but some waits for room. */
  readonly #due = new Map<ActorCell, { isBehind: (() => number | undefined) | undefined }>()
  /** Guests that were to end at once: who wants that waits until nothing of what they said is under way. */
  readonly #evictions = new Set<{
    readonly cells: ActorCell[]
    isBehind: (() => number | undefined) | undefined
    readonly done: () => void
  }>()

  constructor(host: MovesHost, departures: Departures, forwarding: Forwarding) {
    this.#host = host
    this.#departures = departures
    this.#forwarding = forwarding
    this.#guestHost = new GuestHost(host)
  }

  get size(): number {
    return this.#cells.size
  }

  get hasDue(): boolean {
    return this.#due.size > 0 || this.#evictions.size > 0 || this.#speaking.size > 0
  }

  // --- in

  lodge({ request, home, life, content }: Of<'lodge'>, answer: (signal: Signal) => void): void {
    const fail = (error: unknown): void => {
      answer({ type: 'start_failed', request, error: toErrorRecord(error) })
      this.#host.requestTurn()
    }
    const { coreNumber, loader, slots, lifecycle } = this.#host
    let cell: ActorCell
    try {
      if (this.#host.epochOf(home.core) !== life)
        throw new CambiumError('ERR_CORE_LOST', `core died: core=${home.core}`, { severity: 'crash' })
      const { slot, generation } = slots.reserve()
      const options = { name: content.name, owner: undefined, parent: undefined }
      cell = new ActorCell({ core: coreNumber, slot, generation }, options)
    } catch (error) {
      fail(error)
      return
    }
    cell.guest = new Guest({ home, life, ...content })
    cell.incarnation = content.incarnation
    cell.status = STARTING
    slots.put(cell)
    this.#cells.add(cell)
    this.#lodging.set(cell, fail)
    const arrive = (behaviour: NonNullable<ActorCell['behaviour']>): void => {
      if (!this.#lodging.has(cell)) return // dropped meanwhile, and its home told
      try {
        lifecycle.equip(cell, behaviour, content.mailbox)
        if (content.isTrapping) (cell.infos ??= new InfoBox()).isTrapping = true
        this.#arrived.set(cell, unpack(this.#guestHost, cell, behaviour, content))
      } catch (error) {
        this.#lodging.delete(cell)
        this.#discard(cell)
        fail(error)
        return
      }
      this.#lodging.delete(cell)
      cell.isSuspended = content.isSuspended // from here on who wants it suspended, or resumed, comes here
      cell.status = LEAVING
      cell.phase += 1
      answer({ type: 'started', request, ...slotOf(cell), life: this.#host.life })
      this.#host.requestTurn()
    }
    const known = loader.find(content.module, content.behaviour)
    if (known !== undefined) {
      arrive(known)
      return
    }
    loader.load(content.module, content.behaviour).then(arrive, (error: unknown) => {
      if (!this.#lodging.delete(cell)) return
      this.#discard(cell)
      fail(error)
    })
  }

  /** What it had put aside has come: it begins. */
  go({ slot, generation }: Of<'guest_go'>): void {
    const cell = this.#find(slot, generation)
    const arrival = cell && this.#arrived.get(cell)
    if (cell?.guest === undefined || arrival === undefined) return
    this.#arrived.delete(cell)
    moveIn(this.#host, cell, arrival)
    cell.status = cell.isSuspended ? SUSPENDED : READY
    cell.phase += 1
    this.#host.dispatcher.schedule(cell)
    const { onBegun } = cell.guest
    cell.guest.onBegun = undefined
    for (const act of onBegun ?? []) act()
  }

  /** What its home has passed on has come; false when it is none of this core's guests. */
  take(cell: ActorCell, message: unknown, { kind, beside }: ForwardedHead): boolean {
    const { guest } = cell
    if (guest === undefined) return false
    if (kind === PASSED_STASHED) this.#host.dispatcher.stash.add(cell, message, beside)
    else this.#host.dispatcher.travel.deliver(cell, message, beside)
    return true
  }

  info(from: number, { slot, generation, info, isOfLink, after, heard }: Of<'guest_info'>): void {
    const cell = this.#find(slot, generation)
    const guest = cell?.guest
    if (cell === undefined || guest === undefined || guest.isLeaving) return
    this.#heard(guest, heard)
    // What it has cut meanwhile it does not hear of.
    if (info.type === 'down' && !guest.monitors.delete(info.monitor)) return
    if (info.type === 'exit' && isOfLink && guest.cuts.has(formatAddress(info.ref))) return
    this.#host.bonds.infos.tell(cell, new InfoMessage(cell, info, isOfLink), from, after)
  }

  answer(signal: Of<'guest_answer'>): void {
    const cell = this.#find(signal.slot, signal.generation)
    if (cell !== undefined) this.#guestHost.directory.answered(signal)
  }

  // --- out

  unlodge({ request, slot, generation, timeoutMs }: Of<'unlodge'>, answer: (signal: Signal) => void): void {
    const fail = (error: unknown): void => {
      answer({ type: 'start_failed', request, error: toErrorRecord(error) })
      this.#host.requestTurn()
    }
    const cell = this.#find(slot, generation)
    const guest = cell?.guest
    if (cell === undefined || guest === undefined || guest.isLeaving) {
      fail(new CambiumError('ERR_NO_SUCH_ACTOR', `actor is not here: slot=${slot}`, { severity: 'crash' }))
      return
    }
    this.#departures.begin(cell, this.#host.now() + timeoutMs, (error) => {
      if (error !== undefined) {
        fail(error)
        return
      }
      try {
        const { isTrapping, monitors, lastMonitor } = guest
        const content = takeDown(this.#host, cell, { isTrapping, monitors: [...monitors], lastMonitor })
        answer({ type: 'unlodged', request, content })
      } catch (failure) {
        this.#departures.resume(cell)
        fail(failure)
      }
      this.#host.requestTurn()
    })
  }

  stay({ slot, generation }: Of<'guest_stay'>): void {
    const cell = this.#find(slot, generation)
    if (cell === undefined) return
    this.#departures.cancel(cell)
    if (cell.guest?.isLeaving === true || this.#arrived.has(cell)) return
    this.#departures.resume(cell)
    this.#host.dispatcher.travel.congest(cell)
  }

  /** Its home has stopped passing on: the message that it could not must come, for it waits for that. */
  hold({ slot, generation }: Of<'guest_hold'>): void {
    const cell = this.#find(slot, generation)
    if (cell?.guest === undefined) return
    cell.guest.isHeld = true
    this.#host.dispatcher.travel.relieve(cell)
  }

  /** All that was passed on has come: everything goes home. */
  recall({ slot, generation }: Of<'guest_recall'>): void {
    this.#host.bonds.tellDelayed() // what waited for home's messages, which have been taken, goes back with it
    const cell = this.#find(slot, generation)
    const guest = cell?.guest
    if (cell === undefined || guest === undefined || guest.isReturned) return
    if (cell.status === STOPPING) guest.isRecalled = true
    else if (cell.status === LEAVING || cell.status === AWAITING) this.#sendBack(cell, guest)
  }

  #sendBack(cell: ActorCell, guest: Guest): void {
    const { home } = guest
    const isOver = cell.status === AWAITING
    guest.isReturned = guest.isLeaving = true
    const { mailbox, stash } = cell
    const infos: InfoMessage[] = []
    while (mailbox !== undefined && mailbox.length > 0) {
      const message = mailbox.take()
      const beside = mailbox.takenAsker
      if (beside instanceof InfoMessage) infos.push(beside)
      else if (!isOwn(beside)) this.#forwarding.send(cell, home, RETURNED, message, beside)
    }
    for (let at = 0; at < (stash?.length ?? 0); at += 1) {
      const beside = stash?.askerAt(at)
      if (!isOwn(beside)) this.#forwarding.send(cell, home, RETURNED_STASHED, stash?.messageAt(at), beside)
    }
    cell.stash = undefined
    if (!isOver) {
      const { context, abort } = cell
      ;(context as RunContext | undefined)?.end()
      abort?.abort(new CambiumError('ERR_ACTOR_STOPPED', `actor has moved to another core: actor=${cell.label}`))
      dropTimers(cell)
      for (const message of infos) {
        if (cell.infos?.take(message) !== true) continue
        const { info, isOfLink } = message
        this.#host.signal(home.core, { type: 'guest_info', ...slotOf(home), info, isOfLink, after: 0, heard: 0 })
      }
    }
    // A guest that comes back alive has waited for that already.
    this.#due.set(cell, { isBehind: isOver ? undefined : () => undefined })
    this.look()
  }

  /** Tells the home of each guest that all has been written. */
  look(): void {
    this.#lookAtEvictions()
    for (const [cell, due] of this.#due) {
      const { home } = cell.guest as Guest
      if (cell.outbox > 0) continue
      due.isBehind ??= writtenHere(this.#host.links, home.core) // its home is told behind that
      if (due.isBehind() !== undefined) continue
      const after = this.#host.links[home.core]?.data.ringPosition ?? 0
      const place = { core: cell.core, ...slotOf(cell) }
      this.#free(cell)
      this.#host.signal(home.core, { type: 'guest_back', ...slotOf(home), place, isSuspended: cell.isSuspended, after })
    }
  }

  // --- ends

  /** Its incarnation has ended. */
  over(cell: ActorCell, reason: ExitReason): void {
    const guest = cell.guest as Guest
    cell.status = AWAITING
    cell.phase += 1
    guest.isLeaving = true
    if (guest.isOrphan) {
      this.#discard(cell)
      return
    }
    const end = { reason, written: { core: this.#host.coreNumber, positions: positionsOf(this.#host.links) } }
    const signal = { type: 'guest_over', ...slotOf(guest.home), place: { core: cell.core, ...slotOf(cell) } } as const
    try {
      this.#host.signal(guest.home.core, { ...signal, end })
    } catch {
      // A detail larger than a signal may be: the end itself must not fail to be told.
      this.#host.signal(guest.home.core, { ...signal, end: { ...end, reason: { ...reason, detail: undefined } as ExitReason } })
    }
    if (guest.isRecalled) this.#sendBack(cell, guest)
  }

  stop({ slot, generation, timeoutMs }: Of<'guest_stop'>): void {
    this.#whenBegun(slot, generation, (cell) => {
      this.#host.lifecycle.stop(cell, timeoutMs, false, () => {})
    })
  }

  exit({ slot, generation, reason, isKill, ofLink, heard }: Of<'guest_exit'>): void {
    this.#whenBegun(slot, generation, (cell, guest) => {
      this.#heard(guest, heard)
      if (ofLink !== undefined && guest.cuts.has(ofLink)) return // it has cut the link before it heard of this
      this.#host.lifecycle.exit(cell, reason, isKill)
      this.#host.requestTurn()
    })
  }

  /** An end that is asked for before it has what it had put aside, and its state, waits for that: it ends as it would have anywhere. */
  #whenBegun(slot: number, generation: number, end: (cell: ActorCell, guest: Guest) => void): void {
    const cell = this.#find(slot, generation)
    const guest = cell?.guest
    if (cell === undefined || guest === undefined) return
    const act = (): void => {
      if (!guest.isLeaving) end(cell, guest)
    }
    if (guest.onBegun === undefined) act()
    else guest.onBegun.push(act)
  }

  /** A home has died: its guests go with it, and nobody is told. */
  homeLost(core: number, epoch: number): void {
    for (const cell of this.#cells) {
      const { home, life } = cell.guest as Guest
      if (home.core === core && ((epoch - life) | 0) > 0) this.#orphan(cell)
    }
  }

  /** Nobody of that address, or that incarnation of it, is to be here. */
  evict({ request, home, incarnation }: Of<'evict'>, answer: (signal: Signal) => void): void {
    const isMeant = (cell: ActorCell): boolean =>
      sameAddress((cell.guest as Guest).home, home) && (incarnation ?? cell.incarnation) === cell.incarnation
    const cells = [...this.#cells].filter(isMeant)
    for (const cell of cells) this.#orphan(cell)
    this.#evictions.add({
      cells: [...cells, ...this.#speaking].filter(isMeant),
      isBehind: undefined,
      done: () => {
        answer({ type: 'stopped', request, reason: { kind: 'shutdown' } })
      },
    })
  }

  #lookAtEvictions(): void {
    for (const cell of this.#speaking) if (cell.outbox === 0) this.#speaking.delete(cell)
    for (const eviction of this.#evictions) {
      if (eviction.cells.some((cell) => cell.outbox > 0)) continue
      eviction.isBehind ??= writtenHere(this.#host.links)
      if (eviction.isBehind() !== undefined) continue
      this.#evictions.delete(eviction)
      eviction.done()
    }
  }

  #orphan(cell: ActorCell): void {
    const guest = cell.guest as Guest
    guest.isOrphan = true
    if (guest.isLeaving || this.#arrived.has(cell) || cell.status === STARTING) this.#discard(cell)
    else this.#host.lifecycle.stop(cell, 0, false, () => {})
  }

  /** Nobody waits for what it has: its messages are lost with its home. */
  #discard(cell: ActorCell): void {
    const arrival = this.#arrived.get(cell)
    arrival?.context.end()
    const { dispatcher } = this.#host
    dispatcher.stash.putBack(cell)
    dispatcher.clearMailbox(cell, (message, asker) => {
      this.#host.deadLetters.bury('lost_with_core', cell.address, { name: cell.name, message })
      if (asker !== undefined) this.#host.replyError(asker, lostWithCore(cell.address, (cell.guest as Guest).home.core))
    })
    this.#free(cell)
  }

  #free(cell: ActorCell): void {
    const fail = this.#lodging.get(cell)
    this.#lodging.delete(cell)
    fail?.(endedBefore(cell))
    this.#due.delete(cell)
    this.#arrived.delete(cell)
    this.#cells.delete(cell)
    if (cell.outbox > 0) this.#speaking.add(cell)
    cell.status = GONE
    cell.phase += 1
    cell.context = undefined
    cell.state = undefined
    this.#guestHost.directory.ended(cell)
    this.#host.dispatcher.clearMailbox(cell, () => {})
    this.#host.slots.free(cell)
  }

  heard({ slot, generation, heard }: Of<'guest_heard'>): void {
    const guest = this.#find(slot, generation)?.guest
    if (guest !== undefined) this.#heard(guest, heard)
  }

  /** Its home has heard what it said up to there. */
  #heard(guest: Guest, number: number): void {
    for (const [ref, said] of guest.cuts) if (said <= number) guest.cuts.delete(ref)
  }

  #find(slot: number, generation: number): ActorCell | undefined {
    const cell = this.#host.slots.find(slot, generation)
    return cell?.guest === undefined ? undefined : cell
  }
}
