/**
 * What of an actor travels: its state, its timers with their times, and what it is otherwise. Its messages follow by themselves.
 *
 * A state is plain data and travels as a message does, or its behaviour says how (`migrate`): what cannot is refused, with the path to it.
 */

import type { Behaviour, MailboxOptions } from '@cambium/actor'
import { checkMessageBytes } from '@cambium/codec'
import type { Encoder } from '@cambium/codec'
import type { ActorCell } from './actor-cell.ts'
import { createMessageTimer, MessageTimer } from './message-timer.ts'
import type { MessageTimersHost } from './message-timer.ts'
import { RunContext } from './run-context.ts'
import type { RunContextHost } from './run-context.ts'

export interface MoveContent {
  readonly module: string
  readonly behaviour: string
  readonly name: string | undefined
  readonly mailbox: Required<MailboxOptions>
  readonly incarnation: number
  readonly isSuspended: boolean
  readonly isTrapping: boolean
  readonly monitors: readonly number[]
  readonly lastMonitor: number
  readonly state: unknown
  /** `dueMs` of the platform's clock, which all cores have. */
  readonly timers: readonly {
    readonly key: string
    readonly message: unknown
    readonly dueMs: number
    readonly repeatMs: number
  }[]
}

/** An actor that has come, and has not begun. */
export interface Arrival {
  readonly state: unknown
  readonly context: RunContext
  readonly content: MoveContent
}

export interface MoveContentHost extends MessageTimersHost {
  readonly encoder: Encoder
  readonly limits: { readonly messageBytesMax: number }
  now(): number
}

type AnyBehaviour = Behaviour<unknown, unknown>

/** Why an actor cannot move at all, as it is now. Undefined when it can. */
export function whyFixed(cell: ActorCell): string | undefined {
  const { behaviour } = cell
  if (behaviour === undefined) return undefined
  if (cell.keeper !== undefined) return 'it supervises others'
  if ((cell.children?.size ?? 0) > 0) return 'it has children'
  if (behaviour.program.migrate === undefined && behaviour.kind !== 'actor') return `a ${behaviour.kind} cannot move`
  return undefined
}

/** Takes down what travels. The actor is at rest; nothing of it changes. Throws `ERR_CANNOT_TRAVEL`, `ERR_MESSAGE_TOO_LARGE`, and what its `save` throws. */
export function takeDown(
  host: MoveContentHost,
  cell: ActorCell,
  more: Pick<MoveContent, 'isTrapping' | 'monitors' | 'lastMonitor'>,
): MoveContent {
  const behaviour = cell.behaviour as AnyBehaviour
  const { migrate } = behaviour.program
  const state = migrate === undefined ? cell.state : migrate.save(cell.state)
  const timers: { key: string; message: unknown; dueMs: number; repeatMs: number }[] = []
  for (const timer of cell.timers?.values() ?? [])
    timers.push({
      key: timer.key,
      message: timer.message,
      dueMs: timer.isQueued ? host.now() : timer.due,
      repeatMs: timer.repeatMs,
    })
  const content: MoveContent = {
    module: behaviour.module,
    behaviour: behaviour.name,
    name: cell.name,
    mailbox: { capacity: cell.capacity, overflow: cell.overflow, stashCapacity: cell.stashCapacity },
    incarnation: cell.incarnation,
    isSuspended: cell.isSuspended,
    ...more,
    state,
    timers,
  }
  checkMessageBytes(host.encoder.encodeKept(content).length, host.limits.messageBytesMax)
  return content
}

/** Makes the actor out of what has travelled; `cell` is equipped for it. Throws what its `load` throws. */
export function unpack(host: RunContextHost, cell: ActorCell, behaviour: AnyBehaviour, content: MoveContent): Arrival {
  const context = new RunContext(host, cell)
  const { migrate } = behaviour.program
  const state = migrate === undefined ? content.state : migrate.load(content.state, context)
  if (state instanceof Promise) {
    state.catch(() => {})
    throw new TypeError('migrate.load returned a promise, expected the state')
  }
  return { state, context, content }
}

/** It begins: its timers run, from now on it takes messages. */
export function moveIn(host: MessageTimersHost, cell: ActorCell, { state, context, content }: Arrival): void {
  cell.state = state
  cell.context = context
  for (const { key, message, dueMs, repeatMs } of content.timers)
    host.wheel.start(createMessageTimer(host, cell, key, message, repeatMs), dueMs)
}

/** Timers stand still while the actor is on its way. */
export function holdTimers(host: MessageTimersHost, cell: ActorCell): void {
  for (const timer of cell.timers?.values() ?? []) host.wheel.cancel(timer)
}

export function goOnWithTimers(host: MessageTimersHost, cell: ActorCell): void {
  for (const timer of cell.timers?.values() ?? []) if (!timer.isQueued || timer.repeatMs > 0) host.wheel.start(timer, timer.due)
}

/** They run elsewhere. */
export function dropTimers(cell: ActorCell): void {
  for (const timer of cell.timers?.values() ?? []) timer.isCancelled = true
  cell.timers = undefined
}

/** Whether what it wants handled before all others still waits: that belongs to what was handled last. */
export function hasFirst(cell: ActorCell): boolean {
  let found = false
  cell.mailbox?.forEach((_, beside) => {
    if (beside instanceof MessageTimer && !beside.isCancelled && cell.timers?.get(beside.key) !== beside) found = true
  })
  return found
}
