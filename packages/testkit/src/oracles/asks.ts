/**
 * An ask fails by the loss of a core only when that core has been lost since it was made: one that its successor has is the successor's to answer.
 */
import { CambiumError, formatAddress } from '@cambium/base'
import type { Core } from '@cambium/scheduler'
import { violation } from './violation.ts'

type PendingAsk = Parameters<Core['asks']['add']>[0]

export class AskOracle {
  /** The life of the target's core when the ask was made. */
  readonly #lives = new WeakMap<PendingAsk, number>()
  readonly #coreLife: (core: number) => number
  readonly #report: (error: Error) => void

  constructor(coreLife: (core: number) => number, report: (error: Error) => void) {
    this.#coreLife = coreLife
    this.#report = report
  }

  /** A core begins. */
  watch({ asks, coreNumber, moves, sender: { replies } }: Core): void {
    let isGuestLost = false
    const { lostAsks } = moves
    const fail = lostAsks.fail.bind(lostAsks)
    // The host of the actor has died, of whichever core the ask knows nothing.
    lostAsks.fail = (target, error) => {
      isGuestLost = true
      fail(target, error)
      isGuestLost = false
    }
    const [add, failAsk] = [asks.add.bind(asks), replies.failAsk.bind(replies)]
    asks.add = (ask) => {
      this.#lives.set(ask, this.#coreLife(ask.target.core))
      add(ask)
    }
    replies.failAsk = (ask, error) => {
      const isLost = error instanceof CambiumError && error.code === 'ERR_CORE_LOST'
      if (isLost && !isGuestLost && this.#lives.get(ask) === this.#coreLife(ask.target.core))
        this.#report(
          violation('ERR_ORACLE_ASK', 'an ask failed by the loss of a core that has not been lost since', {
            from: `core-${coreNumber}`,
            target: formatAddress(ask.target),
          }),
        )
      failAsk(ask, error)
    }
  }
}
