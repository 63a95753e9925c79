/** What the home of an actor keeps while the actor is on another core, or once was: the protocol is in `moves.ts`. */
import { MessageQueue } from '@cambium/actor'
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import { RETURNED_STASHED } from './forwarding.ts'
import type { ForwardedHead } from './forwarding.ts'
import type { InfoMessage } from './info-message.ts'
import type { Beside } from './mailbox-entry.ts'
import type { Arrival } from './move-content.ts'
import type { GuestEnd } from './move-signals.ts'

/** What the actor had written to each core when it ended, or asked for something: behind that the others are to hear of it. */
export interface WrittenFrom {
  readonly core: number
  /** Positions in the data rings of that core, by their readers. */
  readonly positions: readonly number[]
}

/** A row with this number is never given: a guest's own names for its monitors are multiples of it. */
export const MONITOR_STEP: number = 2 ** 26

export class Moved {
  /** In a cell that was adopted: where the actor may still be, by the word of this core's predecessor. */
  hosts: readonly number[] | undefined = undefined
  /** Its place on another core; undefined while it is here. */
  place: ActorAddress | undefined = undefined
  /** Epoch of that core. */
  hostLife = 0
  /** A move was asked for and has not been answered. */
  isMoving = false
  /** The place has been told to begin. */
  hasBegun = false
  /** Everything that is there is to come back: nothing more is passed on. */
  isReturning = false
  /** It has been told so, behind all that was passed on. */
  isRecalled = false
  /** Present when the actor itself comes back, ready to go on. */
  arrival: Arrival | undefined = undefined
  /** Told how its return went. */
  onReturned: ((error: Error | undefined) => void) | undefined = undefined
  /** Present when the incarnation has ended there. */
  over: GuestEnd | undefined = undefined
  /** Its host has died: present until all that it had written has been taken. */
  lost: { readonly error: ErrorRecord; readonly isBlamed: boolean; readonly isBehind: () => number | undefined } | undefined =
    undefined
  /** An end that was asked for while it was on its way back. */
  onHome: (() => void) | undefined = undefined
  /** What has come back: messages, messages that it had put aside, and what the runtime had told it. */
  returned: MessageQueue<Beside> = new MessageQueue()
  stashed: MessageQueue<Beside> = new MessageQueue()
  readonly infos: InfoMessage[] = []
  /** Number of the last thing that it has said from there. */
  heard = 0
  /** Links that it has cut since it was last told how much of what it said was heard. */
  cuts = 0
  /** While something is done in its name: what it had written by then, and where. */
  written: WrittenFrom | undefined = undefined
  /** Names that it gave its monitors while it was a guest, and the last of them. */
  monitors: Map<number, number> | undefined = undefined
  lastMonitor = 0

  /** A message has come back. */
  tookBack(message: unknown, { kind, beside }: ForwardedHead): void {
    ;(kind === RETURNED_STASHED ? this.stashed : this.returned).push(message, beside)
  }

  takeAll(which: 'returned' | 'stashed'): MessageQueue<Beside> | undefined {
    const queue = this[which]
    if (queue.length === 0) return undefined
    this[which] = new MessageQueue()
    return queue
  }

  /** The row's own name for what the actor calls `name`. */
  monitorNamed(name: number): number {
    if (name % MONITOR_STEP !== 0 || this.monitors === undefined) return name
    for (const [own, given] of this.monitors) if (given === name) return own
    return name
  }

  /** What the actor calls the monitor of that row's name. */
  givenName(own: number): number {
    return this.monitors?.get(own) ?? own
  }

  name(own: number, given: number): void {
    ;(this.monitors ??= new Map()).set(own, given)
  }

  forget(own: number): void {
    this.monitors?.delete(own)
  }
}
