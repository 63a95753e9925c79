/**
 * What the runtime tells an actor of other actors: the ends of those it monitors, and those of its links that it traps. It comes to the callback
 * `info`, through the mailbox in its order of arrival, beyond every capacity. An actor without that callback is told nothing.
 */
import type { ExitReason } from './exit-reason.ts'
import type { Ref } from './ref.ts'

declare const monitorBrand: unique symbol

/** Names one monitor of one actor: what `context.monitor` returned is `===` what its `down` carries. A number; it means nothing to others. */
export type Monitor = number & { readonly [monitorBrand]: true }

/** An actor, whatever it takes: comparable, and good for links, monitors and `stopChild`. */
export type AnyRef = Ref<never>

export type Info =
  /** The incarnation that was monitored has ended, or was not there (`noproc`). Comes once for each monitor. */
  | { readonly type: 'down'; readonly monitor: Monitor; readonly ref: AnyRef; readonly reason: ExitReason }
  /** A linked actor has ended, or `ref` has sent this exit. Only for actors that trap exits. */
  | { readonly type: 'exit'; readonly ref: AnyRef; readonly reason: ExitReason }
  /** An entry was made in, or is gone from, a space of the directory that the actor watches; without its value when it is gone. */
  | {
      readonly type: 'joined' | 'left'
      readonly space: string
      readonly key: string
      readonly ref: AnyRef
      readonly value: unknown
    }
  /** An event manager (`ref`) has no longer that handler, whose owner this actor is. `normal`: it was deleted or swapped, or went by itself. */
  | {
      readonly type: 'handler_removed'
      readonly ref: AnyRef
      readonly handler: string
      /** URL of the handler's module. */
      readonly module: string
      readonly id: string
      readonly reason: ExitReason
      /** The one that has taken its place. */
      readonly next: { readonly handler: string; readonly module: string; readonly id: string } | undefined
    }
