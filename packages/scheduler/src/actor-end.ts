/**
 * The end of the actors of one core: asked for, by themselves, by a crash, or in the middle of their start.
 *
 * 1. Timers off, signal aborted. 2. Children, the youngest first. 3. `terminate`. 4. Who waits for an answer is told. 5. The slot waits for a restart, or is
 * freed and what is queued becomes dead letters. A kill leaves out 3 and waits for nobody. The diagram of the status is in `lifecycle.ts`.
 */
import { EXIT_KILLED, EXIT_SHUTDOWN } from '@cambium/actor'
import type { ExitReason } from '@cambium/actor'
import { assert, CambiumError, fromErrorRecord, toErrorRecord } from '@cambium/base'
import { AWAITING, AWAY, BUSY, GONE, isAtRest, STARTING, STOPPING } from './actor-cell.ts'
import type { ActorCell } from './actor-cell.ts'
import { ANSWERED } from './asks.ts'
import { ORPHAN_TIMEOUT_MS } from './child-keeper.ts'
import { descendantsOf } from './children.ts'
import { crashError } from './handling-errors.ts'
import type { LifecycleHost } from './lifecycle.ts'
import type { RunContext } from './run-context.ts'
import type { HostLoss } from './signals.ts'
import { CallbackTimer } from './timer-wheel.ts'

/** How long `terminate` may take when nobody set a shutdown time, in milliseconds. */
export const TERMINATE_TIMEOUT_MS = 5000
/** More children than these do not wait for each other's end: one slow `terminate` each would take hours. */
const CHILDREN_IN_LINE_MAX = 256

export class ActorEnd {
  readonly #host: LifecycleHost
  /** Ends of children that are to be begun or followed up. Empty whenever a turn goes on. */
  readonly #steps: (() => void)[] = []
  #isTakingSteps = false

  constructor(host: LifecycleHost) {
    this.#host = host
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
    if (cell.status === AWAITING && keepsSlot && cell.afterEnd === undefined) {
      if (cell.moved?.hosts !== undefined) cell.phase += 1 // its start, which waits until it is nowhere else, is off
      done(EXIT_SHUTDOWN)
      return
    }
    // Who wants the slot freed has the last word, whoever came first: its owner's core may have died, and its successor may know already that it is not wanted.
    const isFinal = cell.afterEnd !== undefined && !cell.keepsSlot
    ;(cell.afterEnd ??= []).push(done)
    cell.keepsSlot = keepsSlot && cell.isSupervised && !isFinal
    if (cell.status === AWAITING) {
      if (!isFinal) this.#host.moves.evictions.free(cell, () => this.#free(cell, EXIT_SHUTDOWN))
      return
    }
    if (cell.status === AWAY) this.#host.moves.ends.stop(cell, timeoutMs)
    else this.carryOut(cell, timeoutMs)
  }

  /** Ends an actor within that time. Whoever wants that is in the cell. */
  carryOut(cell: ActorCell, timeoutMs: number): void {
    if (isOver(cell)) return // by what was asked for before this
    if (timeoutMs <= 0) {
      this.#kill(cell)
      return
    }
    if (cell.status === STARTING) {
      this.failStart(
        cell,
        new CambiumError('ERR_STOPPED_DURING_START', `actor was stopped during its start: actor=${cell.label}`),
      )
      if (isOver(cell)) return // over already: it had no children, or none that took time
    }
    const isRunning = cell.status === BUSY || cell === this.#host.dispatcher.current
    if (isAtRest(cell.status) && !isRunning) {
      const { incarnation } = cell
      this.begin(cell, EXIT_SHUTDOWN)
      // Most are over by now, and need no limit; one may even run again.
      if (cell.status !== STOPPING || cell.incarnation !== incarnation) return
    }
    if (Number.isFinite(timeoutMs)) {
      this.arm(cell, timeoutMs, () => {
        this.#kill(cell)
      })
    }
    if (isRunning) cell.stopRequest = EXIT_SHUTDOWN // after the message in hand, unless the time runs out
  }

