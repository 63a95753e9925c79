/**
 * Late control messages: for a while, what one core has to say to another on their control lane is written and not published. Messages go on until there
 * is such a signal; those that are sent after it wait with it, for no message ever overtakes one. What waits keeps its order, and comes when the time is
 * up, or never when its core dies before.
 */
import type { Core } from '@cambium/scheduler'

interface Line {
  readonly flush: () => void
  readonly flushData: () => void
  readonly ring: () => void
  /** Delays under way. */
  held: number
}

export class SignalDelays {
  readonly #lines = new Map<number, Map<number, Line>>()

  /** A core begins: its signals go through here. */
  watch(core: Core): void {
    const lines = new Map<number, Line>()
    for (const link of core.links) {
      if (link === undefined) continue
      const { control, data, bell } = link
      const [flushControl, flushData] = [control.flush.bind(control), data.flush.bind(data)]
      /** Where the last signal ends that was published. */
      let published = control.ringPosition
      const flush = (): void => {
        flushControl()
        published = control.ringPosition
      }
      const line: Line = {
        flush,
        flushData,
        ring: () => {
          bell.ring()
        },
        held: 0,
      }
      control.flush = () => {
        if (line.held === 0) flush()
      }
      data.flush = () => {
        if (line.held === 0 || control.ringPosition === published) flushData()
      }
      lines.set(link.core, line)
    }
    this.#lines.set(core.coreNumber, lines)
  }

  /** The returned function ends the delay. */
  hold(from: number, to: number): () => void {
    const line = this.#lines.get(from)?.get(to)
    if (line === undefined) return () => {}
    line.held += 1
    return () => {
      line.held -= 1
      // The core has died meanwhile: what it had not published does not exist.
      if (line.held > 0 || this.#lines.get(from)?.get(to) !== line) return
      line.flush()
      line.flushData()
      line.ring()
    }
  }

  /** Whether anything that the core writes may be held back. */
  holdsBack(core: number): boolean {
    for (const line of this.#lines.get(core)?.values() ?? []) if (line.held > 0) return true
    return false
  }

  /** A core has ended. */
  forget(core: number): void {
    this.#lines.delete(core)
  }
}
