/**
 * What a guest wants of links, monitors and exits. Its home does it, in its name and in the order of its words; it goes there on the control lane, as the bonds of
 * an actor with a name go by core 0. What it must know at once it knows here: which monitors it has, whether it traps exits, which links it has cut.
 */
import type { ExitReason, Monitor } from '@cambium/actor'
import { formatAddress, sameAddress } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import type { ActorBonds } from './actor-bonds.ts'
import type { ActorCell } from './actor-cell.ts'
import type { News } from './bond-signals.ts'
import { bondsFull, SIGNALS_WAITING_MAX } from './bond-post.ts'
import type { Guest } from './guest.ts'
import { InfoBox } from './info-message.ts'
import { slotOf } from './move-signals.ts'
import type { GuestAct } from './move-signals.ts'
import { MONITOR_STEP } from './moved.ts'
import type { WrittenFrom } from './moved.ts'
import type { OutboundLink } from './outbound-link.ts'
import { noSuchCore } from './send-errors.ts'
import type { Signal } from './signals.ts'
import { positionsOf } from './written-before.ts'

export interface GuestBondsHost {
  readonly coreNumber: number
  readonly links: readonly (OutboundLink | undefined)[]
  signal(core: number, signal: Signal): void
}

export class GuestBonds implements ActorBonds {
  readonly #host: GuestBondsHost

  constructor(host: GuestBondsHost) {
    this.#host = host
  }

  link(cell: ActorCell, ref: ActorAddress): void {
    if (sameAddress(cell.address, ref)) return
    this.#checkRoom(cell, ref)
    this.say(cell, { act: 'link', ref: plain(ref) })
  }

  unlink(cell: ActorCell, ref: ActorAddress): void {
    const guest = cell.guest as Guest
    cell.infos?.withdraw(({ info, isOfLink }) => info.type === 'exit' && isOfLink && sameAddress(info.ref, ref))
    guest.cuts.set(formatAddress(ref), this.say(cell, { act: 'unlink', ref: plain(ref) }))
  }

  monitor(cell: ActorCell, ref: ActorAddress): Monitor {
    this.#checkRoom(cell, ref)
    const guest = cell.guest as Guest
    const name = guest.lastMonitor + MONITOR_STEP
    this.say(cell, { act: 'monitor', ref: plain(ref), name })
    guest.lastMonitor = name
    guest.monitors.add(name)
    return name as Monitor
  }

  demonitor(cell: ActorCell, monitor: Monitor, isFlushed: boolean): boolean {
    if ((cell.guest as Guest).monitors.delete(monitor)) {
      this.say(cell, { act: 'demonitor', name: monitor })
      return true
    }
    if (isFlushed) cell.infos?.withdraw(({ info }) => info.type === 'down' && info.monitor === monitor)
    return false
  }

  exit(cell: ActorCell, ref: ActorAddress, reason: ExitReason): void {
    this.#checkRoom(cell, ref)
    this.say(cell, { act: 'exit', ref: plain(ref), reason, written: this.#written() })
  }

  tell(cell: ActorCell, ref: ActorAddress, news: News): void {
    this.#checkRoom(cell, ref)
    this.say(cell, { act: 'tell', ref: plain(ref), news, written: this.#written() })
  }

  trapExits(cell: ActorCell, isOn: boolean): boolean {
    const guest = cell.guest as Guest
    const before = guest.isTrapping
    if (isOn === before) return before
    this.say(cell, { act: 'trap', isOn })
    guest.isTrapping = isOn
    ;(cell.infos ??= new InfoBox()).isTrapping = isOn
    return before
  }

  /** Answers the number of what was said. */
  say(cell: ActorCell, what: GuestAct): number {
    const guest = cell.guest as Guest
    const { home, said } = guest
    this.#host.signal(home.core, { type: 'guest_act', ...slotOf(home), place: plain(cell), number: said + 1, what })
    guest.said += 1
    return guest.said
  }

  #checkRoom(cell: ActorCell, ref: ActorAddress): void {
    const { links, coreNumber } = this.#host
    if (ref.core !== coreNumber && links[ref.core] === undefined) throw noSuchCore(ref, links.length)
    const { home } = cell.guest as Guest
    const waiting = links[home.core]?.control.queued ?? 0
    if (waiting >= SIGNALS_WAITING_MAX) throw bondsFull(ref, waiting)
  }

  #written(): WrittenFrom {
    return { core: this.#host.coreNumber, positions: positionsOf(this.#host.links) }
  }
}

function plain({ core, slot, generation }: ActorAddress): ActorAddress {
  return { core, slot, generation }
}
