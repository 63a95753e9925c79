/**
 * The children of one supervisor: found by id through a map, ordered by a doubly linked list, so that adding, finding and
 * removing one costs the same among ten and among a hundred thousand. The order of the list is the start order; a
 * restart keeps a child's place, as in OTP.
 */
import { assert } from '@cambium/base'

import type { ChildExit } from './child-exit.ts'
import type { CheckedSpec } from './child-spec.ts'
import type { RestartWindow } from './restart-intensity.ts'

/** `stopped` is OTP's `undefined` (a spec with no actor), `restarting` waits for the next attempt after one that failed. */
export type ChildStatus = 'stopped' | 'starting' | 'running' | 'stopping' | 'restarting'

export interface Child<Start> {
  /** Without `start` once a temporary child has been started: it is not needed again (C-13). */
  spec: CheckedSpec<Start | undefined>
  status: ChildStatus
  /** Number of the `start_child` that began the current incarnation; 0 before the first. */
  incarnation: number
  /** Whether an incarnation has ever run: the next one is then a restart in the same slot. */
  hasRun: boolean
  /** Times it was started again. */
  restarts: number
  /** An unasked exit that has arrived and has not been handled; it goes when a stop of the child uses it up. */
  unhandled: Unhandled | undefined
  /** Why the last attempt to restart it failed. */
  failure: ChildExit | undefined
  /** Its own restart window, where the intensity is each child's own, from its first restart on. */
  window: RestartWindow | undefined
  /** A wait before its restart has been asked for and is not over; its status is `restarting`. */
  isWaiting: boolean
  /** Failures since it last ran for the calm time of the backoff. */
  failuresInRow: number
  /** With a backoff: when it last started, until it fails. */
  startedMs: number | undefined
  /** Grows along the list; for sorting children of one core by start order. */
  readonly place: number
  previous: Child<Start> | undefined
  next: Child<Start> | undefined
}

/** Identity tells an exit from a later one of the same child: a handled entry of the backlog finds another object here. */
export interface Unhandled {
  readonly exit: ChildExit
}

export interface ChildList<Start> {
  readonly byId: Map<string, Child<Start>>
  head: Child<Start> | undefined
  tail: Child<Start> | undefined
  places: number
  /** Significant children with any status but `stopped`. */
  significant: number
}

export function createChildList<Start>(): ChildList<Start> {
  return { byId: new Map(), head: undefined, tail: undefined, places: 0, significant: 0 }
}

export function appendChild<Start>(list: ChildList<Start>, spec: CheckedSpec<Start | undefined>): Child<Start> {
  assert(!list.byId.has(spec.id), `a child's id is new to its supervisor: id=${spec.id}`)
  const child: Child<Start> = {
    spec,
    status: 'stopped',
    incarnation: 0,
    hasRun: false,
    restarts: 0,
    unhandled: undefined,
    failure: undefined,
    window: undefined,
    isWaiting: false,
    failuresInRow: 0,
    startedMs: undefined,
    place: list.places++,
    previous: list.tail,
    next: undefined,
  }
  if (list.tail === undefined) list.head = child
  else list.tail.next = child
  list.tail = child
  list.byId.set(spec.id, child)
  return child
}

/** The one way to change a status, so that the count of significant children stays right. */
export function setStatus<Start>(list: ChildList<Start>, child: Child<Start>, status: ChildStatus): void {
  if (child.spec.significant) list.significant += Number(status !== 'stopped') - Number(child.status !== 'stopped')
  child.status = status
}

export function removeChild<Start>(list: ChildList<Start>, child: Child<Start>): void {
  assert(child.status === 'stopped', `a child that is removed has no actor: id=${child.spec.id}`)
  assert(list.byId.get(child.spec.id) === child, `a child is removed once: id=${child.spec.id}`)
  list.byId.delete(child.spec.id)
  if (child.previous === undefined) list.head = child.next
  else child.previous.next = child.next
  if (child.next === undefined) list.tail = child.previous
  else child.next.previous = child.previous
}
