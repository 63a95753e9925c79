/** What a core knows of an actor that it has as a guest, besides what it knows of any: fields only; the protocol is in `moves.ts`. */
import type { ActorAddress } from '@cambium/base'

export class Guest {
  /** The address by which everybody knows it. */
  readonly home: ActorAddress
  /** Epoch of its home: it ends with that. */
  readonly life: number
  /** Names of the monitors that it has, as far as it was told. */
  readonly monitors: Set<number>
  lastMonitor: number
  /** Links that it has cut: for each the number of what it said then, until its home is known to have heard. */
  readonly cuts: Map<string, number> = new Map()
  /** How often it has said something to its home. */
  said = 0
  isTrapping: boolean
  /** Ends that were asked for before it has begun, to be carried out then; undefined since it has. */
  onBegun: (() => void)[] | undefined = []
  /** It is over, or leaves: what its home has passed on waits to be sent back. */
  isLeaving = false
  /** Its home passes nothing more on: what still comes is what it waits for. */
  isHeld = false
  /** It was told to send everything back while it was ending: that follows its end. */
  isRecalled = false
  /** Nobody wants anything of it any more: its home has gone, or takes it back. */
  isOrphan = false
  /** Everything is on its way home. */
  isReturned = false

  constructor(options: {
    home: ActorAddress
    life: number
    monitors: readonly number[]
    lastMonitor: number
    isTrapping: boolean
  }) {
    this.home = options.home
    this.life = options.life
    this.monitors = new Set(options.monitors)
    this.lastMonitor = options.lastMonitor
    this.isTrapping = options.isTrapping
  }
}
