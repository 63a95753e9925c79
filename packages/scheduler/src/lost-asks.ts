/** Asks to an actor whose host has died: which of them that had taken nobody knows, so all fail, on every core. */
import { CambiumError, formatAddress, fromErrorRecord, sameAddress } from '@cambium/base'
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import type { MovesHost } from './moves-host.ts'

export class LostAsks {
  readonly #host: MovesHost

  constructor(host: MovesHost) {
    this.#host = host
  }

  /** For the actor's home: tells all cores, this one included. */
  tell({ core, slot, generation }: ActorAddress, error: ErrorRecord): void {
    const target = { core, slot, generation }
    for (let peer = 0; peer < this.#host.coreCount; peer += 1)
      if (peer !== core) this.#host.signal(peer, { type: 'asks_lost', target, error })
    this.fail(target, error)
  }

  /** Those of this core. */
  fail(target: ActorAddress, error: ErrorRecord): void {
    const message = `core that hosted the actor died: target=${formatAddress(target)}, cause=${error.message}`
    for (const ask of this.#host.asks.all()) {
      if (!sameAddress(ask.target, target)) continue
      const cause = fromErrorRecord(error)
      this.#host.sender.replies.failAsk(ask, new CambiumError('ERR_CORE_LOST', message, { severity: 'crash', cause }))
    }
    this.#host.requestTurn()
  }
}
