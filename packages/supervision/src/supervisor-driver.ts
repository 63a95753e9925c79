/**
 * Carries out what a supervisor decides, through the hands of whoever hosts it: a runtime that starts actors on cores, an actor
 * that supervises others, a test. Everything that hosts have in common is here; what starts and stops a child is theirs.
 *
 * 1. One event is decided at a time. Events that come while the actions of another are carried out (an answer that is known at once, an exit)
 *    wait in order, so a decision never runs inside another.
 * 2. Each start and stop is answered once, under the number of its incarnation; a second answer, or one that comes after an exit or a
 *    lost core that was the answer, is ignored by the supervisor.
 * 3. A child that is down is released when nothing is left to do that would start it again: not while an operation is under way, not
 *    while it, or the group it belongs to, waits for its restart. What ended with the supervisor is not released: it is the
 *    host's to say what becomes of it.
 * 4. When the supervisor has ended, no wait is left behind, and requests are refused.
 */
import { assert, Fifo } from '@cambium/base'

import type { ChildExit } from './child-exit.ts'
import type { ChildSpec } from './child-spec.ts'
import { decide } from './decide.ts'
import { isBusy } from './operation.ts'
import type { Ended, Reply, Report, StartChild, StopChild, SupervisorAction, Wait } from './supervisor-action.ts'
import type { SupervisorEvent, SupervisorRequest } from './supervisor-event.ts'
import type { SupervisorFlags } from './supervisor-flags.ts'
import { createSupervisor, type SupervisorState } from './supervisor-state.ts'

/** What a driver needs done. None of them may throw but `startChild`, whose error is a failed start. */
export interface SupervisorHands<Start> {
  /** Milliseconds that never decrease. */
  now(): number
  /** A number from 0 to below 1; asked for once. */
  random(): number
  /** Starts a child, in its slot if `restart` says that it has one; the answer may come at once or later. */
  startChild(start: StartChild<Start>, answer: (outcome: 'started' | 'ignored' | ChildExit) => void): void
  /** Ends the incarnation of a child, within its shutdown time; the answer says how it ended. */
  stopChild(stop: StopChild, answer: (exit: ChildExit) => void): void
  /** The child is down, and nothing that is known now starts it again: what is kept for its restart may go. */
  releaseChild(id: string): void
  report(report: Report): void
  /** Calls back after so many milliseconds; returns what prevents that. Needed for a backoff only. */
  wait(delayMs: number, callback: () => void): () => void
  /** All children are down. The last call. */
  ended(reason: Ended['reason']): void
}

export interface SupervisorDriver<Start> {
  /** For reading: `whichChildren`, `countChildren`, `childSpec`. */
  readonly state: SupervisorState<Start>
  /** Starts the children in order; told once all run, or once those that ran are stopped again. */
  start(replied: (ok: Reply['ok']) => void): void
  request(request: SupervisorRequest<Start>, replied: (ok: Reply['ok']) => void): void
  /** A child ended unasked; without an incarnation it is the current one. */
  childExited(id: string, exit: ChildExit, incarnation?: number): void
  /** Their core died under all these children; see the event. */
  coreLost(ids: readonly string[], blamed?: readonly string[]): void
  /** Stops the children and ends. */
  shutdown(): void
}

/** Throws `ERR_SUPERVISOR_FLAGS` or `ERR_CHILD_SPEC`; starts nothing yet. */
export function createSupervisorDriver<Start>(
  flags: SupervisorFlags,
  children: readonly ChildSpec<Start>[],
  hands: SupervisorHands<Start>,
): SupervisorDriver<Start> {
  return new Driver(createSupervisor(flags, children, hands.random()), hands)
}

class Driver<Start> implements SupervisorDriver<Start> {
  readonly state: SupervisorState<Start>
  readonly #hands: SupervisorHands<Start>
  readonly #events = new Fifo<SupervisorEvent<Start>>()
  /** Children to look at when nothing is left to do: those that are down then are released. */
  readonly #suspects = new Set<string>()
  /** Children whose restart waits; the wait may have been cut short meanwhile, of which nobody tells. */
  readonly #waits = new Map<string, () => void>()
  #isDeciding = false
  #onStarted: ((ok: Reply['ok']) => void) | undefined = undefined

  constructor(state: SupervisorState<Start>, hands: SupervisorHands<Start>) {
    this.state = state
    this.#hands = hands
  }

