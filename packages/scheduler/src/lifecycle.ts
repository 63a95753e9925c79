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
import { checkMailboxOptions, EXIT_KILLED, EXIT_SHUTDOWN } from '@cambium/actor'
import type { Behaviour, ExitReason } from '@cambium/actor'
import { assert, CambiumError, fromErrorRecord, toErrorRecord } from '@cambium/base'
import type { CorePlatform } from '@cambium/base'
import { AWAITING, BUSY, GONE, READY, STARTING, STOPPING } from './actor-cell.ts'
import { ActorCell } from './actor-cell.ts'
import { ANSWERED } from './asks.ts'
import type { Asker } from './asks.ts'
import type { BehaviourLoader } from './behaviour-loader.ts'
import type { DeadLetterOffice } from './dead-letter-office.ts'
import { crashError } from './dispatcher.ts'
import type { Dispatcher } from './dispatcher.ts'
import { RunContext } from './run-context.ts'
import type { RunContextHost } from './run-context.ts'
import type { AdoptedSlot, StartSpec } from './signals.ts'
import type { SlotTable } from './slot-table.ts'
import { CallbackTimer } from './timer-wheel.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** How long `terminate` may take when nobody set a shutdown time, in milliseconds. */
export const TERMINATE_TIMEOUT_MS = 5000

export interface LifecycleHost extends RunContextHost {
  readonly coreNumber: number
  readonly platform: CorePlatform
  readonly slots: SlotTable
  readonly wheel: TimerWheel
  readonly dispatcher: Dispatcher
  readonly loader: BehaviourLoader
  readonly deadLetters: DeadLetterOffice
  replyError(asker: Asker, error: Error): void
  /** A supervised actor ended unasked and waits for its supervisor's decision. */
  reportExit(cell: ActorCell, reason: ExitReason): void
  /** Something failed that changes nothing for the system, but must be seen. */
  reportFault(where: string, error: unknown): void
}

type Done = (error: Error | undefined, cell: ActorCell) => void

export class Lifecycle {
  readonly #host: LifecycleHost

  constructor(host: LifecycleHost) {
    this.#host = host
  }

  /** Starts an actor in a fresh slot. Its ref is valid at once; `done` is told how `init` went. */
  spawn(spec: StartSpec, isSupervised: boolean, parent: ActorCell | undefined, done: Done): ActorCell {
    const { slot, generation } = this.#host.slots.reserve()
    const cell = new ActorCell({ core: this.#host.coreNumber, slot, generation }, { name: spec.name, isSupervised, parent })
    this.#host.slots.put(cell)
    if (parent !== undefined) (parent.children ??= new Set()).add(cell)
    this.#start(cell, spec, done)
    return cell
  }

  /** A new incarnation behind the same ref. Makes the slot if this core does not have it: it may have died since. */
  restart(slot: number, generation: number, spec: StartSpec, done: (error: Error | undefined) => void): void {
    const cell = this.#host.slots.find(slot, generation) ?? this.#adoptOne({ slot, generation, name: spec.name, mailbox: spec.mailbox })
    if (cell === undefined || cell.status !== AWAITING) {
      done(new CambiumError('ERR_NOT_RESTARTABLE', `actor cannot be restarted: ref=core-${this.#host.coreNumber}/${slot}, status=${cell?.status ?? 'slot taken'}`, { severity: 'bug' }))
      return
    }
    cell.incarnation += 1
    this.#start(cell, spec, done)
  }

  /** Puts slots of a dead predecessor of this core in place; messages for them wait. */
  adopt(slots: readonly AdoptedSlot[]): void {
    for (const each of slots) this.#adoptOne(each)
  }

  /** The incarnation ended by itself or by a crash. */
  ended(cell: ActorCell, reason: ExitReason): void {
    this.#beginStop(cell, reason)
  }

  /**
   * Ends an actor; after `timeoutMs` it is killed, with 0 at once. With `keepsSlot` the slot and its queued messages wait for a restart, as
   * after a crash. `done` learns how it ended in the end.
   */
  stop(cell: ActorCell, timeoutMs: number, keepsSlot: boolean, done: (reason: ExitReason) => void): void {
    if (cell.status === GONE) {
      done(EXIT_SHUTDOWN)
      return
    }
    if (cell.status === AWAITING && keepsSlot) {
      done(EXIT_SHUTDOWN)
      return
    }
    ;(cell.afterEnd ??= []).push(done)
    cell.keepsSlot = keepsSlot && cell.isSupervised
    if (cell.status === AWAITING) {
      this.#free(cell, EXIT_SHUTDOWN)
      return
    }
    if (timeoutMs <= 0) {
      this.#kill(cell)
      return
    }
    if (Number.isFinite(timeoutMs)) {
      this.#arm(cell, timeoutMs, () => {
        this.#kill(cell)
      })
    }
    if (cell.status === STARTING) this.#failStart(cell, new CambiumError('ERR_STOPPED_DURING_START', `actor was stopped during its start: actor=${cell.label}`))
    else if (cell.status === READY) this.#beginStop(cell, EXIT_SHUTDOWN)
    else if (cell.status === BUSY) cell.stopRequest = EXIT_SHUTDOWN // after the message in hand, unless the time runs out
  }

