/**
 * Teams of actors under one supervisor each, below the root supervisor: the first form of a supervision tree. The root supervisor is a
 * pure supervisor like the others (one_for_one); a team that used up its restarts is started again by it, in the same slots.
 */
import type { Behaviour, Ref } from '@cambium/actor'
import { CambiumError, checkFields, checkOneOf, optionError } from '@cambium/base'
import { createSupervisor, decide } from '@cambium/supervision'
import type { Strategy, SupervisorEvent, SupervisorFlags, SupervisorState } from '@cambium/supervision'
import type { Root } from './root.ts'
import { checkActor, checkIntensity } from './spawn-options.ts'
import type { ActorOptions, CheckedActor } from './spawn-options.ts'
import type { SupervisedActor } from './supervised-actor.ts'
import { SupervisorHost } from './supervisor-host.ts'
import type { createSystemEvents } from './system-events.ts'

/** One child of a team; what {@link child} makes. */
export interface Child<M, R> {
  readonly behaviour: Behaviour<never, M, R>
  readonly argument: unknown
  readonly options: ChildOfSupervisorOptions
}

export type TeamChildren = Readonly<Record<string, Child<never, unknown>>>

export type TeamRefs<C extends TeamChildren> = {
  readonly [K in keyof C]: C[K] extends Child<infer M, infer R> ? Ref<M, R> : never
}

export interface ChildOfSupervisorOptions extends ActorOptions {
  /** Unique among the children of a supervisor; in a team it is the key. @default the behaviour's name; in a dynamic supervisor `child-N` */
  readonly id?: string
  /** Its end may end its supervisor: see `autoShutdown`. Not for a `permanent` child, not in a team. @default false */
  readonly significant?: boolean
  /** Balanced over the worker threads, as `spawn` does it, instead of on its supervisor's core. Not with `core` or `key`; a team's are always. @default false */
  readonly spread?: boolean
}

export interface TeamOptions {
  /** Shown in events. @default 'team-N' */
  readonly name?: string
  /** @default 'one_for_one' */
  readonly strategy?: Strategy
  /** Restarts within `periodMs` that are borne by the team. @default 3 */
  readonly intensity?: number
  /** @default 5000 */
  readonly periodMs?: number
}

/**
 * A child of a team or of a supervisor: its behaviour, its argument, and options like those of `spawn`; `restart` is `permanent` by default here, as in
 * OTP. What is wrong with it is told where it is used.
 */
export function child<A, M, R>(behaviour: Behaviour<A, M, R>, argument: A, options: ChildOfSupervisorOptions = {}): Child<M, R> {
  return { behaviour, argument, options: { restart: 'permanent', ...options } }
}

/** Throws `ERR_OPTION`, which names the child too. */
function checkChild(id: string, each: Child<never, unknown>, cores: number): CheckedActor {
  try {
    return checkActor(each.behaviour, each.argument, each.options, cores)
  } catch (error) {
    if (!(error instanceof CambiumError) || error.code !== 'ERR_OPTION') throw error
    const { option, expected } = error.fields as { option: string; expected: string }
    const isOfChild = option === 'behaviour' || option.startsWith('options')
    const path = `children.${id}.${isOfChild ? option : `options.${option}`}`
    const message = `option ${path}${error.message.slice(`option ${option}`.length)}`
    throw new CambiumError('ERR_OPTION', message, { cause: error, fields: { option: path, expected } })
  }
}

export interface Team {
  /** Unlike the name, no other's. */
  readonly id: string
  readonly name: string
  readonly flags: SupervisorFlags
  readonly actors: readonly SupervisedActor[]
  host: SupervisorHost | undefined
  /** All children were started; from then on the end of the host is a failure of the team. */
  isUp: boolean
  /** Present once it was asked to stop: resolves when it has. */
  stopped: PromiseWithResolvers<void> | undefined
  /** Incarnation that the root supervisor has under way of being stopped. */
  stopping: number | undefined
}

const STRATEGIES = ['one_for_one', 'one_for_all', 'rest_for_one'] as const

export class Teams {
  readonly #root: Root
  readonly #events: ReturnType<typeof createSystemEvents>
  readonly #state: SupervisorState<Team>
  readonly #byActor = new WeakMap<SupervisedActor, Team>()
  readonly #onFailed: () => void
  readonly #starting = new Map<string, (error: Error | undefined) => void>()
  /** Teams that have a supervisor, by id. */
  readonly #running = new Map<string, Team>()
  #count = 0

  constructor(root: Root, events: ReturnType<typeof createSystemEvents>, flags: SupervisorFlags, onFailed: () => void) {
    this.#root = root
    this.#events = events
    this.#onFailed = onFailed
    this.#state = createSupervisor<Team>({ strategy: 'one_for_one', ...flags }, [])
    this.#feed({ type: 'start' })
  }