  /** Frees the slot of an actor that will not be restarted. One that its supervisor's last incarnation has left running is ended first. */
  release(cell: ActorCell): void {
    this.stop(cell, ORPHAN_TIMEOUT_MS, false, () => {})
  }

  /** The incarnation ends; nobody may have asked for it. */
  begin(cell: ActorCell, reason: ExitReason): void {
    if (isOver(cell) || cell.status === STOPPING) return
    cell.status = STOPPING
    cell.phase += 1
    this.#quiet(cell)
    if (cell.children === undefined || cell.children.size === 0) {
      this.#terminate(cell, reason)
      return
    }
    const { phase } = cell
    this.#stopChildren(cell, TERMINATE_TIMEOUT_MS, () => {
      if (cell.phase === phase) this.#terminate(cell, reason)
    })
  }

  /** An exit signal: the actor ends after the message in hand, or with `isKill` at once. Nobody has asked for it, so its supervisor is told. */
  exit(cell: ActorCell, reason: ExitReason, isKill: boolean): void {
    if (isOver(cell)) return
    if (isKill) {
      this.#kill(cell)
      return
    }
    if (cell.status === STOPPING) return
    if (isAtRest(cell.status) && cell !== this.#host.dispatcher.current) {
      this.begin(cell, reason)
      return
    }
    cell.stopRequest ??= reason
    if (cell.status !== BUSY || cell.deadline !== undefined) return
    this.arm(cell, TERMINATE_TIMEOUT_MS, () => {
      this.#kill(cell)
    })
  }

  /** The incarnation never came to be: whoever started it learns why; a first start frees its slot. */
  failStart(cell: ActorCell, error: Error): void {
    this.disarm(cell)
    this.#host.dispatcher.asyncWork.giveUp(cell)
    this.#quiet(cell)
    cell.stopRequest = undefined
    cell.status = STOPPING
    cell.phase += 1
    const phase = cell.phase
    this.#stopChildren(cell, TERMINATE_TIMEOUT_MS, () => {
      if (cell.phase !== phase) return // killed meanwhile
      this.disarm(cell) // a stop that came meanwhile has set a limit, which would end the next incarnation
      const tellBound = this.#end(cell, undefined, () => ({ kind: 'crash', error: toErrorRecord(error) }))
      if (cell.isSupervised && cell.incarnation > 0 && (cell.afterEnd === undefined || cell.keepsSlot)) {
        cell.status = AWAITING
        cell.phase += 1
        cell.keepsSlot = false
        const parties = cell.afterEnd ?? []
        cell.afterEnd = undefined
        this.tellStarted(cell, error)
        for (const party of parties) party(EXIT_SHUTDOWN)
        tellBound?.()
        return
      }
      const isIgnored = error instanceof CambiumError && error.code === 'ERR_IGNORED'
      if (!cell.isSupervised && !isIgnored) this.#host.reportFault(`start of ${cell.label}`, error)
      this.#free(cell, { kind: 'crash', error: toErrorRecord(error) }, error)
      tellBound?.()
    })
  }

  /** Tells whoever started the incarnation how that went, once. */
  tellStarted(cell: ActorCell, error: Error | undefined): void {
    const done = cell.onStarted
    cell.onStarted = undefined
    done?.(error, cell)
  }

  /** Something has to be done with the actor unless it is disarmed in time. */
  arm(cell: ActorCell, timeoutMs: number, expire: () => void): void {
    this.disarm(cell)
    cell.deadline = new CallbackTimer(() => {
      cell.deadline = undefined
      expire()
    })
    this.#host.wheel.start(cell.deadline, this.#host.platform.now() + timeoutMs)
  }

  disarm(cell: ActorCell): void {
    if (cell.deadline !== undefined) this.#host.wheel.cancel(cell.deadline)
    cell.deadline = undefined
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

  /**
   * Stops children one after the other, the youngest first; `then` runs when the last has ended. Each step is taken from a list, the latest
   * first, so that neither a long chain of descendants nor many children nest calls, and what a child begets is over before its next sibling.
   */
  #stopChildren(cell: ActorCell, timeoutMs: number, then: () => void): void {
    const { children } = cell
    if (children === undefined || children.size === 0) {
      then()
      return
    }
    if (children.size > CHILDREN_IN_LINE_MAX) {
      let left = children.size
      const ended = (): void => {
        left -= 1
        if (left === 0) this.#steps.push(then)
        this.#takeSteps()
      }
      for (const child of children.list().reverse()) this.#steps.push(() => this.stop(child, timeoutMs, false, ended))
      this.#takeSteps()
      return
    }
    const next = (): void => {
      const { youngest } = children
      if (youngest === undefined) then()
      else this.stop(youngest, timeoutMs, false, later)
    }
    const later = (): void => {
      this.#steps.push(next)
      this.#takeSteps()
    }
    later()
  }

  /** Takes steps until none is left, unless a caller of this one does so already. */
  #takeSteps(): void {
    if (this.#isTakingSteps) return
    this.#isTakingSteps = true
    try {
      for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) step()
    } finally {
      this.#isTakingSteps = false
    }
  }

  #terminate(cell: ActorCell, reason: ExitReason): void {
    const { program } = cell
    if (program?.terminate === undefined) {
      this.finishStop(cell, reason)
      return
    }
    const { dispatcher } = this.#host
    // A parent's handler may stop its child: the parent is current again afterwards.
    const outer = dispatcher.current
    dispatcher.current = cell
    this.#host.handler.enter(cell)
    let result: void | Promise<void>
    try {
      result = program.terminate(cell.state, reason, cell.context as NonNullable<ActorCell['context']>)
    } catch (error) {
      dispatcher.current = outer
      this.#host.handler.leave(outer)
      this.#host.reportFault(`terminate of ${cell.label}`, error)
      this.finishStop(cell, reason)
      return
    }
    dispatcher.current = outer
    this.#host.handler.leave(outer)
    if (!(result instanceof Promise)) {
      this.finishStop(cell, reason)
      return
    }
    // A supervisor takes as long as its children may.
    if (cell.deadline === undefined && cell.keeper === undefined) {
      this.arm(cell, TERMINATE_TIMEOUT_MS, () => {
        this.#kill(cell)
      })
    }
    dispatcher.asyncWork.follow(
      cell,
      result,
      () => {
        this.finishStop(cell, reason)
      },
      (error) => {
        this.#host.reportFault(`terminate of ${cell.label}`, error)
        this.finishStop(cell, reason)
      },
    )
  }

  /** The actor's own code is over, here or on another core. */
  finishStop(cell: ActorCell, reason: ExitReason, loss?: HostLoss): void {
    this.disarm(cell)
    this.#quiet(cell) // what `terminate` has set up
    const tellBound = this.#end(cell, reason, () => reason)
    if (cell.guest !== undefined) return this.#host.moves.guests.over(cell, reason)
    if (cell.isSupervised && (cell.afterEnd === undefined || cell.keepsSlot)) this.#await(cell, reason, undefined, loss)
    else this.#free(cell, reason)
    tellBound?.()
    if (!cell.isSupervised && reason.kind === 'crash') this.#host.reportFault(`actor ${cell.label}`, reason.error)
  }

  /** Ends an actor now, whatever it is doing. The message in hand, if any, is a dead letter. */
  #kill(cell: ActorCell): void {
    if (isOver(cell)) return
    if (cell.isSupervised && cell.afterEnd === undefined) cell.keepsSlot = true // nobody asked: its supervisor decides
    this.disarm(cell)
    this.#host.dispatcher.asyncWork.giveUp(cell)
    this.#quiet(cell)
    const wasBusy = cell.status === BUSY
    const isUnstarted = cell.onStarted !== undefined
    cell.status = STOPPING
    cell.phase += 1
    for (const descendant of descendantsOf(cell)) this.stop(descendant, 0, false, () => {})
    if (wasBusy) {
      if (cell.isInHandCounted) this.#host.deadLetters.bury('stopped', cell, { name: cell.name, message: cell.inHand })
      cell.inHand = undefined
      const asker = cell.asker
      cell.asker = undefined
      if (asker !== undefined && asker !== ANSWERED) this.#host.replyError(asker, goneError(cell))
    }
    const tellBound = this.#end(cell, undefined, () => EXIT_KILLED, true)
    if (cell.guest !== undefined) return this.#host.moves.guests.over(cell, EXIT_KILLED)
    const startError = isUnstarted
      ? new CambiumError('ERR_STOPPED_DURING_START', `actor was killed during its start: actor=${cell.label}`)
      : undefined
    if (cell.keepsSlot && !(isUnstarted && cell.incarnation === 0)) this.#await(cell, EXIT_KILLED, startError)
    else this.#free(cell, EXIT_KILLED, startError)
    tellBound?.()
  }

  /**
   * The incarnation is over: its context is closed, and who waits for an answer that it owes is told. What is returned tells who is linked to it or monitors
   * it, once its owner knows.
   */
  #end(
    cell: ActorCell,
    reason: ExitReason | undefined,
    exitReason: () => ExitReason,
    isKilled = false,
  ): (() => void) | undefined {
    cell.keeper?.end(isKilled)
    ;(cell.context as RunContext | undefined)?.end()
    this.#host.dispatcher.endHand(cell)
    cell.context = undefined
    cell.state = undefined
    cell.stopRequest = undefined // or one that came before a kill would end the next incarnation
    const { owed } = cell
    cell.owed = undefined
    owed?.end(reason?.kind === 'crash' ? crashError(cell, reason.error, fromErrorRecord(reason.error)) : goneError(cell))
    this.#host.sender.replies.dropAsksOf(cell)
    this.#host.directory.ended(cell)
    this.#host.channels.ended(cell)
    const tellBound = this.#host.bonds.ended(cell, exitReason)
    cell.moved = undefined
    return tellBound
  }

  /** The slot waits for its supervisor's decision; whoever asked for the end is told, else the supervisor. */
  #await(cell: ActorCell, reason: ExitReason, startError?: Error, loss?: HostLoss): void {
    cell.status = AWAITING
    cell.phase += 1
    cell.keepsSlot = false
    const parties = cell.afterEnd
    cell.afterEnd = undefined
    // A start that has failed is an answer to the supervisor: told of an end as well, it would start the next incarnation twice.
    if (startError !== undefined) this.tellStarted(cell, startError)
    else if (parties === undefined) this.#host.router.reportExit(cell, reason, loss)
    for (const party of parties ?? []) party(reason)
  }

  #free(cell: ActorCell, reason: ExitReason, startError?: Error): void {
    assert(cell.status !== GONE, 'a slot is freed once')
    this.disarm(cell)
    cell.status = GONE
    cell.phase += 1
    this.#host.slots.free(cell)
    cell.keeper?.close()
    if (cell.owner?.isKept === true) this.#host.router.discharge(cell)
    cell.parent?.children?.remove(cell)
    this.#host.dispatcher.clearMailbox(cell, (message, asker) => {
      this.#host.deadLetters.bury('stopped', cell, { name: cell.name, message })
      if (asker !== undefined) this.#host.replyError(asker, goneError(cell))
    })
    if (cell.onStarted !== undefined) this.tellStarted(cell, startError ?? goneError(cell)) // an error is dear: none for nobody
    const parties = cell.afterEnd ?? []
    cell.afterEnd = undefined
    for (const party of parties) party(reason)
  }
}

function isOver(cell: ActorCell): boolean {
  return cell.status === GONE || cell.status === AWAITING
}

function goneError(cell: ActorCell): CambiumError {
  return new CambiumError('ERR_NO_SUCH_ACTOR', `actor has ended: actor=${cell.label}`, {
    severity: 'crash',
    fields: { core: cell.core, slot: cell.slot },
  })
}
