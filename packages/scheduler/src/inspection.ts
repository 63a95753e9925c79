/**
 * Looking inside a live actor, after Erlang's `sys` (C-50, C-51): what the root asks of a core about one of its actors. Orders travel on the control
 * lane, so a full mailbox or a long queue is not in their way.
 *
 * 1. An order is carried out between two turns of the actor's own code. What would change the state waits for the end of a handler that is under way.
 * 2. A suspended actor handles nothing; its messages wait as if it were slow, with backpressure. It can be looked into, stopped and killed.
 * 3. Suspension, statistics, trace and log belong to an incarnation, and end with it.
 */
import { CambiumError, formatAddress, toErrorRecord } from '@cambium/base'
import type { ActorAddress, CorePlatform } from '@cambium/base'
import { BUSY, READY, STATUS_NAMES, SUSPENDED } from './actor-cell.ts'
import type { ActorCell } from './actor-cell.ts'
import type { Dispatcher } from './dispatcher.ts'
import { LOG_EVENTS_MAX, Observation } from './observation.ts'
import type { ObservationHost } from './observation.ts'
import type { RefHosts } from './ref-codec.ts'
import { SentCount } from './sent-count.ts'
import type { SignalWays } from './signals.ts'
import type { SlotTable } from './slot-table.ts'

export type InspectOrder =
  | { readonly what: 'state' | 'status' | 'suspend' | 'resume' }
  | { readonly what: 'replace'; readonly module: string; readonly job: string; readonly argument: unknown }
  /** `events`: how many the log keeps; 0 turns it off; undefined asks for what it holds. */
  | { readonly what: 'log'; readonly events: number | undefined }
  | { readonly what: 'statistics' | 'trace'; readonly set: boolean | undefined }

export interface InspectionHost {
  readonly platform: CorePlatform
  readonly slots: SlotTable
  readonly dispatcher: Dispatcher
  readonly router: SignalWays
  readonly sender: RefHosts
  now(): number
  requestTurn(): void
}

/** What status shows of an actor. Plain data, but for the state. */
export interface ActorStatus {
  readonly actor: ActorAddress
  readonly name: string | undefined
  readonly behaviour: string
  /** URL of the behaviour's module. */
  readonly module: string
  readonly kind: string
  /** `leaving`: on its way to another core. One that has moved is looked at where it is, once it has begun there. */
  readonly status: Exclude<(typeof STATUS_NAMES)[number], 'gone' | 'away'>
  readonly isSuspended: boolean
  readonly incarnation: number
  /** Messages in its mailbox, and put aside. */
  readonly queued: number
  readonly stashed: number
  readonly capacity: number
  readonly overflow: string
  readonly isCongested: boolean
  /** Messages of it that wait for room elsewhere. */
  readonly outbox: number
  readonly children: number
  readonly timers: number
  /** Answers that it owes for later. */
  readonly owed: number
  readonly isObserved: { readonly statistics: boolean; readonly trace: boolean; readonly log: boolean }
  /** As the behaviour's `redact` shows it. */
  readonly state: unknown
}

export class Inspection implements ObservationHost {
  readonly #host: InspectionHost
  readonly sentCount: SentCount

  constructor(host: InspectionHost) {
    this.#host = host
    this.sentCount = new SentCount(
      () => host.sender,
      () => host.dispatcher.sending,
    )
  }

  get router(): SignalWays {
    return this.#host.router
  }

  now(): number {
    return this.#host.now()
  }

  /** Carries an order out, when none of the actor's own code is running; `answer` is told once. */
  follow(
    address: { slot: number; generation: number },
    order: InspectOrder,
    answer: (outcome: unknown, error?: Error) => void,
  ): void {
    const cell = this.#host.slots.find(address.slot, address.generation)
    try {
      if (cell === undefined) throw gone(address)
      this.#carryOut(cell, order, answer)
    } catch (error) {
      answer(undefined, error as Error)
    }
  }

  #carryOut(cell: ActorCell, order: InspectOrder, answer: (outcome: unknown, error?: Error) => void): void {
    switch (order.what) {
      case 'state':
        answer(stateOf(cell))
        return
      case 'status':
        answer(statusOf(cell))
        return
      case 'suspend':
        cell.isSuspended = true
        if (cell.status === READY) this.#change(cell, SUSPENDED)
        answer(undefined)
        return
      case 'resume':
        cell.isSuspended = false
        if (cell.status === SUSPENDED) this.#change(cell, READY)
        this.#host.dispatcher.schedule(cell)
        answer(undefined)
        return
      case 'statistics': {
        // Told before it is turned off, and after it is turned on.
        const counted = cell.observation?.statistics(cell, this.#host.now())
        if (order.set !== undefined) this.#observe(cell, order.set).countFrom(order.set ? this.#host.now() : undefined)
        answer(order.set === true ? cell.observation?.statistics(cell, this.#host.now()) : counted)
        this.#unobserve(cell)
        return
      }
      case 'trace':
        if (order.set !== undefined) this.#observe(cell, order.set).isTraced = order.set
        answer(cell.observation?.isTraced === true)
        this.#unobserve(cell)
        return
      case 'log': {
        const events = cell.observation?.events ?? []
        if (order.events !== undefined) this.#observe(cell, order.events > 0).keep(Math.min(order.events, LOG_EVENTS_MAX))
        answer(events)
        this.#unobserve(cell)
        return
      }
      case 'replace':
        this.#replace(cell, order, answer)
    }
  }

  #change(cell: ActorCell, status: number): void {
    cell.status = status
    cell.phase += 1
  }

  /** The observation of an actor, made and put before its program when something is turned on. */
  #observe(cell: ActorCell, isOn: boolean): Observation {
    if (cell.observation !== undefined) return cell.observation
    const observation = new Observation(cell, this)
    if (isOn && cell.program !== undefined) {
      cell.observation = observation
      cell.program = observation.before(cell.program)
    }
    return observation
  }

