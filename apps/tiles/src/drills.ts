/** The four failures that can be had on request: an actor throws, a handler hangs, a heap is exhausted, a core is killed. */
import type { Ref, System } from 'cambium'
import type { RendererMessage } from './protocol.ts'
import type { RegionDirectory } from './region-directory.ts'
import type { VitalSigns } from './vital-signs.ts'

export const DRILLS = ['throw', 'hang', 'heap', 'kill'] as const
export type Drill = (typeof DRILLS)[number]

export interface DrillReport {
  readonly drill: Drill
  readonly target: string
  readonly core: number
}

export interface DrillParts {
  readonly system: System
  readonly signs: VitalSigns
  readonly regions: RegionDirectory
  readonly renderers: readonly Ref<RendererMessage>[]
}

/** An order that waited behind a failure is not for the successor, which has done nothing. */
const ORDER = { expiresMs: 500 } as const

export class Drills {
  readonly #parts: DrillParts
  #count = 0

  constructor(parts: DrillParts) {
    this.#parts = parts
  }

  /** Each time another victim, among the cores that run. Undefined when none does just now. */
  async run(drill: Drill): Promise<DrillReport | undefined> {
    const { signs, system, renderers, regions } = this.#parts
    const up = Array.from({ length: system.cores }, (_, index) => index + 1).filter((core) => signs.core(core).isUp)
    const core = up[this.#count % up.length]
    if (core === undefined) return undefined
    this.#count += 1
    if (drill === 'kill') {
      system.killCore(core)
      return this.#report(drill, `core ${core}`, core)
    }
    // Who throws is a region at one time, with all who wait there, and a renderer at another, with the picture in its hand.
    const region = drill === 'throw' && this.#count % 2 === 0 ? await regions.lastUsed().catch(() => undefined) : undefined
    if (region !== undefined) {
      region.tell({ type: 'drill', kind: drill }, ORDER)
      return this.#report(drill, `a region on core ${region.core}`, region.core)
    }
    const renderer = renderers.find((each) => each.core === core)
    if (renderer === undefined) return undefined
    renderer.tell({ type: 'drill', kind: drill }, ORDER)
    return this.#report(drill, `the renderer on core ${core}`, core)
  }

  #report(drill: Drill, target: string, core: number): DrillReport {
    this.#parts.signs.note('drill', `${NAMES[drill]}: ${target}`)
    return { drill, target, core }
  }
}

const NAMES: Readonly<Record<Drill, string>> = {
  throw: 'throw in an actor',
  hang: 'hang a handler',
  heap: 'exhaust a heap',
  kill: 'kill a core',
}
