/**
 * The regions that have an actor: started when first needed, placed by their key, and stopped when there are too many, those first that were used
 * longest ago and have nobody waiting.
 */
import { CambiumError } from 'cambium'
import type { Ref, System } from 'cambium'
import type { RegionMessage } from './protocol.ts'
import { region } from './region.ts'
import type { RegionArgument } from './region.ts'

interface Entry {
  readonly ref: Promise<Ref<RegionMessage>>
  /** Requests that use it now, and its start while that lasts: so the starts that a core leaves undone are bounded as well. */
  users: number
}

/** Crashes of one region that are borne within five seconds; after one more it is started afresh by the next request. */
const INTENSITY = 50

export class RegionDirectory {
  readonly #system: System
  readonly #argument: RegionArgument
  readonly #regionsMax: number
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>()
  /** Regions that are being stopped; their names are not free yet. */
  readonly #ending = new Map<string, Promise<unknown>>()

  constructor(system: System, argument: RegionArgument, regionsMax: number) {
    this.#system = system
    this.#argument = argument
    this.#regionsMax = regionsMax
    system.events.on('given_up', ({ name }) => {
      for (const key of this.#entries.keys()) if (nameOf(key) === name) this.#entries.delete(key)
    })
  }

  get size(): number {
    return this.#entries.size
  }

  /** A ref of some region that runs, the last one used. */
  async lastUsed(): Promise<Ref<RegionMessage> | undefined> {
    return [...this.#entries.values()].at(-1)?.ref
  }

  /**
   * Lends out the region's ref for as long as `use` takes. It may still be starting, which lasts as long as its core hangs: how long to wait for it is
   * up to `use`. Undefined when there are as many regions as there may be, all in use.
   */
  async with<T>(key: string, use: (ref: Promise<Ref<RegionMessage>>) => Promise<T>): Promise<T | undefined> {
    const entry = this.#entries.get(key) ?? this.#start(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    entry.users += 1
    try {
      return await use(entry.ref)
    } catch (error) {
      // After a crash, and after the loss of its core, it comes back behind the same ref; gone for good it is only so:
      if (error instanceof CambiumError && error.code === 'ERR_NO_SUCH_ACTOR') this.#forget(key, entry)
      throw error
    } finally {
      entry.users -= 1
    }
  }

  #start(key: string): Entry | undefined {
    if (this.#entries.size >= this.#regionsMax && !this.#endOldest()) return undefined
    const entry: Entry = { ref: this.#spawn(key), users: 1 }
    entry.ref.then(
      () => {
        entry.users -= 1
      },
      () => this.#forget(key, entry), // whoever asked for it is told, the next one tries anew
    )
    return entry
  }

  #forget(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
  }

  async #spawn(key: string): Promise<Ref<RegionMessage>> {
    await this.#ending.get(key)
    return this.#system.spawn(region, this.#argument, { key, name: nameOf(key), intensity: INTENSITY, initTimeoutMs: 2000 })
  }

  #endOldest(): boolean {
    for (const [key, entry] of this.#entries) {
      if (entry.users > 0) continue
      this.#entries.delete(key)
      const ending = entry.ref
        .then((ref) => this.#system.stop(ref))
        .catch(() => {})
        .finally(() => this.#ending.delete(key))
      this.#ending.set(key, ending)
      return true
    }
    return false
  }
}

function nameOf(key: string): string {
  return `region ${key}`
}
