/** What an actor does with links, monitors and exits, whether its core keeps them or, for a guest, its home. */
import type { ExitReason, Monitor } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import type { ActorCell } from './actor-cell.ts'
import type { News } from './bond-signals.ts'

/** How a child is bound to its parent. */
export interface ChildBonds {
  readonly link: boolean
  readonly monitor: boolean
}

export interface ActorBonds {
  link(cell: ActorCell, ref: ActorAddress): void
  unlink(cell: ActorCell, ref: ActorAddress): void
  monitor(cell: ActorCell, ref: ActorAddress): Monitor
  demonitor(cell: ActorCell, monitor: Monitor, isFlushed: boolean): boolean
  exit(cell: ActorCell, ref: ActorAddress, reason: ExitReason): void
  tell(cell: ActorCell, ref: ActorAddress, news: News): void
  trapExits(cell: ActorCell, isOn: boolean): boolean
}

/** What binds a child to its parent before its `init`. */
export function binder(
  bonds: ActorBonds,
  parent: ActorCell,
  { link, monitor }: ChildBonds,
): ((child: ActorCell) => void) | undefined {
  if (!link && !monitor) return undefined
  return (child) => {
    if (link) bonds.link(parent, child)
    if (monitor) bonds.monitor(parent, child)
  }
}
