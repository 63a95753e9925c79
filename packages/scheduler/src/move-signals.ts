/** What cores tell each other of actors that move, on the control lane. The protocol is in `moves.ts`. */
import type { ExitReason, Info } from '@cambium/actor'
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import type { News } from './bond-signals.ts'
import type { Wish } from './core-directory.ts'
import type { MoveContent } from './move-content.ts'
import type { WrittenFrom } from './moved.ts'

/** A slot of the receiving core. */
interface At {
  readonly slot: number
  readonly generation: number
}

export function slotOf({ slot, generation }: At): At {
  return { slot, generation }
}

/** How a guest has ended. */
export interface GuestEnd {
  readonly reason: ExitReason
  readonly written: WrittenFrom
}

/** What a guest does that its home has to do for it. */
export type GuestAct =
  | { readonly act: 'link' | 'unlink'; readonly ref: ActorAddress }
  | { readonly act: 'monitor'; readonly ref: ActorAddress; readonly name: number }
  | { readonly act: 'demonitor'; readonly name: number }
  | { readonly act: 'trap'; readonly isOn: boolean }
  | { readonly act: 'exit'; readonly ref: ActorAddress; readonly reason: ExitReason; readonly written: WrittenFrom }
  | { readonly act: 'tell'; readonly ref: ActorAddress; readonly news: News; readonly written: WrittenFrom }
  | { readonly act: 'wish'; readonly request: number; readonly wish: Wish }
  | { readonly act: 'unlock'; readonly key: string }
  | { readonly act: 'watch' | 'unwatch'; readonly space: string }

export type MoveSignal =
  /** root → home: move the actor to that core. Answered by `started`, with its place, or `start_failed`. */
  | (At & { readonly type: 'migrate'; readonly request: number; readonly to: number; readonly timeoutMs: number })
  /** home → host: make a place for it. Answered by `started`, with the place, or `start_failed`. */
  | {
      readonly type: 'lodge'
      readonly request: number
      readonly home: ActorAddress
      readonly life: number
      readonly content: MoveContent
    }
  /** home → host: it may begin, behind what it had put aside. */
  | (At & { readonly type: 'guest_go'; readonly after: number })
  /** home → host: it is to come back. Answered by `unlodged` when it has come to rest, or `start_failed`. */
  | (At & { readonly type: 'unlodge'; readonly request: number; readonly timeoutMs: number })
  | { readonly type: 'unlodged'; readonly request: number; readonly content: MoveContent }
  /** home → host: it stays after all. */
  | (At & { readonly type: 'guest_stay' })
  /** home → host: nothing more is passed on, and what still waits for room must come. */
  | (At & { readonly type: 'guest_hold' })
  /** home → host: send back all that you have, once you have taken what was passed on. */
  | (At & { readonly type: 'guest_recall'; readonly after: number })
  /** home → host: end it, as asked for, or for an exit signal; `ofLink`: by a link with that actor. */
  | (At & { readonly type: 'guest_stop'; readonly timeoutMs: number })
  | (At & {
      readonly type: 'guest_exit'
      readonly reason: ExitReason
      readonly isKill: boolean
      readonly ofLink: string | undefined
      readonly heard: number
    })
  /** home ⇄ host: what the runtime tells it. `heard`: how much of what the guest has said was known by then. */
  | (At & {
      readonly type: 'guest_info'
      readonly info: Info
      readonly isOfLink: boolean
      readonly after: number
      readonly heard: number
    })
  /** home → host: so much of what the guest has said is known. */
  | (At & { readonly type: 'guest_heard'; readonly heard: number })
  /** home → host: of a wish that it had of the directory. */
  | (At & {
      readonly type: 'guest_answer'
      readonly request: number
      readonly count: number
      readonly error: ErrorRecord | undefined
    })
  /** host → home: from this place. */
  | (At & { readonly type: 'guest_act'; readonly place: ActorAddress; readonly number: number; readonly what: GuestAct })
  | (At & { readonly type: 'guest_over'; readonly place: ActorAddress; readonly end: GuestEnd })
  /** host → home: everything that was there has been written. `isSuspended`: as it was wanted there last. */
  | (At & {
      readonly type: 'guest_back'
      readonly place: ActorAddress
      readonly isSuspended: boolean
      readonly after: number
    })
  /** home → all: the host of that actor has died, and asks that it had taken have failed. */
  | { readonly type: 'asks_lost'; readonly target: ActorAddress; readonly error: ErrorRecord }
  /**
   * home, or its successor → host: whoever of that address is still there is over when this is answered, by `stopped`. With `incarnation` that one alone:
   * the next may have come there since.
   */
  | {
      readonly type: 'evict'
      readonly request: number
      readonly home: ActorAddress
      readonly incarnation: number | undefined
    }
  /** home → root: the actor is not on these cores any more. */
  | (At & { readonly type: 'settled'; readonly hosts: readonly number[] })
