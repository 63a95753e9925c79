/**
 * Cores that do not see each other: `sim.partition`, and the fault of that name. What a core writes for one on the other side of a cut stays
 * behind its private cursor in the ring, as a packet stays in the buffer of a sender whose line is dead.
 *
 * 1. Cut: records for the other side, data and control, are written and not published; nobody on the other side is rung.
 * 2. So the ring fills, and its senders feel it as they feel any full ring: backpressure, then the limits of their waits. Asks time out.
 * 3. What was published before the cut has arrived: it is read.
 * 4. Healed: what was held back is published, in order, and both sides of each cut are rung, for a wake-up may have been held back with it.
 * 5. A core that dies takes with it what it had not published: those messages are among the lost ones of its books.
 *
 * The end of a thread is no record: the root learns of it in spite of a cut. But a successor whose first word does not reach the root in time
 * (`coreStartTimeoutMs`) is started again, and counts as a core that died.
 */
import { optionError } from '@cambium/base'
import type { Core } from '@cambium/scheduler'

/** The present line from one core to another, with what it does when nothing is cut. */
interface Line {
  readonly from: number
  readonly to: number
  flush(): void
  ring(): void
}

type Sides = readonly (readonly number[])[]

export class Partitions {
  readonly #note: (what: string) => void
  /** Of each live core. */
  readonly #lines = new Map<number, readonly Line[]>()
  readonly #cuts = new Set<Sides>()

  /** `note` is told of each cut and each healing. */
  constructor(note: (what: string) => void) {
    this.#note = note
  }

  /** Partitions at present, in words. */
  get present(): readonly string[] {
    return Array.from(this.#cuts, describe)
  }

  /** Whether anything that the core writes may be held back. */
  holdsBack(core: number): boolean {
    for (const sides of this.#cuts) if (sideOf(sides, core) >= 0) return true
    return false
  }

  /** A core begins: what it publishes goes through here. */
  watch(core: Core): void {
    const from = core.coreNumber
    const lines: Line[] = []
    for (const link of core.links) {
      if (link === undefined) continue
      const { core: to, bell, data, control } = link
      const [ring, flushData, flushControl] = [bell.ring.bind(bell), data.flush.bind(data), control.flush.bind(control)]
      bell.ring = () => !this.#isCut(from, to) && ring()
      data.flush = () => {
        if (!this.#isCut(from, to)) flushData()
      }
      control.flush = () => {
        if (!this.#isCut(from, to)) flushControl()
      }
      lines.push({
        from,
        to,
        flush() {
          flushControl()
          flushData()
        },
        ring,
      })
    }
    this.#lines.set(from, lines)
  }

  /** A core has ended: what it had not published does not exist. */
  forget(core: number): void {
    this.#lines.delete(core)
  }

  /** The returned function heals this cut, once; others stay. */
  cut(sides: Sides): () => void {
    // Of its own: equal sides may be cut twice.
    const cut = sides.map((side) => [...side])
    this.#cuts.add(cut)
    this.#note(`partition ${describe(cut)}`)
    return () => {
      if (!this.#cuts.delete(cut)) return
      this.#note(`partition ${describe(cut)} is healed`)
      this.#reconnect(cut)
    }
  }

  /** All cuts. */
  heal(): void {
    const cuts = [...this.#cuts]
    this.#cuts.clear()
    for (const cut of cuts) {
      this.#note(`partition ${describe(cut)} is healed`)
      this.#reconnect(cut)
    }
  }

  #isCut(from: number, to: number): boolean {
    if (this.#cuts.size === 0) return false
    for (const sides of this.#cuts) if (isBetween(sides, from, to)) return true
    return false
  }

  #reconnect(sides: Sides): void {
    const lines = [...this.#lines.values()].flat().filter(({ from, to }) => isBetween(sides, from, to) && !this.#isCut(from, to))
    for (const line of lines) line.flush()
    for (const line of lines) line.ring()
  }
}

/** Throws `ERR_OPTION` for what is no partition of cores 0 to `coreMax`. */
export function checkSides(sides: unknown, coreMax: number): asserts sides is Sides {
  if (!Array.isArray(sides) || sides.length < 2) throw optionError('sides', sides, 'two lists of cores or more')
  const seen = new Map<number, number>()
  sides.forEach((side: unknown, at) => {
    if (!Array.isArray(side) || side.length === 0) throw optionError(`sides[${at}]`, side, 'a list of cores')
    side.forEach((core: unknown, place) => {
      const name = `sides[${at}][${place}]`
      if (!Number.isInteger(core) || (core as number) < 0 || (core as number) > coreMax)
        throw optionError(name, core, `a core from 0 to ${coreMax}`)
      const before = seen.get(core as number)
      if (before !== undefined) throw optionError(name, core, `a core that is on no other side: it is on sides[${before}]`)
      seen.set(core as number, at)
    })
  })
}

function isBetween(sides: Sides, from: number, to: number): boolean {
  const side = sideOf(sides, from)
  return side >= 0 && sideOf(sides, to) >= 0 && side !== sideOf(sides, to)
}

/** -1 for a core that is on no side: it sees all. */
function sideOf(sides: Sides, core: number): number {
  return sides.findIndex((side) => side.includes(core))
}

function describe(sides: Sides): string {
  return sides.map((side) => side.join(',')).join(' | ')
}
