/**
 * The control lane's messages (D4): lifecycle between the root and the cores. Plain data, encoded like user messages; never
 * behind them. Each record carries the epoch of the receiving core as its sender knew it: what was meant for an
 * earlier incarnation of the core is dropped by the later one, since the root has already settled it.
 */
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import type { DeadLetterReason, ExitReason, MailboxOptions } from '@cambium/actor'
import type { Ownership } from './ownership.ts'
import type { BondSignal } from './bond-signals.ts'
import type { AskChain } from './ask-cycle.ts'
import type { CoreNews } from './core-news.ts'
import type { MoveSignal } from './move-signals.ts'
import type { InspectOrder } from './inspection.ts'
import type { DirectorySignal } from './directory-signals.ts'
import type { WaitLink } from './wait-cycle.ts'

/** All that is needed to start, or start again, one actor. */
export interface StartSpec {
  readonly module: string
  readonly behaviour: string
  readonly argument: unknown
  readonly name: string | undefined
  readonly mailbox: MailboxOptions | undefined
  readonly initTimeoutMs: number
}

export type Signal =
  /** core → core: links, monitors and exits. */
  | BondSignal
  /** core → core 0 → core: of an actor that has entries in the directory, behind their end. */
  | { readonly type: 'bond_relay'; readonly from: number; readonly to: number; readonly signal: BondSignal }
  | DirectorySignal
  /** core ⇄ core, and the root: of actors that move. */
  | MoveSignal
  /** owner → core: start an actor in a new slot. Answered by `started` or `start_failed`. */
  | { readonly type: 'spawn'; readonly request: number; readonly spec: StartSpec; readonly owner?: Ownership }
  /** owner → core: a new incarnation in the same slot. Answered like `spawn`. */
  | {
      readonly type: 'restart'
      readonly request: number
      readonly slot: number
      readonly generation: number
      readonly spec: StartSpec
      readonly owner?: Ownership
    }
  /** owner → core: end an incarnation; after `timeoutMs` it is killed, at 0 at once. The slot may be kept for a restart. Answered by `stopped`. */
  | {
      readonly type: 'stop'
      readonly request: number
      readonly slot: number
      readonly generation: number
      readonly timeoutMs: number
      readonly keepsSlot: boolean
    }
  /** root → core, to a replaced core: these slots are taken; messages for them wait for their restart. */
  | { readonly type: 'adopt'; readonly slots: readonly AdoptedSlot[] }
  /** root → core, to a replaced core: the children of one of these, a supervisor, whose slots are kept for its next incarnation. */
  | {
      readonly type: 'kept'
      readonly slot: number
      readonly generation: number
      readonly children: readonly { readonly id: string; readonly address: ActorAddress }[]
    }
  /** root → core: the successor of a dead core keeps these slots for one of your supervisors. */
  | { readonly type: 'adopted'; readonly supervisor: ActorAddress; readonly addresses: readonly ActorAddress[] }
  /** owner → core: an actor that was waiting for its restart will not be restarted: free its slot. */
  | { readonly type: 'release'; readonly slot: number; readonly generation: number }
  /** root → core: look into an actor, or change something about it. Answered by `inspected`, or `start_failed` with what went wrong. */
  | {
      readonly type: 'inspect'
      readonly request: number
      readonly slot: number
      readonly generation: number
      readonly order: InspectOrder
    }
  | { readonly type: 'inspected'; readonly request: number; readonly value: unknown }
  /** root → core: adopted slots are in place, take data records from now on. */
  | { readonly type: 'open' }
  /**
   * root → all: core `core` died, its successor has this `epoch`; asks that it had taken up to these positions, one per source core,
   * have failed, and so have links and monitors with its actors.
   */
  | {
      readonly type: 'core_lost'
      readonly core: number
      readonly epoch: number
      readonly error: ErrorRecord
      readonly positions: readonly number[]
      readonly blamed: BlamedActor | undefined
    }
  /** root → core: accept no new messages from outside actors; report when drained. */
  | { readonly type: 'close' }
  /** `life`: of a place for a guest, the epoch of its core. */
  | {
      readonly type: 'started'
      readonly request: number
      readonly slot: number
      readonly generation: number
      readonly life?: number
    }
  | { readonly type: 'start_failed'; readonly request: number; readonly error: ErrorRecord }
  | { readonly type: 'stopped'; readonly request: number; readonly reason: ExitReason }
  /** core → owner: a supervised actor ended unasked. Its slot is kept until `restart` or `release`. */
  | {
      readonly type: 'exited'
      readonly owner: ActorAddress
      readonly slot: number
      readonly generation: number
      readonly reason: ExitReason
      readonly incarnation: number
      readonly loss?: HostLoss
    }
  /** core → root: this slot belongs to a child of a supervisor and has to outlive its core; until `discharged`. */
  | ({ readonly type: 'enlisted'; readonly owner: Ownership } & AdoptedSlot)
  | { readonly type: 'discharged'; readonly slot: number; readonly generation: number }
  /** core → root: what happened below the supervisor at `path`, for the system's events. */
  | ({ readonly type: 'supervision'; readonly path: string } & SupervisionNews)
  /** core → root: the core runs and has attached its rings. */
  | { readonly type: 'hello'; readonly core: number }
  /** core → root: a sample of its dead letters, bounded per second; the books have them all. */
  | {
      readonly type: 'dead_letter'
      readonly reason: DeadLetterReason
      readonly core: number
      readonly slot: number
      readonly generation: number
      readonly name: string | undefined
      readonly count: number
      readonly detail: string | undefined
    }
  /** core → root: something that observers of the system may want to know. */
  | { readonly type: 'news'; readonly news: CoreNews }
  /** core → core: a search for a circle of asks goes on with one of your actors. */
  | { readonly type: 'ask_chain'; readonly chain: AskChain }
  /** core → core: a chain of waiting actors goes on with one of yours. */
  | { readonly type: 'wait_chain'; readonly chain: readonly WaitLink[]; readonly next: ActorAddress }
  /** core → root: actors wait for each other in a circle. */
  | { readonly type: 'wait_cycle'; readonly cycle: readonly WaitLink[] }
  /** core → root: something threw that changes nothing (a `terminate` that failed). */
  | { readonly type: 'fault'; readonly where: string; readonly error: ErrorRecord }

export type SupervisionNews =
  | { readonly news: 'exited'; readonly id: string; readonly actor: ActorAddress; readonly reason: ExitReason }
  | { readonly news: 'restarted'; readonly id: string; readonly actor: ActorAddress; readonly tookMs: number }
  /** `id`: the child whose failure was one too many. */
  | { readonly news: 'given_up'; readonly id: string; readonly restarts: number; readonly reason: string }

/** The host of an actor, another core than its own, has died; whether the actor is blamed for that. */
export interface HostLoss {
  readonly isBlamed: boolean
}

/** Whose callback was running when its core died. */
export interface BlamedActor {
  readonly slot: number
  readonly generation: number
}

export interface AdoptedSlot {
  readonly slot: number
  readonly generation: number
  readonly name: string | undefined
  readonly mailbox: MailboxOptions | undefined
  /** @default the root */
  readonly owner?: Ownership
  /** Other cores where the actor may be a guest: it is evicted there before it starts anew. */
  readonly hosts?: readonly number[]
}

/** The ways that a signal can go. */
export interface SignalWays {
  send(core: number, signal: Signal): void
  toRoot(signal: Signal): void
}