  /** What observes nothing any more costs nothing. */
  #unobserve(cell: ActorCell): void {
    if (cell.observation === undefined || cell.observation.isOn) return
    cell.program = cell.observation.program
    cell.observation = undefined
  }

  #replace(
    cell: ActorCell,
    order: Extract<InspectOrder, { what: 'replace' }>,
    answer: (outcome: unknown, error?: Error) => void,
  ): void {
    const { incarnation } = cell
    const apply = (replace: (state: unknown, argument: unknown) => unknown): void => {
      if (cell.incarnation !== incarnation || (cell.status !== READY && cell.status !== SUSPENDED)) {
        answer(undefined, gone(cell))
        return
      }
      try {
        const { inner } = cell.program ?? {}
        const state = replace(inner === undefined ? cell.state : inner.read(cell.state), order.argument)
        if (state instanceof Promise) {
          state.catch(() => {})
          throw new TypeError('it returned a promise, expected the new state')
        }
        cell.state = inner === undefined ? state : inner.write(cell.state, state)
      } catch (error) {
        answer(undefined, replaceError(cell, error))
        return
      }
      answer(undefined)
    }
    this.#host.platform.importModule(order.module).then(
      (exports) => {
        const job = exports[order.job]
        if (typeof job !== 'function')
          answer(undefined, replaceError(cell, new TypeError(`${order.job} is no exported function`)))
        else if (cell.status === BUSY)
          (cell.onIdle ??= []).push(() => apply(job as typeof apply extends (f: infer F) => void ? F : never))
        else apply(job as typeof apply extends (f: infer F) => void ? F : never)
        this.#host.requestTurn()
      },
      (error: unknown) => {
        answer(undefined, replaceError(cell, error))
        this.#host.requestTurn()
      },
    )
  }
}

/** The state, of the innermost program. Undefined before `init` is done. */
function stateOf(cell: ActorCell): unknown {
  const inner = cell.program?.inner
  return inner === undefined || cell.state === undefined ? cell.state : inner.read(cell.state)
}

/** The state as the behaviour wants it shown; a `redact` that throws shows nothing. */
export function shownState(cell: ActorCell): unknown {
  try {
    return cell.program?.redact === undefined || cell.state === undefined ? stateOf(cell) : cell.program.redact(cell.state)
  } catch (error) {
    return `redact threw: ${toErrorRecord(error).message}`
  }
}

function statusOf(cell: ActorCell): ActorStatus {
  const { observation } = cell
  const { core, slot, generation } = cell.address
  return {
    actor: { core, slot, generation },
    name: cell.name,
    behaviour: cell.behaviour?.name ?? '',
    module: cell.behaviour?.module ?? '',
    kind: cell.behaviour?.kind ?? '',
    status: STATUS_NAMES[cell.status] as ActorStatus['status'],
    isSuspended: cell.isSuspended,
    incarnation: cell.incarnation,
    queued: cell.mailbox?.length ?? 0,
    stashed: cell.stash?.length ?? 0,
    capacity: cell.capacity,
    overflow: cell.overflow,
    isCongested: cell.isCongested,
    outbox: cell.outbox,
    children: cell.children?.size ?? 0,
    timers: cell.timers?.size ?? 0,
    owed: cell.owed?.count ?? 0,
    isObserved: {
      statistics: observation?.isCounting === true,
      trace: observation?.isTraced === true,
      log: observation?.isLogging === true,
    },
    state: shownState(cell),
  }
}

function gone(address: { slot: number; generation: number }): CambiumError {
  return new CambiumError('ERR_NO_SUCH_ACTOR', `no such actor: slot=${address.slot}, generation=${address.generation}`, {
    severity: 'crash',
  })
}

function replaceError(cell: ActorCell, cause: unknown): CambiumError {
  const { name, message } = toErrorRecord(cause)
  return new CambiumError('ERR_REPLACE_STATE', `state was not replaced: ref=${formatAddress(cell)}, error=${name}: ${message}`, {
    severity: 'crash',
    cause,
  })
}
