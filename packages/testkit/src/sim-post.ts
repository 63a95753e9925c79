/**
 * The simulated way for parcels: as ports are, in one thread. Both ends of a new core learn of it some time after its start, each at its own, and of several
 * in their order; what was posted outlives its sender and dies with its receiver.
 */
import type { ParcelPost, PostedParcel, SeededRandom } from '@cambium/base'

export interface SimPostHost {
  readonly random: SeededRandom
  after(delayMs: number, run: () => void): void
  /** Tells the core, if it runs, of a way to `peer`. */
  connected(core: number, peer: number): void
}

const CONNECT_MS_MAX = 5
/** Of one peer: its own and its predecessor's. */
const WAYS_MAX = 2

type Way = PostedParcel[]

interface Ends {
  /** By peer. */
  readonly to: Map<number, Way>
  /** By peer; the latest last. */
  readonly from: Map<number, Way[]>
  /** Ways that this core will learn of, the next one first. */
  readonly coming: (() => void)[]
}

export class SimPost {
  readonly #host: SimPostHost
  /** Of the cores that run. */
  readonly #ends = new Map<number, Ends>()

  constructor(host: SimPostHost) {
    this.#host = host
  }

  /** The post as one core has it, whichever of its lives. */
  of(core: number): ParcelPost {
    return {
      post: (peer, parcel) => {
        const way = this.#ends.get(core)?.to.get(peer)
        way?.push(parcel)
        return way !== undefined
      },
      receive: (peer) => {
        const ways = this.#ends.get(core)?.from.get(peer) ?? []
        while (ways.length > 1 && ways[0]?.length === 0) ways.shift()
        return ways[0]?.shift()
      },
    }
  }

  /** Parcels that have been posted and not been looked at. */
  get underWay(): number {
    let count = 0
    for (const { from } of this.#ends.values()) for (const ways of from.values()) for (const way of ways) count += way.length
    return count
  }

  started(core: number): void {
    const own: Ends = { to: new Map(), from: new Map(), coming: [] }
    for (const [peer, ends] of this.#ends) {
      const there: Way = []
      const back: Way = []
      this.#connectLater(core, own, peer, there, back)
      this.#connectLater(peer, ends, core, back, there)
    }
    this.#ends.set(core, own)
  }

  ended(core: number): void {
    this.#ends.delete(core)
  }

  #connectLater(core: number, ends: Ends, peer: number, to: Way, from: Way): void {
    ends.coming.push(() => {
      ends.to.set(peer, to)
      const ways = ends.from.get(peer) ?? []
      ends.from.set(peer, ways)
      ways.push(from)
      if (ways.length > WAYS_MAX) ways.shift()
      this.#host.connected(core, peer)
    })
    this.#host.after(this.#host.random.next() * CONNECT_MS_MAX, () => {
      // Not the very one whose time has come: those of an earlier start come first.
      const connect = ends.coming.shift()
      if (this.#ends.get(core) === ends) connect?.()
    })
  }
}
