/**
 * Late control messages: for a while the control lane from one core to another takes nothing, as one that is full. What is to go there waits on its core, in
 * order, and goes when the time is up, or never when the core dies before; that no message overtakes it is the runtime's to see to.
 */
import type { Core } from '@cambium/scheduler'

interface Line {
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
      const { control } = link
      const line: Line = { held: 0 }
      const [write, drain] = [control.write.bind(control), control.drain.bind(control)]
      control.write = (...record) => line.held === 0 && write(...record)
      control.drain = () => (line.held === 0 ? drain() : control.queued === 0)
      Object.defineProperty(control, 'hasRoomForNext', {
        get: () => line.held === 0 && Reflect.get(Object.getPrototypeOf(control) as object, 'hasRoomForNext', control),
      })
      lines.set(link.core, line)
    }
    this.#lines.set(core.coreNumber, lines)
  }

  /** The returned function ends the delay; the core is to be told then that there is room. */
  hold(from: number, to: number): () => void {
    const line = this.#lines.get(from)?.get(to)
    if (line === undefined) return () => {}
    line.held += 1
    return () => {
      line.held -= 1
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
