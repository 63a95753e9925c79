/**
 * What the root keeps for supervisors that are actors: the slots of their children, which outlive both their own core and their supervisor's
 * (D8). Each child's core tells of its slot before the supervisor learns of it, and once more when it is free.
 */
import type { ActorAddress } from '@cambium/base'
import { formatAddress, sameAddress, slotKey } from '@cambium/base'
import type { AdoptedSlot, Signal } from '@cambium/scheduler'

/** Slots named in one signal. */
const SLOTS_PER_SIGNAL = 1024

interface KeptSlot {
  readonly address: ActorAddress
  readonly adopted: OwnedSlot
}

type OwnedSlot = Omit<Extract<Signal, { type: 'enlisted' }>, 'type'>

export type AdoptedNews = Extract<Signal, { type: 'adopted' }>
export type KeptChildren = Extract<Signal, { type: 'kept' }>

export interface LostSlots {
  /** For the successor to adopt. */
  readonly adopted: readonly AdoptedSlot[]
  /** The same, for the supervisors on other cores whose they are. */
  readonly news: readonly AdoptedNews[]
  /** Children of the supervisors that it adopts. */
  readonly kept: readonly KeptChildren[]
  /** Children on other cores whose supervisor will not come back. */
  readonly orphans: readonly ActorAddress[]
}

export class KeptSlots {
  readonly #bySlot = new Map<number, KeptSlot>()

  enlist(core: number, { slot, generation, name, mailbox, owner }: OwnedSlot): void {
    const address = { core, slot, generation }
    this.#bySlot.set(slotKey(address), { address, adopted: { slot, generation, name, mailbox, owner } })
  }

  discharge(address: ActorAddress): void {
    if (this.find(address) !== undefined) this.#bySlot.delete(slotKey(address))
  }

  find(address: ActorAddress): KeptSlot | undefined {
    const kept = this.#bySlot.get(slotKey(address))
    return kept !== undefined && sameAddress(kept.address, address) ? kept : undefined
  }

  /** A core has died. `isRoots` tells whether the root itself has its actor of this address restarted. */
  lost(core: number, isRoots: (address: ActorAddress) => boolean): LostSlots {
    // By their whole addresses: a slot may have been that of another supervisor, whose children are still here.
    const comesBack = new Map<string, boolean>()
    const willBeThere = (address: ActorAddress): boolean => {
      if (address.core !== core) return true // if it is not, its core frees the slot
      const key = formatAddress(address)
      const known = comesBack.get(key)
      if (known !== undefined) return known
      const kept = this.find(address)
      const answer = isRoots(address) || (kept !== undefined && willBeThere(kept.adopted.owner.supervisor)) // trees are finite
      comesBack.set(key, answer)
      return answer
    }
    const adopted: AdoptedSlot[] = []
    const orphans: ActorAddress[] = []
    const news = new Map<string, { supervisor: ActorAddress; addresses: ActorAddress[] }>()
    const children = new Map<string, { supervisor: ActorAddress; children: KeptChildren['children'][number][] }>()
    for (const [place, kept] of this.#bySlot) {
      const { address } = kept
      const { supervisor, id } = kept.adopted.owner
      const isWanted = willBeThere(supervisor)
      if (address.core === core) {
        if (!isWanted) this.#bySlot.delete(place)
        else {
          adopted.push(kept.adopted)
          if (supervisor.core !== core) pushTo(news, supervisor, address)
        }
      } else if (!isWanted) orphans.push(address)
      if (!isWanted || supervisor.core !== core) continue
      const key = formatAddress(supervisor)
      const family = children.get(key) ?? { supervisor, children: [] }
      family.children.push({ id, address })
      children.set(key, family)
    }
    const kept = Array.from(children.values(), ({ supervisor, children: those }): KeptChildren => {
      return { type: 'kept', slot: supervisor.slot, generation: supervisor.generation, children: those }
    })
    return { adopted, kept, orphans, news: Array.from(news.values(), (each): AdoptedNews => ({ type: 'adopted', ...each })) }
  }
}

function pushTo(
  news: Map<string, { supervisor: ActorAddress; addresses: ActorAddress[] }>,
  supervisor: ActorAddress,
  address: ActorAddress,
): void {
  const key = formatAddress(supervisor)
  const own = news.get(key)
  if (own === undefined) news.set(key, { supervisor, addresses: [address] })
  else own.addresses.push(address)
}

/** What the successor of a dead core is told, in this order: its slots, the root's and those of supervisors, then the children of these. */
export function adoptionOf(adopted: readonly AdoptedSlot[], kept: readonly KeptChildren[]): Signal[] {
  const signals: Signal[] = piecesOf(adopted).map((slots) => ({ type: 'adopt', slots }))
  for (const family of kept) for (const children of piecesOf(family.children)) signals.push({ ...family, children })
  return signals
}

function piecesOf<T>(list: readonly T[]): T[][] {
  const pieces: T[][] = []
  for (let at = 0; at < list.length; at += SLOTS_PER_SIGNAL) pieces.push(list.slice(at, at + SLOTS_PER_SIGNAL))
  return pieces
}
