/**
 * Signals come first (D4): of what one core says to another, no message arrives before a signal that was sent before it.
 *
 * Counted for one life of both ends: what a core had said before its death, or to a core before that one's, is in no order with what is said later.
 */
import type { Core } from '@cambium/scheduler'
import { violation } from './violation.ts'

/** From one core to another. */
export interface SignalLine {
  readonly from: number
  readonly to: number
  sent: number
  taken: number
}

const CORES = 256

export class SignalOrder {
  readonly #lines = new Map<number, SignalLine>()

  /** A core begins. */
  watch(core: Core): void {
    const { coreNumber, router } = core
    for (let peer = 0; peer < core.coreCount; peer += 1) {
      this.#lines.delete(coreNumber * CORES + peer)
      this.#lines.delete(peer * CORES + coreNumber)
    }
    const [send, take, reportFault] = [router.send.bind(router), router.take.bind(router), core.reportFault.bind(core)]
    router.send = (to, signal) => {
      const epoch = send(to, signal)
      if (core.links[to] !== undefined) this.line(coreNumber, to).sent += 1
      return epoch
    }
    router.take = (from, signal) => {
      this.line(from, coreNumber).taken += 1
      take(from, signal)
    }
    core.reportFault = (where, error) => {
      // One that lost what it shared is told of by nothing else: it was taken from whomever, so it counts for all.
      if (where === 'a signal') for (const line of this.#lines.values()) if (line.to === coreNumber) line.taken += 1
      reportFault(where, error)
    }
  }

  /** The present one. */
  line(from: number, to: number): SignalLine {
    const key = from * CORES + to
    let line = this.#lines.get(key)
    if (line === undefined) {
      line = { from, to, sent: 0, taken: 0 }
      this.#lines.set(key, line)
    }
    return line
  }

  /** A message has arrived that was written when so many signals had been sent on that line. */
  arrived(line: SignalLine, signals: number): void {
    if (line.taken >= signals || line !== this.line(line.from, line.to)) return
    throw violation('ERR_ORACLE_ORDER', 'a message came before a signal that was sent before it', {
      from: `core-${line.from}`,
      to: `core-${line.to}`,
      signals,
      taken: line.taken,
    })
  }
}
