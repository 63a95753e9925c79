/** What happened in a run, in order: a running hash that two equal runs share, and the last events to show. */
import { mixContent, mixText } from './content-hash.ts'

export interface TraceEvent {
  readonly atMs: number
  readonly core: number
  readonly what: string
}

/** Events kept for showing; the hash covers all. */
const EVENTS_KEPT = 2000

export class Trace {
  readonly events: TraceEvent[] = []
  count = 0
  #hash = 0x811c9dc5

  note(atMs: number, core: number, what: string): void {
    this.count += 1
    // Times to the microsecond: they are sums of exact decimals of virtual time, equal on every machine.
    this.#hash = mixText(this.#hash, `${Math.round(atMs * 1000)}|${core}|${what}`)
    if (this.events.length >= EVENTS_KEPT) this.events.splice(0, EVENTS_KEPT / 2)
    this.events.push({ atMs, core, what })
  }

  /** One message was taken by the incarnation of that number: in the hash only, with what it says; there are too many to keep. */
  received(core: number, incarnation: number, message: unknown): void {
    this.count += 1
    this.#hash = mixContent(Math.imul(Math.imul(this.#hash ^ core, 0x01000193) ^ incarnation, 0x01000193), message)
  }

  /** FNV-1a, 32 bits, as eight hexadecimal digits. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }
}
