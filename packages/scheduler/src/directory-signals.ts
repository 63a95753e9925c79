/** What cores and core 0 tell each other of the directory. The protocol is in `directory-office.ts`. */

/** One entry as all cores have it. */
export interface EntryRecord {
  /** Its number on every core, given by core 0; free again when the entry is gone. */
  readonly row: number
  readonly space: string
  readonly key: string
  readonly core: number
  readonly slot: number
  readonly generation: number
  readonly value: unknown
}

/** core → core 0: an actor of the sender wants something; `request` names the answer. */
export type DirectoryRequest =
  | {
      readonly type: 'dir_add'
      readonly request: number
      readonly slot: number
      readonly generation: number
      readonly space: string
      readonly key: string
      readonly value: unknown
      readonly isUnique: boolean
    }
  | {
      readonly type: 'dir_remove'
      readonly request: number
      readonly slot: number
      readonly generation: number
      readonly space: string
      readonly key: string
      readonly isAll: boolean
    }
  | {
      readonly type: 'dir_lock'
      readonly request: number
      readonly slot: number
      readonly generation: number
      readonly key: string
      /** Infinity for ever. */
      readonly waitMs: number
    }
  | { readonly type: 'dir_unlock'; readonly slot: number; readonly generation: number; readonly key: string }
  /** An incarnation has ended: so have its entries, its locks and its requests. */
  | { readonly type: 'dir_ended'; readonly slot: number; readonly generation: number }

/** core 0 → core */
export type DirectoryNews =
  | { readonly type: 'dir_set'; readonly entries: readonly EntryRecord[] }
  | { readonly type: 'dir_unset'; readonly rows: readonly number[] }
  /** To a successor, before all that there is: it may have been told of some of that already. */
  | { readonly type: 'dir_anew' }
  | {
      readonly type: 'dir_answer'
      readonly request: number
      readonly count: number
      /** Code of the error; undefined when it was done. */
      readonly error: string | undefined
    }

export type DirectorySignal = DirectoryRequest | DirectoryNews