  has(actor: SupervisedActor): boolean {
    return this.#byActor.has(actor)
  }

  /** Starts a team; rejects, with everything stopped again, when one of its children does not start. */
  async start(children: TeamChildren, options: TeamOptions, cores: number): Promise<Team> {
    checkFields('options', options, ['name', 'strategy', 'intensity', 'periodMs'])
    checkFields('children', children, Object.keys(children ?? {}))
    if (Object.keys(children).length === 0) throw optionError('children', children, 'at least one child')
    if (options.name !== undefined && typeof options.name !== 'string') throw optionError('name', options.name, 'a string')
    const flags = { ...checkIntensity(options), strategy: checkOneOf('strategy', options.strategy, STRATEGIES, 'one_for_one') }
    for (const [id, each] of Object.entries(children)) checkFields(`children.${id}`, each, ['behaviour', 'argument', 'options'])
    const entries = Object.entries(children).map(([id, each]) => ({
      id,
      behaviour: each.behaviour,
      checked: checkChild(id, each, cores),
    }))
    this.#count += 1
    const name = options.name ?? `team-${this.#count}`
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
    const team: Team = { id, name, flags, actors, host: undefined, isUp: false, stopped: undefined, stopping: undefined }
    for (const actor of actors) this.#byActor.set(actor, team)
    return new Promise((resolve, reject) => {
      this.#starting.set(id, (error) => {
        if (error === undefined) {
          resolve(team)
          return
        }
        this.#running.delete(id)
        this.#forget(team)
        reject(error)
      })
      this.#feed({
        type: 'add_child',
        spec: { id, start: team, restart: 'permanent', shutdown: 'infinity', kind: 'supervisor' },
      })
    })
  }

  /** Ends a team for good: its children in reverse order of their start. Resolves when slots and names are free; never, when the system ends first. */
  stop(team: Team): Promise<void> {
    if (team.stopped === undefined) {
      team.stopped = Promise.withResolvers()
      this.#feed({ type: 'terminate_child', id: team.id })
    }
    return team.stopped.promise
  }

  #startHost(team: Team, started: (error: Error | undefined) => void): void {
    team.isUp = false
    team.host = new SupervisorHost(team.name, team.flags, team.actors, this.#root, (reason) => {
      const { id, isUp, stopping } = team
      team.isUp = false
      if (stopping !== undefined) this.#feed({ type: 'child_stopped', id, exit: { kind: 'shutdown' }, incarnation: stopping })
      else if (isUp) this.#feed({ type: 'child_exited', id, exit: { kind: 'shutdown', detail: reason } })
      // Else its start has failed, which `started` tells.
    })
    team.host.start((error) => {
      team.isUp = error === undefined
      started(error)
    })
  }

  #feed(event: SupervisorEvent<Team>): void {
    for (const action of decide(this.#state, event, this.#root.now()).actions) {
      switch (action.type) {
        case 'start_child': {
          const { id } = action.spec
          const team = action.spec.start
          this.#running.set(id, team)
          this.#startHost(team, (error) => {
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
            this.#events.publish('given_up', { name: 'root', restarts: action.restarts, reason: `team ${action.id} failed` })
          break
        case 'ended':
          this.#onFailed()
          break
        case 'stop_child':
          this.#stopHost(action.id, action.incarnation)
          break
        case 'reply':
          if (action.event === 'terminate_child' && action.ok === true) this.#ended(action.id as string)
          break
        default:
      }
    }
  }

  #stopHost(id: string, incarnation: number): void {
    const team = this.#running.get(id)
    if (team?.stopped === undefined) {
      // The root supervisor ends itself; the system then stops all actors in reverse order.
      this.#feed({ type: 'child_stopped', id, exit: { kind: 'shutdown' }, incarnation })
      return
    }
    team.stopping = incarnation
    team.host?.shutdown()
  }

  /** A team that was asked to stop has no actor any more. */
  #ended(id: string): void {
    const team = this.#running.get(id)
    this.#running.delete(id)
    this.#feed({ type: 'delete_child', id })
    if (team === undefined) return
    this.#forget(team)
    team.stopped?.resolve()
  }

  #answer(id: string, error: Error | undefined): void {
    const answer = this.#starting.get(id)
    this.#starting.delete(id)
    answer?.(error)
  }

  #forget(team: Team): void {
    for (const actor of team.actors) {
      this.#byActor.delete(actor)
      if (actor.address === undefined) this.#root.roster.discharge(actor)
      else this.#root.releaseActor(actor)
    }
  }
}
