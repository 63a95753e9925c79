/**
 * Supervision in every run, whoever supervises whom. Each decision of each supervisor comes by the channel of @cambium/supervision; beside each
 * supervisor steps a model of its own (`supervision-model.ts`). And what a supervisor is told, and what it orders, is held against what happens:
 *
 * 1. Its actions are the model's, in order.
 * 2. It is told of an end only after that incarnation has ended, and of a start only after one has begun since it ordered it.
 * 3. No actor begins anew without an order of its supervisor's host to its core.
 * 4. When all is at rest, what a supervisor takes for running runs, and no actor waits for a decision that does not come.
 */
import type { ActorAddress } from '@cambium/base'
import { formatAddress } from '@cambium/base'
import { childSpec, whichChildren } from '@cambium/supervision'
import type { CheckedFlags, DecisionMade, SupervisorAction, SupervisorState } from '@cambium/supervision'
import { SupervisionModel } from './supervision-model.ts'
import { violation } from './violation.ts'

/** What is known of the incarnations of actors. */
export interface Incarnations {
  /** Undefined when none has begun there. */
  latest(address: string): { readonly number: number; readonly isAlive: boolean } | undefined
}

/** A supervisor that is an actor. */
export interface SupervisorActor {
  readonly address: string
  /** Knows where the children are. */
  readonly keeper: { addressOf(id: string): ActorAddress | undefined }
}

interface Followed {
  readonly name: string
  readonly flags: CheckedFlags
  /** Undefined for a supervisor with features that it does not have, which is not followed. */
  model: SupervisionModel | undefined
  /** How the host starts a child; the root's own record of an actor has its address. */
  readonly starts: Map<string, unknown>
  /** Present when it is an actor, with the number of its incarnation. */
  readonly actor: (SupervisorActor & { readonly number: number }) | undefined
  /** The number that each child's latest start was given. */
  readonly begun: Map<string, number>
  /** Of the start under way: the latest incarnation that had begun anywhere. */
  begunBefore: number
  /** Of the start under way: it may be none, for the actor was there before its supervisor. */
  isTakenOver: boolean
}

/** Larger families would make the simple model the slowest part of a run. */
const CHILDREN_MAX = 5000
const FLAGS = new Set(['kind', 'strategy', 'intensity', 'periodMs', 'intensityPer', 'autoShutdown', 'backoff', 'maxChildren'])
const EVENTS = new Set([
  'start',
  'child_started',
  'child_ignored',
  'child_start_failed',
  'child_stopped',
  'child_exited',
  'core_lost',
  'shutdown',
  'add_child',
  'terminate_child',
  'restart_child',
  'delete_child',
  'wait_over',
])

export class SupervisionOracle {
  readonly #incarnations: Incarnations
  readonly #followed = new Map<SupervisorState, Followed>()
  /** Orders to start an actor again, by its address. One that was meant for a core that died may be carried out by nobody. */
  readonly #orders = new Map<string, number>()
  #begun = 0

  constructor(incarnations: Incarnations) {
    this.#incarnations = incarnations
  }

