/** One actor on its core: what the scheduler knows of it. Fields only; the rules are in `dispatcher.ts` and `lifecycle.ts`. */
import { MAILBOX_CAPACITY_DEFAULT, STASH_CAPACITY_DEFAULT } from '@cambium/actor'
import type { ActorContext, Behaviour, ExitReason, Mailbox, MessageQueue, OverflowPolicy, Program } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import type { MessageLayouts } from '@cambium/codec'
import type { Asker, PendingAsk } from './asks.ts'
import type { Hand } from './hand.ts'
import type { ChildKeeper } from './child-keeper.ts'
import type { Children } from './children.ts'
import type { Guest } from './guest.ts'
import type { InfoBox } from './info-message.ts'
import type { Beside } from './mailbox-entry.ts'
import type { MessageTimer } from './message-timer.ts'
import type { Moved } from './moved.ts'
import type { Observation } from './observation.ts'
import type { OwedAnswers } from './owed-answers.ts'
import type { Ownership } from './ownership.ts'
import type { Timer } from './timer-wheel.ts'

/** `init` has not finished. Messages wait. */
export const STARTING = 0
/** Takes messages. */
export const READY = 1
/** An asynchronous handler is under way. Messages wait. */
export const BUSY = 2
/** Ended, and its supervisor decides whether a new incarnation follows. Messages wait. */
export const AWAITING = 3
/** Its children or its `terminate` are under way. Messages wait. */
export const STOPPING = 4
/** Its slot is free. */
export const GONE = 5
/** Takes no messages until it is resumed; else as {@link READY}. */
export const SUSPENDED = 6
/** On its way to another core, or not yet begun there: it could be ended at once, and takes no messages. */
export const LEAVING = 7
/** Its actor runs on another core: what comes is passed on. See `moves.ts`. */
export const AWAY = 8

export const STATUS_NAMES = ['starting', 'ready', 'busy', 'awaiting', 'stopping', 'gone', 'suspended', 'leaving', 'away'] as const

/** Whether no code of the actor is under way, so that it can be ended at once. */
export function isAtRest(status: number): boolean {
  return status === READY || status === SUSPENDED || status === LEAVING
}

/** What to do with the slot once the present incarnation has ended. */
export type AfterEnd = (reason: ExitReason) => void