  /** Frees the slot of an actor that will not be restarted. */
  release(cell: ActorCell): void {
    if (cell.status === AWAITING) this.#free(cell, EXIT_SHUTDOWN)
  }

  #adoptOne(each: AdoptedSlot): ActorCell | undefined {
    if (this.#host.slots.cells[each.slot] !== undefined) return undefined
    const address = { core: this.#host.coreNumber, slot: each.slot, generation: each.generation }
    const cell = new ActorCell(address, { name: each.name, isSupervised: true, parent: undefined })
    cell.status = AWAITING
    const mailbox = checkMailboxOptions(each.mailbox ?? {})
    cell.capacity = mailbox.capacity
    cell.overflow = mailbox.overflow
    this.#host.slots.put(cell)
    return cell
  }

  #start(cell: ActorCell, spec: StartSpec, done: Done): void {
    cell.status = STARTING
    cell.phase += 1
    cell.onStarted = done
    const phase = cell.phase
    const known = this.#host.loader.find(spec.module, spec.behaviour)
    if (known !== undefined) {
      this.#init(cell, known, spec)
      return
    }
    this.#armStart(cell, spec)
    const { dispatcher } = this.#host
    dispatcher.asyncInFlight += 1
    this.#host.loader.load(spec.module, spec.behaviour).then(
      (behaviour) => {
        dispatcher.asyncInFlight -= 1
        if (cell.phase === phase) this.#init(cell, behaviour, spec)
        this.#host.requestTurn()
      },
      (error: unknown) => {
        dispatcher.asyncInFlight -= 1
        if (cell.phase === phase) this.#failStart(cell, error as Error)
        this.#host.requestTurn()
      },
    )
  }

  #armStart(cell: ActorCell, spec: StartSpec): void {
    this.#arm(cell, spec.initTimeoutMs, () => {
      const message = `actor did not start in time: actor=${cell.label}, timeoutMs=${spec.initTimeoutMs}`
      this.#failStart(cell, new CambiumError('ERR_INIT_TIMEOUT', message, { severity: 'crash', fields: { timeoutMs: spec.initTimeoutMs } }))
    })
  }

  #init(cell: ActorCell, behaviour: Behaviour<unknown, unknown>, spec: StartSpec): void {
    const mailbox = checkMailboxOptions(spec.mailbox ?? behaviour.mailbox)
    cell.behaviour = behaviour
    cell.program = behaviour.program
    cell.capacity = mailbox.capacity
    cell.overflow = mailbox.overflow
    cell.context = new RunContext(this.#host, cell)
    const phase = cell.phase
    const { dispatcher } = this.#host
    // An actor may be started by another one's handler: that one is current again afterwards.
    const outer = dispatcher.current
    dispatcher.current = cell
    let state: unknown
    try {
      state = behaviour.program.init(spec.argument, cell.context)
    } catch (error) {
      dispatcher.current = outer
      this.#failStart(cell, initError(cell, error))
      return
    }
    dispatcher.current = outer
    if (!(state instanceof Promise)) {
      this.#ready(cell, state)
      return
    }
    if (cell.deadline === undefined) this.#armStart(cell, spec)
    dispatcher.asyncInFlight += 1
    state.then(
      (value: unknown) => {
        dispatcher.asyncInFlight -= 1
        if (cell.phase === phase) this.#ready(cell, value)
        this.#host.requestTurn()
      },
      (error: unknown) => {
        dispatcher.asyncInFlight -= 1
        if (cell.phase === phase) this.#failStart(cell, initError(cell, error))
        this.#host.requestTurn()
      },
    )
  }

  #ready(cell: ActorCell, state: unknown): void {
    this.#disarm(cell)
    cell.state = state
    cell.status = READY
    cell.phase += 1
    this.#tellStarted(cell, undefined)
    if (cell.stopRequest !== undefined) {
      const reason = cell.stopRequest
      cell.stopRequest = undefined
      this.#beginStop(cell, reason)
    } else this.#host.dispatcher.schedule(cell)
  }

  /** The incarnation never came to be: whoever started it learns why; a first start frees its slot. */
  #failStart(cell: ActorCell, error: Error): void {
    this.#disarm(cell)
    this.#quiet(cell)
    cell.stopRequest = undefined
    cell.status = STOPPING
    cell.phase += 1
    const phase = cell.phase
    this.#stopChildren(cell, TERMINATE_TIMEOUT_MS, () => {
      if (cell.phase !== phase) return // killed meanwhile
      this.#end(cell)
      if (cell.isSupervised && cell.incarnation > 0 && (cell.afterEnd === undefined || cell.keepsSlot)) {
        cell.status = AWAITING
        cell.phase += 1
        cell.keepsSlot = false
        const parties = cell.afterEnd ?? []
        cell.afterEnd = undefined
        this.#tellStarted(cell, error)
        for (const party of parties) party(EXIT_SHUTDOWN)
        return
      }
      if (!cell.isSupervised) this.#host.reportFault(`start of ${cell.label}`, error)
      this.#free(cell, { kind: 'crash', error: toErrorRecord(error) }, error)
    })
  }

  #tellStarted(cell: ActorCell, error: Error | undefined): void {
    const done = cell.onStarted
    cell.onStarted = undefined
    done?.(error, cell)
  }

  #beginStop(cell: ActorCell, reason: ExitReason): void {
    if (cell.status === GONE || cell.status === AWAITING || cell.status === STOPPING) return
    cell.status = STOPPING
    cell.phase += 1
    this.#quiet(cell)
    const phase = cell.phase
    this.#stopChildren(cell, TERMINATE_TIMEOUT_MS, () => {
      if (cell.phase === phase) this.#terminate(cell, reason)
    })
  }

  /** From here on nothing reaches the old incarnation: no timer, and its own waits are told to give up. */
  #quiet(cell: ActorCell): void {
    if (cell.timers !== undefined) {
      for (const timer of cell.timers.values()) {
        timer.isCancelled = true
        this.#host.wheel.cancel(timer)
      }
      cell.timers = undefined
    }
    const abort = cell.abort
    cell.abort = undefined
    abort?.abort(new CambiumError('ERR_ACTOR_STOPPED', `actor has ended: actor=${cell.label}`))
  }

  /** Stops children one after the other, the youngest first; `then` runs when the last has ended. */
  #stopChildren(cell: ActorCell, timeoutMs: number, then: () => void): void {
    const next = (): void => {
      const youngest = cell.children === undefined ? undefined : [...cell.children].at(-1)
      if (youngest === undefined) then()
      else this.stop(youngest, timeoutMs, false, next)
    }
    // Many children that end at once would nest as deep as they are many.
    if (cell.children !== undefined && cell.children.size > 256) {
      const waves = [...cell.children].reverse()
      let left = waves.length
      for (const child of waves) {
        this.stop(child, timeoutMs, false, () => {
          left -= 1
          if (left === 0) then()
        })
      }
      return
    }
    next()
  }

  #terminate(cell: ActorCell, reason: ExitReason): void {
    const terminate = cell.program?.terminate
    if (terminate === undefined) {
      this.#finishStop(cell, reason)
      return
    }
    const phase = cell.phase
    const { dispatcher } = this.#host
    // A parent's handler may stop its child: the parent is current again afterwards.
    const outer = dispatcher.current
    dispatcher.current = cell
    let result: void | Promise<void>
    try {
      result = terminate.call(cell.program, cell.state, reason, cell.context as NonNullable<ActorCell['context']>)
    } catch (error) {
      dispatcher.current = outer
      this.#host.reportFault(`terminate of ${cell.label}`, error)
      this.#finishStop(cell, reason)
      return
    }
    dispatcher.current = outer
    if (!(result instanceof Promise)) {
      this.#finishStop(cell, reason)
      return
    }
    if (cell.deadline === undefined) {
      this.#arm(cell, TERMINATE_TIMEOUT_MS, () => {
        this.#kill(cell)
      })
    }
    dispatcher.asyncInFlight += 1
    const settled = (): void => {
      dispatcher.asyncInFlight -= 1
      if (cell.phase === phase) this.#finishStop(cell, reason)
      this.#host.requestTurn()
    }
    result.then(settled, (error: unknown) => {
      this.#host.reportFault(`terminate of ${cell.label}`, error)
      settled()
    })
  }

  #finishStop(cell: ActorCell, reason: ExitReason): void {
    this.#disarm(cell)
    this.#quiet(cell) // what `terminate` has set up
    this.#end(cell, reason)
    if (cell.isSupervised && (cell.afterEnd === undefined || cell.keepsSlot)) {
      this.#await(cell, reason)
      return
    }
    this.#free(cell, reason)
    if (!cell.isSupervised && reason.kind === 'crash') this.#host.reportFault(`actor ${cell.label}`, reason.error)
  }

  /** Ends an actor now, whatever it is doing. The message in hand, if any, is a dead letter. */
  #kill(cell: ActorCell): void {
    if (cell.status === GONE) return
    this.#disarm(cell)
    this.#quiet(cell)
    const wasBusy = cell.status === BUSY
    const wasStarting = cell.status === STARTING
    cell.status = STOPPING
    cell.phase += 1
    for (const child of cell.children === undefined ? [] : [...cell.children].reverse()) {
      this.stop(child, 0, false, () => {})
    }
    if (wasBusy) {
      if (cell.isInHandCounted) this.#host.deadLetters.bury('stopped', cell, { name: cell.name, message: cell.inHand })
      cell.inHand = undefined
      const asker = cell.asker
      cell.asker = undefined
      if (asker !== undefined && asker !== ANSWERED) this.#host.replyError(asker, goneError(cell))
    }
    this.#end(cell)
    if (wasStarting) this.#tellStarted(cell, new CambiumError('ERR_STOPPED_DURING_START', `actor was killed during its start: actor=${cell.label}`))
    if (cell.keepsSlot && !(wasStarting && cell.incarnation === 0)) this.#await(cell, EXIT_KILLED)
    else this.#free(cell, EXIT_KILLED)
  }

  /** The incarnation is over: its context is closed, and who waits for an answer that it owes is told. */
  #end(cell: ActorCell, reason?: ExitReason): void {
    ;(cell.context as RunContext | undefined)?.end()
    cell.context = undefined
    cell.state = undefined
    const { deferred } = cell
    cell.deferred = undefined
    if (deferred === undefined) return
    const error = reason?.kind === 'crash' ? crashError(cell, reason.error, fromErrorRecord(reason.error)) : goneError(cell)
    for (const asker of deferred) this.#host.replyError(asker, error)
    deferred.clear() // answers of the old incarnation come too late from now on
  }

  /** The slot waits for its supervisor's decision; whoever asked for the end is told, else the supervisor. */
  #await(cell: ActorCell, reason: ExitReason): void {
    cell.status = AWAITING
    cell.phase += 1
    cell.keepsSlot = false
    const parties = cell.afterEnd
    cell.afterEnd = undefined
    if (parties === undefined) this.#host.reportExit(cell, reason)
    else for (const party of parties) party(reason)
  }

  #free(cell: ActorCell, reason: ExitReason, startError?: Error): void {
    assert(cell.status !== GONE, 'a slot is freed once')
    this.#disarm(cell)
    cell.status = GONE
    cell.phase += 1
    this.#host.slots.free(cell)
    cell.parent?.children?.delete(cell)
    this.#host.dispatcher.clearMailbox(cell, (message, asker) => {
      this.#host.deadLetters.bury('stopped', cell, { name: cell.name, message })
      if (asker !== undefined) this.#host.replyError(asker, goneError(cell))
    })
    this.#tellStarted(cell, startError ?? goneError(cell))
    const parties = cell.afterEnd ?? []
    cell.afterEnd = undefined
    for (const party of parties) party(reason)
  }

  #arm(cell: ActorCell, timeoutMs: number, expire: () => void): void {
    this.#disarm(cell)
    cell.deadline = new CallbackTimer(() => {
      cell.deadline = undefined
      expire()
    })
    this.#host.wheel.start(cell.deadline, this.#host.platform.now() + timeoutMs)
  }

  #disarm(cell: ActorCell): void {
    if (cell.deadline !== undefined) this.#host.wheel.cancel(cell.deadline)
    cell.deadline = undefined
  }
}

function initError(cell: ActorCell, cause: unknown): CambiumError {
  const record = toErrorRecord(cause)
  return new CambiumError('ERR_INIT_FAILED', `init failed: actor=${cell.label}, error=${record.name}: ${record.message}`, { severity: 'crash', cause })
}

function goneError(cell: ActorCell): CambiumError {
  return new CambiumError('ERR_NO_SUCH_ACTOR', `actor has ended: actor=${cell.label}`, { severity: 'crash', fields: { core: cell.core, slot: cell.slot } })
}
