/**
 * Carries out what the pure supervisor decides (D9): one step at a time, each outcome fed back before the next. Events that come while a
 * step is carried out wait here, so a decision never runs inside another.
 */
import { CambiumError, fromErrorRecord } from '@cambium/base'
import type { ExitReason } from '@cambium/actor'
import { createSupervisor, decide } from '@cambium/supervision'
import type {
  ChildExit,
  ReplyError,
  Shutdown,
  SupervisorAction,
  SupervisorEvent,
  SupervisorFlags,
  SupervisorState,
} from '@cambium/supervision'
import type { SupervisedActor } from './supervised-actor.ts'

export interface SupervisorHostRoot {
  now(): number
  /** Starts the actor, in its slot if it has one. */
  startActor(actor: SupervisedActor, done: (error: Error | undefined) => void): void
  /** Ends its incarnation and keeps its slot. */
  stopActor(actor: SupervisedActor, shutdown: Shutdown, done: (reason: ExitReason) => void): void
  /** The actor will not be started again: its slot and name are free. */
  releaseActor(actor: SupervisedActor): void
  report(supervisor: SupervisorHost, action: Extract<SupervisorAction, { type: 'report' }>): void
}

export type EndReason = 'shutdown' | 'start_failed' | 'intensity_exceeded'

type Actor = SupervisedActor

export class SupervisorHost {
  readonly name: string
  readonly #root: SupervisorHostRoot
  readonly #state: SupervisorState<Actor>
  readonly #actors = new Map<string, Actor>()
  readonly #onEnded: (reason: EndReason) => void
  readonly #events: SupervisorEvent<Actor>[] = []
  /** Actors that are down; those still down when nothing is left to do are down for good. */
  readonly #down = new Set<Actor>()
  #isDeciding = false
  #isWaiting = false
  #isEnded = false
  #onStarted: ((error: Error | undefined) => void) | undefined = undefined
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
    this.#root = root
    this.#onEnded = onEnded
    const specs = actors.map((actor) => ({ id: actor.id, start: actor, restart: actor.restart, shutdown: actor.shutdown }))
    this.#state = createSupervisor<Actor>(flags, specs)
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
    this.#onStarted = started
    this.#feed({ type: 'start' })
  }

  /** For a child that was started before it had a supervisor: takes it over as running. */
  takeOverRunning(actor: Actor): void {
    decide(this.#state, { type: 'start' }, this.#root.now())
    decide(this.#state, { type: 'child_started', id: actor.id }, this.#root.now())
  }

  exited(actor: Actor, reason: ExitReason): void {
    this.#down.add(actor)
    this.#feed({ type: 'child_exited', id: actor.id, exit: exitOf(reason) })
  }

  coreLost(actors: readonly Actor[]): void {
    for (const actor of actors) this.#down.add(actor)
    this.#feed({ type: 'core_lost', ids: actors.map((actor) => actor.id) })
  }

  shutdown(): void {
    this.#feed({ type: 'shutdown' })
  }

  #feed(event: SupervisorEvent<Actor>): void {
    this.#events.push(event)
    if (this.#isDeciding) return
    this.#isDeciding = true
    try {
      // Ends: each event is decided once, and an outcome that is known at once adds one event for one step of a bounded list.
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        this.#isWaiting = false
        for (const action of decide(this.#state, next, this.#root.now()).actions) this.#carryOut(action)
        if (this.#state.step !== undefined) this.#isWaiting = true
      }
    } finally {
      this.#isDeciding = false
    }
    if (!this.#isWaiting && !this.#isEnded) this.#releaseDown()
  }

  #carryOut(action: SupervisorAction<Actor>): void {
    switch (action.type) {
      case 'start_child': {
        const actor = action.spec.start
        this.#root.startActor(actor, (error) => {
          if (error === undefined) {
            this.#down.delete(actor)
            this.#feed({ type: 'child_started', id: actor.id, incarnation: action.incarnation })
          } else {
            this.#down.add(actor)
            this.#lastFailure = error
            const exit: ChildExit = {
              kind: error instanceof CambiumError && error.code === 'ERR_CORE_LOST' ? 'core_lost' : 'crash',
              detail: error,
            }
            this.#feed({ type: 'child_start_failed', id: actor.id, exit, incarnation: action.incarnation })
          }
        })
        return
      }
      case 'stop_child': {
        const actor = this.#actors.get(action.id) as Actor
        this.#root.stopActor(actor, action.shutdown, (reason) => {
          this.#down.add(actor)
          this.#feed({ type: 'child_stopped', id: actor.id, exit: exitOf(reason), incarnation: action.incarnation })
        })
        return
      }
      case 'reply':
        if (action.event === 'start') this.#answerStart(action.ok)
        return
      case 'report':
        this.#root.report(this, action)
        return
      case 'ended':
        this.#isEnded = true
        this.#onEnded(action.reason)
    }
  }

  #answerStart(ok: true | { readonly error: ReplyError; readonly exit?: ChildExit }): void {
    const started = this.#onStarted
    this.#onStarted = undefined
    if (ok === true) started?.(undefined)
    else
      started?.(
        this.#lastFailure ??
          new CambiumError('ERR_START_FAILED', `supervisor did not start: name=${this.name}, error=${ok.error}`, {
            severity: 'crash',
          }),
      )
  }

  #releaseDown(): void {
    // Their specs stay: a restart of the whole group brings them back, as in OTP, under new refs.
    for (const actor of this.#down) this.#root.releaseActor(actor)
    this.#down.clear()
  }
}

function exitOf(reason: ExitReason): ChildExit {
  return 'error' in reason ? { kind: reason.kind, detail: fromErrorRecord(reason.error) } : { kind: reason.kind }
}
