/**
 * The event manager, in the form of Erlang's gen_event: one actor that many notify, and many handlers, which come and go while it runs, on its own core and on others.
 */
import { createBehaviour } from '@cambium/actor'
import type { Behaviour, BehaviourOptions, ExitReason, Info, Program } from '@cambium/actor'
import { CambiumError, checkFields, optionError, unknownFieldOf } from '@cambium/base'
import type { RunContext } from '@cambium/scheduler'
import { isSpec } from './define-event-handler.ts'
import type { HandlerSpec } from './define-event-handler.ts'
import { describeResult } from './describe-result.ts'
import { EventManagerActor } from './event-manager-actor.ts'
import { isHandlerRequest, isStationArgument } from './event-manager-protocol.ts'
import { EventStation } from './event-station.ts'

export interface EventManagerDefinition<Event, Argument> {
  /** Handlers that are there from the start, and again after each restart; made by `handler`. @default none */
  handlers?(argument: Argument): readonly HandlerSpec<Event>[]
}

export interface EventManagerOptions<Event> extends Pick<BehaviourOptions<Event>, 'mailbox' | 'budgetMs'> {
  /**
   * Bytes of the ring that handlers on other cores read, a power of two from 1024 to 2^30; made when there is the first of them. An event takes an eighth of it at most, then.
   * @default 65536
   */
  readonly ringBytes?: number
}

/** An event manager, to spawn or to name as a child. */
export type EventManager<Event, Argument = void> = Behaviour<Argument, Event, void>

const RING_BYTES_DEFAULT = 65_536

/** Defines an event manager and exports it under `name` from the module whose URL is given. Throws `ERR_BEHAVIOUR`, `ERR_OPTION`. */
export function defineEventManager<Event, Argument = void>(
  module: string | URL,
  name: string,
  definition: EventManagerDefinition<Event, Argument> = {},
  options: EventManagerOptions<Event> = {},
): EventManager<Event, Argument> {
  if (typeof definition !== 'object' || definition === null) throw wrong(name, 'definition is no object')
  if (definition.handlers !== undefined && typeof definition.handlers !== 'function')
    throw wrong(name, `handlers is ${typeof definition.handlers}, expected a function`)
  const unknown = unknownFieldOf(definition, ['handlers'])
  if (unknown !== undefined) throw wrong(name, unknown)
  checkFields('options', options, ['mailbox', 'budgetMs', 'ringBytes'])
  const { ringBytes = RING_BYTES_DEFAULT, ...rest } = options
  if (!Number.isInteger(ringBytes) || ringBytes < 1024 || ringBytes > 2 ** 30 || (ringBytes & (ringBytes - 1)) !== 0)
    throw optionError('options.ringBytes', ringBytes, 'a power of two from 1024 to 1073741824')

  const program: Program<EventManagerActor | EventStation, Argument, Event, void> = {
    init(argument, given) {
      const context = given as unknown as RunContext
      const hands = context.managing
      if (isStationArgument(argument)) {
        const station = new EventStation(context, argument, hands)
        return station.restore(argument, hands).then(() => station)
      }
      const manager = new EventManagerActor(context, hands, { module: String(module), name, ringBytes })
      const specs = definition.handlers === undefined ? [] : checkHandlers(name, definition.handlers(argument))
      return specs.length === 0 ? manager : install(manager, specs)
    },
    receive(actor, message) {
      if (actor instanceof EventStation) return actor.receive(message)
      return isHandlerRequest(message) ? actor.request(message) : actor.event(message)
    },
    info: (actor, info: Info) => actor.info(info),
    terminate: (actor, reason: ExitReason) => actor.terminate(reason),
    redact: (actor) => actor.handlers.shown,
    inner: {
      read: (actor) => actor.handlers.states,
      write(actor, states) {
        actor.handlers.states = states as typeof actor.handlers.states
        return actor
      },
    },
  }
  return createBehaviour('event manager', module, name, program, sparingRequests(rest))
}

async function install(manager: EventManagerActor, specs: readonly HandlerSpec<never>[]): Promise<EventManagerActor> {
  for (const spec of specs) await manager.add(spec, undefined)
  return manager
}

/** What the user says of the priority of messages is about events. */
function sparingRequests<Event>(options: Pick<BehaviourOptions<Event>, 'mailbox' | 'budgetMs'>): BehaviourOptions<Event> {
  const priority = options.mailbox?.priority
  if (typeof priority !== 'function') return options
  return {
    ...options,
    mailbox: { ...options.mailbox, priority: (message) => (isHandlerRequest(message) ? 'normal' : priority(message)) },
  }
}

/** All of them, before any is installed. Throws `ERR_BAD_STEP`. */
function checkHandlers(name: string, result: unknown): readonly HandlerSpec<never>[] {
  if (!Array.isArray(result)) throw badHandlers(name, describeResult(result))
  const kinds = Array.from<unknown, string>(result, describeResult) // of all: each promise among them is one that nobody waits for
  const at = result.findIndex((spec) => !isSpec(spec))
  if (at >= 0) throw badHandlers(name, `${kinds[at]} at ${at}`)
  return result as readonly HandlerSpec<never>[]
}

function badHandlers(name: string, what: string): CambiumError {
  const message = `handlers returned no array of what handler() returns: event manager=${name}, found ${what}`
  return new CambiumError('ERR_BAD_STEP', message, { severity: 'crash', fields: { manager: name, found: what } })
}

function wrong(name: string, problem: string): CambiumError {
  return new CambiumError('ERR_BEHAVIOUR', `event manager is wrong: name=${name}, ${problem}`, { fields: { name } })
}
