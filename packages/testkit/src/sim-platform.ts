/** What one simulated core sees of the world (`CorePlatform`), and the behaviours that all of them know, whatever module they came from. */
import type { Behaviour } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import type { CorePlatform, ParcelPost, SeededRandom } from '@cambium/base'
import type { Core } from '@cambium/scheduler'
import type { WorldHooks } from './sim-context.ts'
import { watchBehaviour } from './watched-behaviour.ts'
import type { ProgramWatch } from './watched-behaviour.ts'

type AnyBehaviour = Behaviour<unknown, unknown>

export class BehaviourShelf {
  /** Exports by module. */
  readonly #modules = new Map<string, Record<string, unknown>>()
  readonly #dress: (behaviour: AnyBehaviour) => AnyBehaviour
  readonly #watch: ProgramWatch

  /** `dress` puts on what a run wants around a behaviour; `watch` comes around that. */
  constructor(dress: (behaviour: AnyBehaviour) => AnyBehaviour, watch: ProgramWatch) {
    this.#dress = dress
    this.#watch = watch
  }

  learn(behaviour: AnyBehaviour): void {
    const exports = this.#modules.get(behaviour.module) ?? {}
    exports[behaviour.name] = this.#prepare(behaviour)
    this.#modules.set(behaviour.module, exports)
  }

  load(module: string): Promise<Readonly<Record<string, unknown>>> {
    const known = this.#modules.get(module)
    return known === undefined
      ? Promise.reject(new CambiumError('ERR_MODULE_LOAD', `module is not known to the simulation: module=${module}`))
      : Promise.resolve(known)
  }

  /** Behaviours that an actor or the root has at hand do not come through {@link load}. */
  watchLoader({ loader }: Core): void {
    const learn = loader.learn.bind(loader)
    loader.learn = (behaviour) => {
      if (loader.find(behaviour.module, behaviour.name) === undefined) learn(this.#prepare(behaviour))
    }
  }

  #prepare(behaviour: AnyBehaviour): AnyBehaviour {
    return watchBehaviour(this.#dress(behaviour), this.#watch)
  }
}

export interface SimPlatformOptions {
  readonly random: SeededRandom
  readonly shelf: BehaviourShelf
  readonly now: () => number
  readonly requestTurn: () => void
  /** One of the places where the core's thread may end. */
  readonly point: () => void
  /** A record may be in hand, not looked at yet. */
  readonly inHand: () => void
  readonly offload: WorldHooks['offload']
  readonly parcels: ParcelPost
}

export function createSimPlatform(options: SimPlatformOptions): CorePlatform {
  const { random, shelf, now, requestTurn, point, inHand, offload, parcels } = options
  return {
    now: () => {
      point()
      return now()
    },
    random: () => random.next(),
    importModule: (url) => shelf.load(url),
    requestTurn: () => {
      point()
      requestTurn()
    },
    checkpoint: () => {
      inHand()
      point()
    },
    offload,
    parcels,
  }
}