  /** A supervisor has decided. */
  decided({ state, event, now, actions }: DecisionMade, actor?: SupervisorActor): void {
    if (state.phase === 'ended' && !this.#followed.has(state)) return
    const followed = this.#follow(state, actor)
    const { name, starts } = followed
    if (event.type === 'add_child') starts.set(event.spec?.id, event.spec?.start)
    const isEnd = event.type === 'child_exited' || event.type === 'child_stopped' || event.type === 'child_start_failed'
    // A latecomer tells of an incarnation that nobody asks after any more.
    const isLate = isEnd && event.incarnation !== undefined && event.incarnation !== followed.begun.get(event.id)
    if (isEnd && !isLate) {
      const address = addressOf(followed, event.id)
      if (address !== undefined && this.#incarnations.latest(address)?.isAlive === true)
        throw violation('ERR_ORACLE_SUPERVISION', 'a supervisor was told of an end that has not come', {
          supervisor: name,
          event: event.type,
          child: event.id,
          actor: address,
        })
    }
    if (event.type === 'child_started' && !followed.isTakenOver) {
      const address = addressOf(followed, event.id)
      const latest = address === undefined ? undefined : this.#incarnations.latest(address)
      if (address !== undefined && (latest === undefined || latest.number <= followed.begunBefore))
        throw violation('ERR_ORACLE_SUPERVISION', 'a supervisor was told of a start that has not been', {
          supervisor: name,
          child: event.id,
          actor: address,
        })
    }
    for (const action of actions) {
      if (action.type !== 'start_child') continue
      followed.begunBefore = this.#begun
      followed.begun.set(action.spec.id, action.incarnation)
      starts.set(action.spec.id, action.spec.start)
      followed.isTakenOver = !action.restart && addressOf(followed, action.spec.id) !== undefined
    }
    this.#compare(followed, { state, event, now, actions })
    if (state.phase === 'ended') this.#followed.delete(state)
  }

  /** A core has been ordered to start an actor again. */
  ordered(address: string): void {
    this.#orders.set(address, (this.#orders.get(address) ?? 0) + 1)
  }

  /** An incarnation begins; `number` counts all of the run. */
  starting(address: string, number: number, isAnew: boolean): void {
    this.#begun = number
    if (!isAnew) return
    const orders = this.#orders.get(address) ?? 0
    this.#orders.set(address, orders - 1)
    if (orders <= 0) throw violation('ERR_ORACLE_SUPERVISION', 'an actor was started again without an order', { actor: address })
  }

  /**
   * Nothing is under way any more. `awaiting` are the actors that wait for a decision, and have done so for long. Of what code outside has stopped no
   * supervisor is told.
   */
  checkRest(awaiting: readonly string[], wasStopped: (actor: string) => boolean): void {
    const waitedFor = new Set<string>()
    for (const followed of this.#followed.values()) {
      const { name, model, starts, actor } = followed
      // One that went down with its core, or was killed, has decided nothing more.
      const latest = actor === undefined ? undefined : this.#incarnations.latest(actor.address)
      if (actor !== undefined && (latest?.isAlive !== true || latest.number !== actor.number)) continue
      if (model === undefined) {
        for (const id of starts.keys()) waitedFor.add(addressOf(followed, id) ?? '')
        continue
      }
      const [step] = model.steps
      if (step !== undefined || model.isWaiting) {
        // The others wait for that step, which may be an actor's own code, or for the time of one of them; what is to be started waits for nobody.
        for (const id of starts.keys()) if (step?.kind !== 'start' || id !== step.id) waitedFor.add(addressOf(followed, id) ?? '')
        continue
      }
      if (awaiting.length > 0) continue
      for (const id of model.running) {
        const address = addressOf(followed, id)
        if (address !== undefined && !wasStopped(address) && this.#incarnations.latest(address)?.isAlive === false)
          throw violation('ERR_ORACLE_SUPERVISION', 'a supervisor has not been told that its child has ended', {
            supervisor: name,
            child: id,
            actor: address,
          })
      }
    }
    for (const actor of awaiting)
      if (!waitedFor.has(actor))
        throw violation('ERR_ORACLE_SUPERVISION', 'an actor waits for a decision and no supervisor is at it', { actor })
  }

  #follow(state: SupervisorState, actor: SupervisorActor | undefined): Followed {
    const known = this.#followed.get(state)
    if (known !== undefined) return known
    const children = whichChildren(state)
    const specs = children.map(({ id }) => childSpec(state, id)).filter((spec) => spec !== undefined)
    const isKnown = children.length <= CHILDREN_MAX && Object.keys(state.flags).every((flag) => FLAGS.has(flag))
    const followed: Followed = {
      name: specs.length === 0 ? 'without children at first' : `of ${specs.map(({ id }) => id).join(', ')}`,
      flags: state.flags,
      model: isKnown ? new SupervisionModel(state.flags, state.seed, specs) : undefined,
      starts: new Map(specs.map(({ id, start }) => [id, start])),
      actor: actor === undefined ? undefined : { ...actor, number: this.#incarnations.latest(actor.address)?.number ?? 0 },
      begun: new Map(),
      begunBefore: 0,
      isTakenOver: false,
    }
    this.#followed.set(state, followed)
    return followed
  }

  #compare(followed: Followed, { event, now, actions }: DecisionMade): void {
    const { model, name, flags } = followed
    if (model === undefined) return
    const lines = EVENTS.has(event.type) ? actions.map(lineOf) : [undefined]
    if (lines.includes(undefined)) {
      followed.model = undefined
      return
    }
    const expected = model.feed(event, now)
    if (expected.join('\n') === lines.join('\n')) return
    throw violation('ERR_ORACLE_SUPERVISION', 'a supervisor did something else than the model', {
      supervisor: name,
      strategy: flags.strategy,
      event: 'id' in event ? `${event.type} ${event.id}` : event.type,
      expected,
      found: lines,
    })
  }
}

/** The root's record of an actor has an address once it has been started; a group, which the root supervisor starts, has none. */
function addressOf({ actor, starts }: Followed, id: string): string | undefined {
  if (actor !== undefined) {
    const kept = actor.keeper.addressOf(id)
    return kept === undefined ? undefined : formatAddress(kept)
  }
  const start = starts.get(id)
  if (typeof start !== 'object' || start === null || !('address' in start)) return undefined
  const { address } = start as { readonly address: ActorAddress | undefined }
  return address === undefined ? undefined : formatAddress(address)
}

/** An action as the model writes it; undefined for one that it does not know. */
function lineOf(action: SupervisorAction): string | undefined {
  switch (action.type) {
    case 'start_child':
      return `${action.restart ? 'restart' : 'start'} ${action.spec.id}`
    case 'stop_child':
      return `stop ${action.id} ${action.shutdown}`
    case 'wait':
      return `wait ${action.id} ${action.delayMs}`
    case 'reply': {
      const what = action.id === undefined ? action.event : `${action.event} ${action.id}`
      if (action.ok === true) return `reply ${what} ok`
      return `reply ${what} ${action.ok.error}${action.ok.exit === undefined ? '' : ` ${action.ok.exit.kind}`}`
    }
    case 'report': {
      const restarts = 'restarts' in action ? ` ${action.restarts}` : ''
      return `report ${action.report} ${action.id} ${action.exit.kind}${restarts}`
    }
    case 'ended':
      return `ended ${action.reason}`
    default:
      return undefined
  }
}
