/**
 * Groups of actors under one supervisor each, below the root supervisor: the first form of a supervision tree. The root supervisor is a
 * pure supervisor like the others (one_for_one); a group that used up its restarts is started again by it, in the same slots.
 */
import type { Behaviour, Ref } from '@cambium/actor'
import { checkFields, checkOneOf, optionError } from '@cambium/base'
import { createSupervisor, decide } from '@cambium/supervision'
import type { Strategy, SupervisorEvent, SupervisorFlags, SupervisorState } from '@cambium/supervision'
import type { Root } from './root.ts'
import { checkActor, checkBudget } from './spawn-options.ts'
import type { ActorOptions } from './spawn-options.ts'
import type { SupervisedActor } from './supervised-actor.ts'
import { SupervisorHost } from './supervisor-host.ts'
import type { createSystemEvents } from './system-events.ts'

/** One child of a group; what {@link child} makes. */
export interface GroupChild<M, R> {
  readonly behaviour: Behaviour<never, M, R>
  readonly argument: unknown
  readonly options: ActorOptions
}

export type GroupChildren = Readonly<Record<string, GroupChild<never, unknown>>>

export type GroupRefs<C extends GroupChildren> = {
  readonly [K in keyof C]: C[K] extends GroupChild<infer M, infer R> ? Ref<M, R> : never
}

export interface GroupOptions {
  /** Shown in events. @default 'group-N' */
  readonly name?: string
  /** @default 'one_for_one' */
  readonly strategy?: Strategy
  /** Restarts within `periodMs` that are borne by the group. @default 3 */
  readonly intensity?: number
  /** @default 5000 */
  readonly periodMs?: number
}

/** A child of a group: its behaviour, its argument, and options like those of `spawn`; `restart` is `permanent` by default here, as in OTP. */
export function child<A, M, R>(behaviour: Behaviour<A, M, R>, argument: A, options: ActorOptions = {}): GroupChild<M, R> {
  return { behaviour, argument, options: { restart: 'permanent', ...options } }
}

interface Group {
  readonly name: string
  readonly flags: SupervisorFlags
  readonly actors: readonly SupervisedActor[]
  host: SupervisorHost | undefined
  /** All children were started; from then on the end of the host is a failure of the group. */
  isUp: boolean
}

const STRATEGIES = ['one_for_one', 'one_for_all', 'rest_for_one'] as const

export class Groups {
  readonly #root: Root
  readonly #events: ReturnType<typeof createSystemEvents>
  readonly #state: SupervisorState<Group>
  readonly #byActor = new WeakMap<SupervisedActor, Group>()
  readonly #onFailed: () => void
  readonly #starting = new Map<string, (error: Error | undefined) => void>()
  #count = 0

  constructor(root: Root, events: ReturnType<typeof createSystemEvents>, flags: SupervisorFlags, onFailed: () => void) {
    this.#root = root
    this.#events = events
    this.#onFailed = onFailed
    this.#state = createSupervisor<Group>({ strategy: 'one_for_one', ...flags }, [])
    this.#feed({ type: 'start' })
  }

  has(actor: SupervisedActor): boolean {
    return this.#byActor.has(actor)
  }

  /** Starts a group; rejects, with everything stopped again, when one of its children does not start. */
  async start(children: GroupChildren, options: GroupOptions, cores: number): Promise<readonly SupervisedActor[]> {
    checkFields('options', options, ['name', 'strategy', 'intensity', 'periodMs'])
    checkFields('children', children, Object.keys(children ?? {}))
    if (Object.keys(children).length === 0) throw optionError('children', children, 'at least one child')
    if (options.name !== undefined && typeof options.name !== 'string') throw optionError('name', options.name, 'a string')
    const flags = { ...checkBudget(options), strategy: checkOneOf('strategy', options.strategy, STRATEGIES, 'one_for_one') }
    for (const [id, each] of Object.entries(children)) checkFields(`children.${id}`, each, ['behaviour', 'argument', 'options'])
    const entries = Object.entries(children).map(([id, each]) => ({
      id,
      behaviour: each.behaviour,
      checked: checkActor(each.behaviour, each.argument, each.options, cores),
    }))
    this.#count += 1
    const name = options.name ?? `group-${this.#count}`
    const actors: SupervisedActor[] = []
    try {
      for (const { id, behaviour, checked } of entries) {
        const actor = this.#root.enlist(id, checked, {})
        actors.push(actor)
        if (actor.core === 0) this.#root.core.loader.learn(behaviour as unknown as Behaviour<unknown, unknown>)
      }
    } catch (error) {
      for (const actor of actors) this.#root.roster.discharge(actor)
      throw error
    }
    const id = `${name}#${this.#count}`
    const group: Group = { name, flags, actors, host: undefined, isUp: false }
    for (const actor of actors) this.#byActor.set(actor, group)
    return new Promise((resolve, reject) => {
      this.#starting.set(id, (error) => {
        if (error === undefined) {
          resolve(actors)
          return
        }
        this.#forget(group)
        reject(error)
      })
      this.#feed({
        type: 'add_child',
        spec: { id, start: group, restart: 'permanent', shutdown: 'infinity', kind: 'supervisor' },
      })
    })
  }

  #startHost(id: string, group: Group, started: (error: Error | undefined) => void): void {
    group.isUp = false
    group.host = new SupervisorHost(group.name, group.flags, group.actors, this.#root, (reason) => {
      if (!group.isUp) return // its start has failed, which `started` tells
      group.isUp = false
      this.#feed({ type: 'child_exited', id, exit: { kind: 'shutdown', detail: reason } })
    })
    group.host.start((error) => {
      group.isUp = error === undefined
      started(error)
    })
  }

  #feed(event: SupervisorEvent<Group>): void {
    for (const action of decide(this.#state, event, this.#root.now()).actions) {
      switch (action.type) {
        case 'start_child': {
          const { id } = action.spec
          this.#startHost(id, action.spec.start, (error) => {
            if (error === undefined) {
              this.#feed({ type: 'child_started', id, incarnation: action.incarnation })
              this.#answer(id, undefined)
            } else {
              this.#answer(id, error)
              this.#feed({
                type: 'child_start_failed',
                id,
                exit: { kind: 'crash', detail: error },
                incarnation: action.incarnation,
              })
            }
          })
          break
        }
        case 'report':
          if (action.report === 'intensity_exceeded')
            this.#events.publish('given_up', { name: 'root', restarts: action.restarts, reason: `group ${action.id} failed` })
          break
        case 'ended':
          this.#onFailed()
          break
        case 'stop_child':
          // The root supervisor only stops its groups when it ends itself; the system then stops all actors in reverse order.
          this.#feed({ type: 'child_stopped', id: action.id, exit: { kind: 'shutdown' }, incarnation: action.incarnation })
          break
        default:
      }
    }
  }

  #answer(id: string, error: Error | undefined): void {
    const answer = this.#starting.get(id)
    this.#starting.delete(id)
    answer?.(error)
  }

  #forget(group: Group): void {
    for (const actor of group.actors) {
      this.#byActor.delete(actor)
      if (actor.address === undefined) this.#root.roster.discharge(actor)
      else this.#root.releaseActor(actor)
    }
  }
}
