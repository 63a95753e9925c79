/** What a core tells observers of the system about its actors. The root passes it on as an event, as it is. */
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import type { ActorEvent } from './observation.ts'

/** A mailbox with the policy `shed-low` is full and drops messages of low priority: told at most once a second, and once more when it is over. */
export interface LoadShed {
  readonly actor: ActorAddress
  readonly name: string | undefined
  readonly capacity: number
  /** Messages in the mailbox. */
  readonly queued: number
  /** Since this was last told. */
  readonly dropped: number
}

/** Actors that wait for each other's answers in a circle; the ask that closed it was refused with `ERR_ASK_CYCLE`. */
export interface AskCycle {
  readonly actors: readonly ActorAddress[]
  /** `A → B → A` */
  readonly path: string
}

/** An actor has crashed: what a person needs to understand it. Made 20 times a second at most on each core. */
export interface CrashReport {
  readonly actor: ActorAddress
  readonly name: string | undefined
  readonly behaviour: string
  /** URL of the behaviour's module. */
  readonly module: string
  readonly incarnation: number
  readonly atMs: number
  /** With the stack. */
  readonly error: ErrorRecord
  /** What it was about: its `init`, a message, or neither, as `context.stop(error)` in a timer of Node's. */
  readonly during: 'init' | 'message' | 'rest'
  /** The message in hand; what cannot travel, or is larger than 256 KiB, is a text that says so. The same holds for `state`. */
  readonly message: unknown
  /** The state before that, as the behaviour's `redact` shows it. */
  readonly state: unknown
  /** Messages in the mailbox. */
  readonly queued: number
  /** Names of the supervisors, from the top to the actor. */
  readonly supervision: readonly string[]
  /** The last events, if somebody keeps them: see `log` of an inspector. */
  readonly log: readonly ActorEvent[]
  /** Reports left out on this core since the last one. */
  readonly leftOut: number
}

/** A traced actor has handled a message. */
export interface TraceEvent extends ActorEvent {
  readonly actor: ActorAddress
  readonly name: string | undefined
  /** Events left out since the last one. */
  readonly leftOut: number
}

export interface CoreNewsMap {
  readonly crash_report: CrashReport
  readonly trace: TraceEvent
  readonly load_shed: LoadShed
  readonly ask_cycle: AskCycle
}

export type CoreNews = { [K in keyof CoreNewsMap]: { readonly event: K; readonly detail: CoreNewsMap[K] } }[keyof CoreNewsMap]