export class ActorCell implements ActorAddress {
  readonly core: number
  readonly slot: number
  readonly generation: number
  readonly name: string | undefined
  /** Set from the mailbox options when the behaviour is known. */
  capacity: number = MAILBOX_CAPACITY_DEFAULT
  overflow: OverflowPolicy = 'backpressure'
  /** How long one of its callbacks may take, in milliseconds; 0 without a limit of its own. */
  budgetMs = 0
  /** Who is told when it ends unasked, while the slot is kept for a restart; undefined for an actor that nobody supervises. */
  owner: Ownership | undefined
  readonly parent: ActorCell | undefined
  behaviour: Behaviour<unknown, unknown> | undefined = undefined
  program: Program<unknown, unknown, unknown, unknown> | undefined = undefined
  state: unknown = undefined
  status: number = STARTING
  incarnation = 0
  /** Its handler is an asynchronous function. */
  isAsync = false
  /** It handles what comes of its own chain of calls while it awaits; see nested-messages.ts. */
  isReentrant = false
  /** Its handler is synchronous, and may be given messages that are read in place. */
  readsInPlace = false
  /** Its behaviour tells the priority of each message. */
  judgesPriority = false
  /** Counts changes of status; what comes back to an older one comes too late. */
  phase = 0
  /** In the run queue. */
  isQueued = false
  /** Announced in the congestion table. */
  isCongested = false
  /** Also to messages of high priority. */
  isHighFull = false
  /** Policy `shed-low`: it holds messages of low priority, which give way. */
  hasLow = false
  /** `ctx.stop` was called by the handler under way. */
  stopRequest: ExitReason | undefined = undefined
  mailbox: Mailbox<Beside> | undefined = undefined
  /** What the handler has put aside; kept over the end of the incarnation, in the mailbox. */
  stash: MessageQueue<Beside> | undefined = undefined
  stashCapacity: number = STASH_CAPACITY_DEFAULT
  /** Somebody wants it to take no messages; see {@link SUSPENDED}. */
  isSuspended = false
  /** What is to be done when the handler under way has ended. */
  onIdle: (() => void)[] | undefined = undefined
  /** Present while somebody observes its messages. */
  observation: Observation | undefined = undefined
  /** Of the message in hand, when it needs any. */
  hand: Hand | undefined = undefined
  context: ActorContext | undefined = undefined
  /** Whom the message in hand has to be answered to; `ANSWERED` once that is done. */
  asker: Asker | undefined = undefined
  /** What this incarnation owes for later; the askers learn of its end. */
  owed: OwedAnswers | undefined = undefined
  /** The latest of the asks of this incarnation that wait for their replies. */
  asks: PendingAsk | undefined = undefined
  /** The message in hand while an asynchronous handler runs, and whether the books know it (a timer's they do not). */
  inHand: unknown = undefined
  isInHandCounted = false
  /** Messages of this actor that wait for room at their targets; while there are any it is not scheduled. */
  outbox = 0
  /** Target of the latest of those. */
  waitsFor: ActorAddress | undefined = undefined
  /** Its chain of waits was followed since it last had none waiting. */
  isWaitFollowed = false
  children: Children | undefined = undefined
  /** Its neighbours among the children of its parent. */
  older: ActorCell | undefined = undefined
  younger: ActorCell | undefined = undefined
  /** Of a supervisor: its children, on whichever cores. */
  keeper: ChildKeeper | undefined = undefined
  timers: Map<string, MessageTimer> | undefined = undefined
  abort: AbortController | undefined = undefined
  /** First of its links and monitors in the core's table; 0 for none, -1 when the incarnation has ended. */
  bondHead = 0
  /** Present once it traps exits, or was told something of others. */
  infos: InfoBox | undefined = undefined
  /** It has had to do with the directory, in this incarnation or one before: its bonds go by core 0, behind the end of its entries. */
  hasEntries = false
  /** Stands for the asynchronous callback under way. */
  awaited: object | undefined = undefined
  /** Present once somebody asked for the end. */
  afterEnd: AfterEnd[] | undefined = undefined
  /** That somebody wants the slot kept for a restart. */
  keepsSlot = false
  /** Tells whoever started the incarnation how that went; gone once told. */
  onStarted: ((error: Error | undefined, cell: ActorCell) => void) | undefined = undefined
  /** Guards `init` and the shutdown time. */
  deadline: Timer | undefined = undefined
  /** Present once this incarnation has moved to another core, or is about to. */
  moved: Moved | undefined = undefined
  /** Present when its home is another core. */
  guest: Guest | undefined = undefined

  constructor(
    address: ActorAddress,
    options: { name: string | undefined; owner: Ownership | undefined; parent: ActorCell | undefined },
  ) {
    this.core = address.core
    this.slot = address.slot
    this.generation = address.generation
    this.name = options.name
    this.owner = options.owner
    this.parent = options.parent
  }

  /** By what the actor is known, wherever it runs. */
  get address(): ActorAddress {
    return this.guest?.home ?? this
  }

  get isSupervised(): boolean {
    return this.owner !== undefined
  }

  /** Declared by the behaviour. */
  get layouts(): MessageLayouts | undefined {
    return this.behaviour?.layouts
  }

  /** Where it stands in its supervision tree: `platform/core/storage`. */
  get path(): string {
    const { owner } = this
    return owner === undefined || owner.path === '' ? this.label : `${owner.path}/${owner.id}`
  }

  get label(): string {
    const { core, slot } = this.address
    return this.name ?? `${this.behaviour?.name ?? 'actor'}@core-${core}/${slot}`
  }
}