  start(replied: (ok: Reply['ok']) => void): void {
    assert(this.#onStarted === undefined && this.state.phase === 'new', 'a supervisor is started once')
    this.#onStarted = replied
    this.#feed({ type: 'start' })
  }

  request(request: SupervisorRequest<Start>, replied: (ok: Reply['ok']) => void): void {
    if (this.state.phase === 'ended') replied({ error: 'shutting_down' })
    else this.#feed({ ...request, ticket: replied })
  }

  childExited(id: string, exit: ChildExit, incarnation?: number): void {
    this.#suspect(id)
    this.#feed({ type: 'child_exited', id, exit, ...(incarnation === undefined ? {} : { incarnation }) })
  }

  coreLost(ids: readonly string[], blamed?: readonly string[]): void {
    for (const id of ids) this.#suspect(id)
    this.#feed({ type: 'core_lost', ids, ...(blamed === undefined ? {} : { blamed }) })
  }

  shutdown(): void {
    this.#feed({ type: 'shutdown' })
  }

  #feed(event: SupervisorEvent<Start>): void {
    this.#events.push(event)
    if (this.#isDeciding) return
    this.#isDeciding = true
    try {
      // Ends: each event is decided once, and an answer that is known at once adds one event for one step of a bounded list.
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        for (const action of decide(this.state, next, this.#hands.now()).actions) this.#carryOut(action)
        if (this.#events.length === 0) this.#releaseDown()
      }
    } finally {
      this.#isDeciding = false
    }
  }

  #carryOut(action: SupervisorAction<Start>): void {
    switch (action.type) {
      case 'start_child':
        this.#startChild(action)
        return
      case 'stop_child': {
        const { id, incarnation } = action
        this.#hands.stopChild(action, (exit) => {
          this.#suspect(id)
          this.#feed({ type: 'child_stopped', id, exit, incarnation })
        })
        return
      }
      case 'wait':
        this.#wait(action)
        return
      case 'reply':
        this.#reply(action)
        return
      case 'report':
        this.#hands.report(action)
        return
      case 'ended':
        for (const cancel of this.#waits.values()) cancel()
        this.#waits.clear()
        this.#suspects.clear()
        this.#hands.ended(action.reason)
    }
  }

  #startChild(action: StartChild<Start>): void {
    const { incarnation, restart } = action
    const { id } = action.spec
    this.#endWait(id)
    // One of the same id that is forgotten already, down since this round of decisions.
    if (!restart && this.#suspects.delete(id)) this.#hands.releaseChild(id)
    const answer = (outcome: 'started' | 'ignored' | ChildExit): void => {
      if (outcome === 'started') return this.#feed({ type: 'child_started', id, incarnation })
      this.#suspect(id)
      if (outcome === 'ignored') this.#feed({ type: 'child_ignored', id, incarnation })
      else this.#feed({ type: 'child_start_failed', id, exit: outcome, incarnation })
    }
    try {
      this.#hands.startChild(action, answer)
    } catch (error) {
      answer({ kind: 'crash', detail: error })
    }
  }

  #wait({ id, delayMs, incarnation }: Wait): void {
    this.#endWait(id)
    const cancel = this.#hands.wait(delayMs, () => {
      this.#waits.delete(id)
      this.#suspects.add(id)
      this.#feed({ type: 'wait_over', id, incarnation })
    })
    this.#waits.set(id, cancel)
  }

  #endWait(id: string): void {
    const cancel = this.#waits.get(id)
    if (cancel === undefined) return
    cancel()
    this.#waits.delete(id)
    this.#suspects.add(id)
  }

  #reply({ event, id, ok, ticket }: Reply): void {
    if (event === 'start') {
      const replied = this.#onStarted
      this.#onStarted = undefined
      replied?.(ok)
      return
    }
    if (event === 'terminate_child' && ok === true && id !== undefined) this.#endWait(id)
    ;(ticket as (ok: Reply['ok']) => void)(ok)
  }

  #releaseDown(): void {
    const { children, flags, phase } = this.state
    if (this.#suspects.size === 0 || isBusy(this.state) || phase === 'ended') return
    if (this.#waits.size > 0 && flags.strategy !== 'one_for_one') return
    const suspects = [...this.#suspects]
    this.#suspects.clear()
    for (const id of suspects) {
      const status = children.byId.get(id)?.status ?? 'stopped'
      if (status === 'stopped') this.#hands.releaseChild(id)
    }
  }

  /** News of a child that has an actor, as far as is known here; else there is nothing to release. */
  #suspect(id: string): void {
    const { children, starting } = this.state
    const status = children.byId.get(id)?.status ?? 'stopped'
    if (status !== 'stopped' || starting?.id === id) this.#suspects.add(id)
  }
}
