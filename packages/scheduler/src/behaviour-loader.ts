/**
 * Behaviours by the module that defines them, and name (D13). What a module exports of others is found under those, never under its own
 * address: two of the same name would be mistaken for each other. A module is imported once; what was spawned on the core where it was defined is taken as it is, so
 * that a module loaded in some other way (a test runner, a bundle) is not loaded twice there.
 */
import { isBehaviour } from '@cambium/actor'
import type { Behaviour } from '@cambium/actor'
import { CambiumError, moduleLoadError } from '@cambium/base'
import type { CorePlatform } from '@cambium/base'

type AnyBehaviour = Behaviour<unknown, unknown>

export class BehaviourLoader {
  readonly #platform: CorePlatform
  /** By module, then by name: one text of both would be made and hashed for each spawn. */
  readonly #loaded = new Map<string, Map<string, AnyBehaviour>>()

  constructor(platform: CorePlatform) {
    this.#platform = platform
  }

  /** Names of what is loaded, as `module#name`. */
  get names(): string[] {
    return [...this.#loaded].flatMap(([module, behaviours]) => Array.from(behaviours.keys(), (name) => `${module}#${name}`))
  }

  /** Makes a behaviour at hand known. */
  learn(behaviour: AnyBehaviour): void {
    this.#put(behaviour)
  }

  #put(behaviour: AnyBehaviour): void {
    const { module, name } = behaviour
    let behaviours = this.#loaded.get(module)
    if (behaviours === undefined) {
      behaviours = new Map()
      this.#loaded.set(module, behaviours)
    }
    behaviours.set(name, behaviour)
  }

  find(module: string, name: string): AnyBehaviour | undefined {
    return this.#loaded.get(module)?.get(name)
  }

  /** Imports `module` and answers its behaviour. Rejects with `ERR_MODULE_LOAD`, `ERR_BEHAVIOUR` or `ERR_BEHAVIOUR_NOT_FOUND`. */
  async load(module: string, name: string): Promise<AnyBehaviour> {
    const known = this.find(module, name)
    if (known !== undefined) return known
    let exports: Readonly<Record<string, unknown>>
    try {
      exports = await this.#platform.importModule(module)
    } catch (cause) {
      throw moduleLoadError(module, cause)
    }
    const own = ownBehaviours(module, exports)
    for (const behaviour of own) this.#put(behaviour)
    const found = this.find(module, name)
    if (found === undefined) {
      const names = own.map((behaviour) => behaviour.name)
      throw new CambiumError(
        'ERR_BEHAVIOUR_NOT_FOUND',
        `module exports no such behaviour: module=${module}, name=${name}, exported=[${names.join(', ')}]`,
        {
          fields: { module, name, exported: names },
        },
      )
    }
    return found
  }
}

/** The behaviours that `module` defines and exports. Throws `ERR_BEHAVIOUR` when two of them have one name. */
function ownBehaviours(module: string, exports: Readonly<Record<string, unknown>>): AnyBehaviour[] {
  const byName = new Map<string, { readonly exported: string; readonly behaviour: AnyBehaviour }>()
  for (const [exported, behaviour] of Object.entries(exports)) {
    if (!isBehaviour(behaviour) || behaviour.module !== module) continue
    const { name } = behaviour
    const other = byName.get(name)
    if (other !== undefined && other.behaviour !== behaviour) {
      throw new CambiumError(
        'ERR_BEHAVIOUR',
        `two behaviours of a module have one name: module=${module}, name=${name}, exports=${other.exported}, ${exported}`,
        { fields: { module, name, exports: [other.exported, exported] } },
      )
    }
    byName.set(name, { exported, behaviour })
  }
  return Array.from(byName.values(), ({ behaviour }) => behaviour)
}
