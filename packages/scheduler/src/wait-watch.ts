/** Looks after messages that wait on a core: who waits in a circle is told, what waits too long is buried (D5). A timer of its own while anything waits. */
import type { Sender } from './sender.ts'
import type { Signal } from './signals.ts'
import type { SlotTable } from './slot-table.ts'
import { LookTimer } from './timer-wheel.ts'
import type { TimerWheel } from './timer-wheel.ts'
import { followWaits } from './wait-cycle.ts'
import type { WaitChainHost } from './wait-cycle.ts'

/** How often waiting messages are looked through, in milliseconds. */
const INTERVAL_MS = 100
/** An actor that waits for so long may be part of a circle, in milliseconds. */
const LONG_WAIT_MS = 500

export interface WaitWatchHost {
  readonly coreNumber: number
  readonly slots: SlotTable
  readonly wheel: TimerWheel
  readonly sender: Sender
  now(): number
  signal(core: number, signal: Signal): void
  toRoot(signal: Signal): void
}

export class WaitWatch {
  readonly #host: WaitWatchHost
  readonly #chains: WaitChainHost
  #timer: LookTimer | undefined = undefined

  constructor(host: WaitWatchHost) {
    this.#host = host
    this.#chains = {
      coreNumber: host.coreNumber,
      slots: host.slots,
      forward: (chain, next) => {
        host.signal(next.core, { type: 'wait_chain', chain, next })
      },
      found: (cycle) => {
        host.toRoot({ type: 'wait_cycle', cycle })
      },
    }
  }

  /** Keeps looking as long as anything waits. */
  watch(): void {
    const { outbox } = this.#host.sender
    if (this.#timer !== undefined || !outbox.hasWaiting) return
    this.#timer = new LookTimer(() => {
      this.#timer = undefined
      this.#followLongWaits()
      outbox.expire()
      this.watch()
    })
    this.#host.wheel.start(this.#timer, this.#host.now() + INTERVAL_MS)
  }

  /** Another core's chain of waits goes on here. */
  follow(signal: Extract<Signal, { type: 'wait_chain' }>): void {
    followWaits(this.#chains, signal.chain, signal.next)
  }

  /** Each chain is followed once. */
  #followLongWaits(): void {
    for (const cell of this.#host.sender.outbox.longWaiting(this.#host.now() - LONG_WAIT_MS)) {
      if (cell.isWaitFollowed) continue
      cell.isWaitFollowed = true
      followWaits(this.#chains, [], cell)
    }
  }
}
