/**
 * The handlers of an event manager on another core: an actor there that reads what the manager has published, and hands it to them. The manager starts it, orders it
 * about, and stops it.
 *
 * Before an order it handles every event that was published before it, so for its handlers there is one order of all. When it is stopped it does so too.
 */
import type { ExitReason, Info } from '@cambium/actor'
import { toErrorRecord } from '@cambium/base'
import type { ChannelReader, ManagerHands, RunContext } from '@cambium/scheduler'
import { EventHandlers, removalNews } from './event-handlers.ts'
import { STATION } from './event-manager-protocol.ts'
import type { HandlerOrder, StationArgument } from './event-manager-protocol.ts'
import { handlerContext } from './handler-context.ts'

/** Events in one go, before other actors of the core have their turn. */
const EVENTS_PER_TURN_MAX = 64

/** The message that comes when there is something to read. */
class Wake {
  readonly isWake = true
}

export class EventStation {
  readonly handlers: EventHandlers
  readonly #context: RunContext
  readonly #reader: ChannelReader

  constructor(context: RunContext, argument: StationArgument, hands: ManagerHands) {
    const { manager, memory, place } = argument[STATION]
    this.#context = context
    this.#reader = hands.readChannel({ memory, core: manager.core, place }, new Wake())
    this.handlers = new EventHandlers({
      context: handlerContext(context, manager),
      load: (module, name) => hands.load(module, name),
      freeze: (value) => {
        hands.freeze(value)
      },
      crashed: (behaviour, state, message, error) => {
        hands.crashed({ behaviour, state }, message, error)
      },
      fault: (where, error) => {
        hands.fault(where, error)
      },
      removed: (name, reason, next) => {
        hands.tell(manager, removalNews(name, reason, next, next?.argument))
      },
    })
  }

  /** Handlers of a predecessor. One that cannot be installed again is lost; the others are not. */
  async restore(argument: StationArgument, hands: ManagerHands): Promise<void> {
    const { manager, handlers } = argument[STATION]
    for (const spec of handlers) {
      try {
        await this.handlers.add(spec, undefined)
      } catch (thrown) {
        const error = toErrorRecord(thrown)
        const { module, name, argument: state } = spec
        hands.crashed({ behaviour: { module, name }, state: undefined }, state, error)
        hands.tell(manager, removalNews(spec, { kind: 'crash', error }, undefined))
      }
    }
  }

  receive(message: unknown): void | Promise<void> {
    return message instanceof Wake ? this.#read(EVENTS_PER_TURN_MAX) : this.#obey(message as HandlerOrder)
  }

  info(info: Info): void | Promise<void> {
    return this.handlers.info(info)
  }

  async terminate(reason: ExitReason): Promise<void> {
    await this.#read(Infinity)
    await this.handlers.close(reason)
  }

  async #obey(message: HandlerOrder): Promise<void> {
    let reply: unknown
    try {
      await this.#read(Infinity)
      reply = await this.handlers.carryOut(message)
    } catch (error) {
      this.#context.refuse(error as Error)
      return
    }
    if (this.#context.isAsked) this.#context.reply(reply) // it may have ended meanwhile
  }

  /** Without a promise unless a handler goes. */
  #read(limit: number): void | Promise<void> {
    const reader = this.#reader
    for (let count = 0; count < limit && reader.next(); count += 1) {
      const left = this.handlers.event(reader.value)
      if (left !== undefined) return left.then(() => this.#read(limit - count - 1))
    }
    reader.release()
    return undefined
  }
}
