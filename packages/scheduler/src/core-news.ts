/** What a core tells observers of the system about its actors. The root passes it on as an event, as it is. */
import type { ActorAddress } from '@cambium/base'

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

export interface CoreNewsMap {
  readonly load_shed: LoadShed
  readonly ask_cycle: AskCycle
}

export type CoreNews = { [K in keyof CoreNewsMap]: { readonly event: K; readonly detail: CoreNewsMap[K] } }[keyof CoreNewsMap]
