/**
 * Start, restart and end of the actors of one core.
 *
 *            spawn                init done            handler promise
 *   (slot) ────────► STARTING ───────────────► READY ◄────────────────► BUSY
 *                        │ failed                │ crash, ctx.stop, stop
 *                        ▼                       ▼
 *        GONE ◄──── (first start)            STOPPING: timers off, signal aborted, children in reverse order, terminate
 *         ▲                                      │
 *         │ asked to stop, or unsupervised       │ supervised and unasked
 *         └──────────────────────────────────────┴────► AWAITING ── restart ──► STARTING
 *
 * Each change of status counts up `phase`; a callback that finds another phase than its own comes too late and changes nothing.
 */
import { checkMailboxOptions, IGNORE } from '@cambium/actor'
import type { Behaviour, ExitReason, MailboxOptions } from '@cambium/actor'
import { CambiumError, formatAddress, toErrorRecord } from '@cambium/base'
import type { ActorAddress, CorePlatform } from '@cambium/base'
import { AWAITING, AWAY, READY, STARTING, STOPPING, SUSPENDED } from './actor-cell.ts'
import { ActorCell } from './actor-cell.ts'
import { ActorEnd, TERMINATE_TIMEOUT_MS } from './actor-end.ts'
import type { Channels } from './channels.ts'
import type { ChildKeeper } from './child-keeper.ts'
import { ORPHAN_TIMEOUT_MS } from './child-keeper.ts'
import { Children } from './children.ts'
import type { Bonds } from './bonds.ts'
import type { BehaviourLoader } from './behaviour-loader.ts'
import type { CoreDirectory } from './core-directory.ts'
import type { DeadLetterOffice } from './dead-letter-office.ts'
import type { Dispatcher } from './dispatcher.ts'
import { initError } from './handling-errors.ts'
import { Moved } from './moved.ts'
import type { Moves } from './moves.ts'
import { NAMES } from './directory-office.ts'
import { isOwnedByRoot, OWNED_BY_ROOT } from './ownership.ts'
import type { Ownership } from './ownership.ts'
import type { HandlerInHand } from './handler-in-hand.ts'
import { RunContext } from './run-context.ts'
import type { RunContextHost } from './run-context.ts'
import type { SignalRouter } from './signal-router.ts'
import type { AdoptedSlot, BlamedActor, HostLoss, StartSpec } from './signals.ts'
import type { Sender } from './sender.ts'
import type { SlotTable } from './slot-table.ts'
import type { TimerWheel } from './timer-wheel.ts'

export interface LifecycleHost extends RunContextHost {
  readonly coreNumber: number
  readonly platform: CorePlatform
  readonly slots: SlotTable
  readonly wheel: TimerWheel
  readonly dispatcher: Dispatcher
  readonly loader: BehaviourLoader
  readonly bonds: Bonds
  readonly directory: CoreDirectory
  readonly sender: Sender
  readonly deadLetters: DeadLetterOffice
  readonly handler: HandlerInHand
  readonly channels: Channels
  readonly moves: Moves
  /** Learns of a supervised actor that ended unasked, and of slots that have to outlive this core. */
  readonly router: SignalRouter
  /** For a supervisor: what keeps its children. */
  makeKeeper(cell: ActorCell): ChildKeeper
  /** Something failed that changes nothing for the system, but must be seen. */
  reportFault(where: string, error: unknown): void
}

/** Called with a new actor, before anything of it runs. */
export type Before = (cell: ActorCell) => void

type Done = (error: Error | undefined, cell: ActorCell) => void

export class Lifecycle {
  readonly #host: LifecycleHost
  readonly #end: ActorEnd
  /** Actors with restarts that wait for the end of the incarnation before. They are off when the slot is to be freed after they were asked for. */
  readonly #restarts = new Map<ActorCell, { isOff: boolean }>()

  constructor(host: LifecycleHost) {
    this.#host = host
    this.#end = new ActorEnd(host)
  }

