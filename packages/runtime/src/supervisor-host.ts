/**
 * A supervisor of actors on any core, as the root hosts it: the driver of `supervision` decides and keeps the order (D9), the root
 * starts and stops the actors.
 */
import { AssertionError, CambiumError, fromErrorRecord, sameAddress, toErrorRecord } from '@cambium/base'
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import type { ExitReason } from '@cambium/actor'
import { createSupervisorDriver } from '@cambium/supervision'
import type { ChildExit, Ended, Reply, Report, Shutdown, SupervisorDriver, SupervisorFlags } from '@cambium/supervision'
import type { SupervisedActor } from './supervised-actor.ts'

export interface SupervisorHostRoot {
  now(): number
  /** Starts the actor, in its slot if it has one. */
  startActor(actor: SupervisedActor, done: (error: Error | undefined) => void): void
  /** Ends its incarnation and keeps its slot. */
  stopActor(actor: SupervisedActor, shutdown: Shutdown, done: (reason: ExitReason) => void): void
  /** The actor will not be started again: its slot and name are free. */
  releaseActor(actor: SupervisedActor): void
  report(supervisor: SupervisorHost, report: Report): void
}

export type EndReason = Ended['reason']

type Actor = SupervisedActor

export class SupervisorHost {
  readonly name: string
  readonly #driver: SupervisorDriver<Actor>
  readonly #actors = new Map<string, Actor>()
  #takenOver: Actor | undefined = undefined
  #lastFailure: Error | undefined = undefined

  /** Throws `ERR_SUPERVISOR_FLAGS` or `ERR_CHILD_SPEC`. */
  constructor(
    name: string,
    flags: SupervisorFlags,
    actors: readonly Actor[],
    root: SupervisorHostRoot,
    onEnded: (reason: EndReason) => void,
  ) {
    this.name = name
    const specs = actors.map((actor) => ({ id: actor.id, start: actor, restart: actor.restart, shutdown: actor.shutdown }))
    this.#driver = createSupervisorDriver<Actor>(flags, specs, {
      now: () => root.now(),
      random: () => 0,
      startChild: ({ spec: { start: actor } }, answer) => {
        if (actor === this.#takenOver) {
          answer('started')
          return
        }
        root.startActor(actor, (error) => {
          this.#lastFailure = error ?? this.#lastFailure
          if (error !== undefined) noteEnd(actor, () => ({ kind: 'crash', error: toErrorRecord(error) }))
          answer(error === undefined ? 'started' : failureOf(error))
        })
      },
      stopChild: ({ id, shutdown }, answer) => {
        root.stopActor(this.#actors.get(id) as Actor, shutdown, (reason) => {
          answer(childExitOf(reason))
        })
      },
      // Its spec stays: a restart of the whole team brings it back, as in OTP, under a new ref.
      releaseChild: (id) => {
        root.releaseActor(this.#actors.get(id) as Actor)
      },
      report: (report) => {
        root.report(this, report)
      },
      wait: () => {
        throw new AssertionError('no option of the runtime sets a backoff')
      },
      ended: onEnded,
    })
    for (const actor of actors) {
      this.#actors.set(actor.id, actor)
      actor.supervisor = this
    }
  }

  /** In start order. */
  get actors(): readonly Actor[] {
    return [...this.#actors.values()]
  }

  /** Starts the children in order; `started` learns of the failure of the first that failed, after the others were stopped. */
  start(started: (error: Error | undefined) => void): void {
    this.#driver.start((ok) => {
      started(ok === true ? undefined : (this.#lastFailure ?? this.#notStarted(ok)))
    })
  }

  /** For a child that was started before it had a supervisor: takes it over as running. */
  takeOverRunning(actor: Actor): void {
    this.#takenOver = actor
    this.#driver.start(() => {})
    this.#takenOver = undefined
  }

  exited(actor: Actor, reason: ExitReason): void {
    noteEnd(actor, () => reason)
    // A tree that ends by itself, for whatever reason, has ended; the loss of its core is another matter.
    this.#driver.childExited(actor.id, actor.onGone === undefined ? childExitOf(reason) : { kind: 'shutdown' })
  }

  coreLost(actors: readonly Actor[], blamed: ActorAddress | undefined): void {
    const isBlamed = ({ address }: Actor): boolean =>
      blamed !== undefined && address !== undefined && sameAddress(address, blamed)
    const idOf = (actor: Actor): string => actor.id
    for (const actor of actors) noteEnd(actor, () => ({ kind: 'core_lost', error: toErrorRecord(lostError(actor.core)) }))
    this.#driver.coreLost(actors.map(idOf), actors.filter(isBlamed).map(idOf))
  }

  shutdown(): void {
    this.#driver.shutdown()
  }

  #notStarted({ error }: Exclude<Reply['ok'], true>): CambiumError {
    return new CambiumError('ERR_START_FAILED', `supervisor did not start: name=${this.name}, error=${error}`, {
      severity: 'crash',
    })
  }
}

/** An end costs nothing where nobody wants to know it. */
function noteEnd(actor: Actor, reason: () => ExitReason): void {
  if (actor.onGone !== undefined) actor.lastEnd = reason()
}

function lostError(core: number): CambiumError {
  return new CambiumError('ERR_CORE_LOST', `core of the actor died: core=${core}`, { severity: 'crash' })
}

function failureOf(error: Error): ChildExit {
  return { kind: error instanceof CambiumError && error.code === 'ERR_CORE_LOST' ? 'core_lost' : 'crash', detail: error }
}

/** How an actor ended, in the terms of its supervisor. */
export function childExitOf(reason: ExitReason): ChildExit {
  if (reason.kind === 'noproc') return { kind: 'crash', detail: reason } // it had linked to an actor that was not there
  if (reason.kind === 'shutdown') return reason
  return 'error' in reason ? new FailedExit(reason) : { kind: reason.kind }
}

/** An error is dear, and most ends are followed by a start that looks at none. */
class FailedExit implements ChildExit {
  readonly kind: ChildExit['kind']
  readonly #error: ErrorRecord

  constructor({ kind, error }: Extract<ExitReason, { readonly error: ErrorRecord }>) {
    this.kind = kind
    this.#error = error
  }

  get detail(): Error {
    return fromErrorRecord(this.#error)
  }
}