  /** Starts an actor in a fresh slot. Its ref is valid at once; `done` is told how `init` went, and `before` is called before it begins. */
  spawn(spec: StartSpec, owner: Ownership | undefined, parent: ActorCell | undefined, done: Done, before?: Before): ActorCell {
    const { slot, generation } = this.#host.slots.reserve()
    const cell = new ActorCell({ core: this.#host.coreNumber, slot, generation }, { name: spec.name, owner, parent })
    this.#host.slots.put(cell)
    if (parent !== undefined) (parent.children ??= new Children()).add(cell)
    before?.(cell)
    this.#startAnew(cell, spec, done)
    return cell
  }

  /** In a slot that the root does not know. The root first: who learns of this ref may outlive this core, and its supervisor's. */
  #startAnew(cell: ActorCell, spec: StartSpec, done: Done): void {
    if (cell.owner?.isKept !== true) {
      this.#start(cell, spec, done)
      return
    }
    cell.status = STARTING
    cell.phase += 1
    cell.onStarted = done
    const { phase } = cell
    this.#host.router.enlist(cell, spec.mailbox, () => {
      if (cell.phase === phase) this.#start(cell, spec, done)
    })
  }

  /**
   * A new incarnation behind the same ref. Makes the slot if this core does not have it: it may have died since, or freed it. One that an earlier
   * incarnation of its supervisor has left running, ending, or being freed, is waited for. A slot that was freed may be another actor's by now: refused, with
   * `ERR_NOT_RESTARTABLE`, and the supervisor gives its child a new one (`child-keeper.ts`, 3).
   */
  restart(slot: number, generation: number, spec: StartSpec, owner: Ownership, done: (error: Error | undefined) => void): void {
    const known = this.#host.slots.find(slot, generation)
    const cell = known ?? this.#adoptOne({ slot, generation, name: spec.name, mailbox: spec.mailbox, owner })
    if (cell !== undefined && (cell.status !== AWAITING || cell.afterEnd !== undefined) && !isOwnedByRoot(owner)) {
      const before = this.#restarts.get(cell)
      const wanted = before === undefined || before.isOff ? { isOff: false } : before
      this.#restarts.set(cell, wanted)
      // Once: at the end of a stop the slot waits, or is free.
      this.stop(cell, ORPHAN_TIMEOUT_MS, true, () => {
        if (this.#restarts.get(cell) === wanted) this.#restarts.delete(cell)
        if (wanted.isOff)
          done(new CambiumError('ERR_STOPPED_DURING_START', `actor was stopped during its start: actor=${cell.label}`))
        else this.restart(slot, generation, spec, owner, done)
      })
      return
    }
    if (cell === undefined || cell.status !== AWAITING) {
      done(
        new CambiumError(
          'ERR_NOT_RESTARTABLE',
          `actor cannot be restarted: ref=core-${this.#host.coreNumber}/${slot}, status=${cell?.status ?? 'slot taken'}`,
          { severity: 'bug' },
        ),
      )
      return
    }
    if (cell.moved?.hosts !== undefined) {
      this.#host.moves.evictions.begin(cell, done, () => {
        this.restart(slot, generation, spec, owner, done)
      })
      return
    }
    cell.owner = owner
    cell.incarnation += 1
    this.#host.bonds.opened(cell)
    if (known === undefined) this.#startAnew(cell, spec, done)
    else this.#start(cell, spec, done)
  }

  /** Puts slots of a dead predecessor of this core in place; messages for them wait. */
  adopt(slots: readonly AdoptedSlot[]): void {
    for (const each of slots) this.#adoptOne(each)
  }

  /** The slots that the children of an adopted supervisor had. */
  remember(slot: number, generation: number, children: Parameters<ChildKeeper['remember']>[0]): void {
    const cell = this.#host.slots.find(slot, generation)
    if (cell !== undefined) this.keeperOf(cell).remember(children)
  }

  /** Slots of children of a supervisor here, which their core's successor keeps. */
  adopted(supervisor: ActorAddress, addresses: readonly ActorAddress[]): void {
    const cell = this.#host.slots.find(supervisor.slot, supervisor.generation)
    if (cell !== undefined) this.keeperOf(cell).adopted(addresses)
    else for (const { core, slot, generation } of addresses) this.#host.router.order(core, { type: 'release', slot, generation })
  }

  keeperOf(cell: ActorCell): ChildKeeper {
    cell.keeper ??= this.#host.makeKeeper(cell)
    return cell.keeper
  }

  /** A core has died, and the supervisors on it: their children here go down with them. Its successor, of this epoch, may have started some again. */
  ownersLost(core: number, epoch: number): void {
    for (const cell of this.#host.slots.cells) {
      const owner = cell?.owner
      if (cell === undefined || owner === undefined || isOwnedByRoot(owner)) continue
      if (owner.supervisor.core !== core || ((epoch - owner.life) | 0) <= 0) continue
      if (owner.isKept) this.stop(cell, ORPHAN_TIMEOUT_MS, true, () => {})
      else this.release(cell)
    }
  }

  /** A core has died: the supervisors here learn which of their children were there. */
  childrenLost(core: number, blamed: BlamedActor | undefined): void {
    for (const cell of this.#host.slots.cells) cell?.keeper?.coreLost(core, blamed)
  }

  /** The incarnation ended by itself or by a crash. */
  ended(cell: ActorCell, reason: ExitReason): void {
    this.#end.begin(cell, reason)
  }

  /** It ended itself outside any handler. */
  endedAtRest(cell: ActorCell, reason: ExitReason): void {
    if (reason.kind === 'crash') this.#host.dispatcher.crashes.report(cell, 'rest', undefined, reason.error)
    this.#end.begin(cell, reason)
  }

  /**
   * Ends an actor; after `timeoutMs` it is killed, with 0 at once. With `keepsSlot` the slot and its queued messages wait for a restart, as
   * after a crash. `done` learns how it ended in the end.
   */
  stop(cell: ActorCell, timeoutMs: number, keepsSlot: boolean, done: (reason: ExitReason) => void): void {
    if (!keepsSlot) this.#callRestartOff(cell)
    this.#end.stop(cell, timeoutMs, keepsSlot, done)
  }

  /** An exit signal that the actor does not trap, or with `isKill` cannot: it ends, unasked. */
  exit(cell: ActorCell, reason: ExitReason, isKill: boolean, ofLink?: ActorAddress): void {
    if (cell.status === AWAY) this.#host.moves.ends.exit(cell, reason, isKill, ofLink)
    else this.#end.exit(cell, reason, isKill)
  }

  /** A stop that was asked for while the actor was on its way home. */
  stopHere(cell: ActorCell, timeoutMs: number): void {
    this.#end.carryOut(cell, timeoutMs)
  }

  /** It has ended on another core, and what was left of it has come back. */
  endedAway(cell: ActorCell, reason: ExitReason, loss?: HostLoss): void {
    cell.status = STOPPING
    cell.phase += 1
    this.#end.finishStop(cell, reason, loss)
  }

  /** Resolves when the child has ended. Rejects with `ERR_NOT_A_CHILD`. */
  stopChild(parent: ActorCell, child: ActorAddress): Promise<void> {
    const { coreNumber, slots } = this.#host
    const cell = child.core === coreNumber ? slots.find(child.slot, child.generation) : undefined
    if (cell === undefined) return Promise.resolve()
    if (cell.parent !== parent) {
      const message = `actor is no child of this one: ref=${formatAddress(child)}, actor=${parent.label}`
      return Promise.reject(new CambiumError('ERR_NOT_A_CHILD', message))
    }
    return new Promise((resolve) => {
      this.stop(cell, TERMINATE_TIMEOUT_MS, false, () => {
        resolve()
        this.#host.requestTurn()
      })
    })
  }

  /** Frees the slot of an actor that will not be restarted, when it has ended. */
  release(cell: ActorCell): void {
    this.#callRestartOff(cell)
    this.#end.release(cell)
  }

  /** The slot goes when the incarnation has ended: a restart that waits for that would make it anew, for a supervisor that has given it up. */
  #callRestartOff(cell: ActorCell): void {
    const wanted = this.#restarts.get(cell)
    if (wanted !== undefined) wanted.isOff = true
  }

  #adoptOne(each: AdoptedSlot): ActorCell | undefined {
    if (this.#host.slots.cells[each.slot] !== undefined) return undefined
    const address = { core: this.#host.coreNumber, slot: each.slot, generation: each.generation }
    const cell = new ActorCell(address, { name: each.name, owner: each.owner ?? OWNED_BY_ROOT, parent: undefined })
    cell.status = AWAITING
    const mailbox = checkMailboxOptions(each.mailbox ?? {})
    cell.capacity = mailbox.capacity
    cell.overflow = mailbox.overflow
    cell.stashCapacity = mailbox.stashCapacity
    this.#host.slots.put(cell)
    if (each.hosts !== undefined) (cell.moved = new Moved()).hosts = each.hosts
    return cell
  }

  #start(cell: ActorCell, spec: StartSpec, done: Done): void {
    cell.status = STARTING
    cell.phase += 1
    cell.onStarted = done
    const { loader } = this.#host
    const known = loader.find(spec.module, spec.behaviour)
    const { owner } = cell
    // The root gives its actors their names for as long as it keeps them; that of a supervisor's child is its incarnation's, as in OTP.
    const name = owner === undefined || isOwnedByRoot(owner) ? undefined : spec.name
    if (known !== undefined && name === undefined) {
      this.#init(cell, known, spec)
      return
    }
    this.#armStart(cell, spec)
    const prepare = async (): Promise<unknown> => {
      if (name !== undefined)
        await this.#host.directory.ask(cell, { type: 'dir_add', space: NAMES, key: name, value: undefined, isUnique: true })
      return known ?? loader.load(spec.module, spec.behaviour)
    }
    this.#host.dispatcher.asyncWork.follow(
      cell,
      prepare(),
      (behaviour) => {
        this.#init(cell, behaviour as Behaviour<unknown, unknown>, spec)
      },
      (error) => {
        this.#end.failStart(cell, error as Error)
      },
    )
  }

  #armStart(cell: ActorCell, spec: StartSpec): void {
    if (spec.initTimeoutMs === Infinity) return
    this.#end.arm(cell, spec.initTimeoutMs, () => {
      const message = `actor did not start in time: actor=${cell.label}, timeoutMs=${spec.initTimeoutMs}`
      const fields = { timeoutMs: spec.initTimeoutMs }
      this.#failInit(cell, new CambiumError('ERR_INIT_TIMEOUT', message, { severity: 'crash', fields }))
    })
  }

  #init(cell: ActorCell, behaviour: Behaviour<unknown, unknown>, spec: StartSpec): void {
    const mailbox = spec.mailbox === undefined ? behaviour.mailbox : checkMailboxOptions(spec.mailbox)
    const judgesAnew = !cell.judgesPriority && behaviour.priority !== undefined
    this.equip(cell, behaviour, mailbox)
    cell.context = new RunContext(this.#host, cell)
    const { dispatcher } = this.#host
    if (judgesAnew) dispatcher.judge(cell)
    // An actor may be started by another one's handler: that one is current again afterwards.
    const outer = dispatcher.current
    dispatcher.current = cell
    this.#host.handler.enter(cell)
    let state: unknown
    let isPromise = false
    try {
      state = behaviour.program.init(spec.argument, cell.context)
      isPromise = state instanceof Promise
    } catch (error) {
      dispatcher.current = outer
      this.#host.handler.leave(outer)
      this.#failInit(cell, initError(cell, error))
      return
    }
    dispatcher.current = outer
    this.#host.handler.leave(outer)
    if (!isPromise) {
      this.#ready(cell, state)
      return
    }
    if (cell.deadline === undefined) this.#armStart(cell, spec)
    dispatcher.asyncWork.follow(
      cell,
      state as Promise<unknown>,
      (value) => {
        this.#ready(cell, value)
      },
      (error) => {
        this.#failInit(cell, initError(cell, error))
      },
    )
  }

  /** What a cell has of its behaviour. */
  equip(cell: ActorCell, behaviour: Behaviour<unknown, unknown>, mailbox: Required<MailboxOptions>): void {
    cell.behaviour = behaviour
    cell.judgesPriority = behaviour.priority !== undefined
    cell.program = behaviour.program
    cell.isAsync =
      behaviour.isReentrant ||
      behaviour.program.receive instanceof AsyncFunction ||
      behaviour.program.info instanceof AsyncFunction
    cell.isReentrant = behaviour.isReentrant
    cell.budgetMs = behaviour.budgetMs
    this.#host.handler.expect(cell.budgetMs)
    cell.readsInPlace = behaviour.readsInPlace && !cell.isAsync
    cell.capacity = mailbox.capacity
    cell.overflow = mailbox.overflow
    cell.stashCapacity = mailbox.stashCapacity
  }

  #failInit(cell: ActorCell, error: CambiumError): void {
    this.#host.dispatcher.crashes.report(cell, 'init', undefined, toErrorRecord(error))
    this.#end.failStart(cell, error)
  }

  #ready(cell: ActorCell, state: unknown): void {
    if (state === IGNORE) {
      this.#end.failStart(cell, new CambiumError('ERR_IGNORED', `init ignored the start: actor=${cell.label}`))
      return
    }
    this.#end.disarm(cell)
    cell.state = state
    cell.status = cell.isSuspended ? SUSPENDED : READY
    cell.phase += 1
    this.#end.tellStarted(cell, undefined)
    if (cell.stopRequest !== undefined) {
      const reason = cell.stopRequest
      cell.stopRequest = undefined
      this.#end.begin(cell, reason)
    } else this.#host.dispatcher.schedule(cell)
  }
}

/** Of every function declared `async`. */
const AsyncFunction = (async () => {}).constructor as FunctionConstructor
