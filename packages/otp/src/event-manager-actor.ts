/**
 * One incarnation of an event manager. Handlers on its own core run in it; those on another core run in a station there, which reads what the manager publishes: once,
 * whatever the number of cores (R1.7).
 *
 * 1. An event is published first, then handled here. While there is no room the manager takes no message: so a handler that is too slow holds back those who notify.
 * 2. Whatever concerns a handler is done before the next message is taken; so it has its place among the events.
 * 3. The stations are children of the manager, on whichever cores, and end with it. A station's place in the channel is the manager's to give and to take back.
 * 4. When the core of a station dies, its successor gets another one at the same place, with the handlers that nobody owns: they begin anew, and miss but the event
 *    that was in hand. Owners are told, and install theirs again if they like. If a handler there has kept the core from going on, it was blamed for it: all that
 *    were there are removed and reported, as after a crash.
 */
import { EXIT_NORMAL } from '@cambium/actor'
import type { ActorRef, AnyRef, ExitReason, Info } from '@cambium/actor'
import { CambiumError, optionError, sameAddress, toErrorRecord } from '@cambium/base'
import type { ChannelWriter, ManagerHands, News, RunContext } from '@cambium/scheduler'
import type { HandlerEnd, HandlerName, HandlerSpec, Handover } from './define-event-handler.ts'
import { EventHandlers, handlerPresent, keyOf, noSuchHandler, removalNews, short } from './event-handlers.ts'
import { DONE, REQUEST } from './event-manager-protocol.ts'
import type { HandlerOrder, HandlerReply, HandlerRequest, InstalledHandler } from './event-manager-protocol.ts'
import { handlerContext } from './handler-context.ts'
import { startStation, STATION_TIMEOUT_MS } from './station-start.ts'
import type { Station } from './station-start.ts'

interface Placement {
  readonly spec: HandlerSpec<never>
  readonly core: number
  readonly owner: AnyRef | undefined
}

export class EventManagerActor {
  readonly handlers: EventHandlers
  readonly #context: RunContext
  readonly #hands: ManagerHands
  readonly #behaviour: { readonly module: string; readonly name: string; readonly ringBytes: number }
  readonly #placements = new Map<string, Placement>()
  /** By core. */
  readonly #stations = new Map<number, Station>()
  /** By id: those that are being stopped too. Each has its place until it is dismissed. */
  readonly #all = new Map<string, Station>()
  #channel: ChannelWriter | undefined = undefined
  #stationCount = 0
  #isEnding = false

  constructor(
    context: RunContext,
    hands: ManagerHands,
    behaviour: { readonly module: string; readonly name: string; readonly ringBytes: number },
  ) {
    this.#context = context
    this.#hands = hands
    this.#behaviour = behaviour
    this.handlers = new EventHandlers({
      context: handlerContext(context, context.self),
      load: (module, name) => hands.load(module, name),
      freeze: (value) => {
        hands.freeze(value)
      },
      crashed: (part, state, message, error) => {
        hands.crashed({ behaviour: part, state }, message, error)
      },
      fault: (where, error) => {
        hands.fault(where, error)
      },
      removed: (name, reason, next) => {
        this.#gone(name, reason, next)
      },
    })
  }

  /** Without a promise unless it has to wait, or a handler goes. */
  event(event: unknown): void | Promise<void> {
    if (this.#stations.size > 0) {
      try {
        if (this.#channel?.write(event) === false) return this.#eventWhenRoom(event, this.#channel)
      } catch (error) {
        this.#context.refuse(error as Error)
        return undefined
      }
    }
    return this.#eventHere(event)
  }

  async request(request: HandlerRequest): Promise<void> {
    let reply: unknown
    try {
      reply = await this.#carryOut(request)
    } catch (error) {
      this.#context.refuse(error as Error)
      return
    }
    if (this.#context.isAsked) this.#context.reply({ [DONE]: reply } satisfies HandlerReply) // told, or ended meanwhile
  }

  info(info: Info): void | Promise<void> {
    if (info.type === 'handler_removed') {
      if (this.#stationOf(info.ref) === undefined) return undefined
      const { module, handler: name, id, reason, next, argument } = info as Info & News
      this.#gone(
        { module, name, id },
        reason,
        next && { module: next.module, name: next.handler, id: next.id, argument, core: undefined },
      )
      return undefined
    }
    if (info.type !== 'exit') return this.handlers.info(info)
    const owned = [...this.#placements.values()].filter(({ owner }) => owner !== undefined && sameAddress(owner, info.ref))
    if (owned.length > 0) return this.#ownerEnded(owned, info.reason)
    // Exits are trapped for the sake of owners; anybody else's does what it would do otherwise.
    if (info.reason.kind !== 'normal') this.#context.endFor(info.reason)
    return undefined
  }

  async terminate(reason: ExitReason): Promise<void> {
    this.#isEnding = true
    this.#channel?.flush()
    const stopped = Array.from(this.#all.values(), (station) => {
      return new Promise<void>((resolve) => {
        station.onGone = resolve
        this.#stop(station)
      })
    })
    await Promise.all(stopped)
    await this.handlers.close(reason)
    for (const placement of this.#placements.values()) this.#tellOwner(placement, reason)
  }

  /** Installs a handler. */
  async add(spec: HandlerSpec<never>, owner: AnyRef | undefined, before?: Handover): Promise<void> {
    if (this.#placements.has(keyOf(spec))) throw handlerPresent(spec)
    const core = spec.core ?? this.#context.core
    await this.#order(core, { order: 'add', spec, before })
    this.#placements.set(keyOf(spec), { spec, core, owner })
    if (owner === undefined) return
    this.#context.trapExits(true)
    this.#context.link(owner)
  }

  // --- events

  async #eventWhenRoom(event: unknown, channel: ChannelWriter): Promise<void> {
    do await channel.whenRoom()
    while (!channel.write(event))
    await this.#eventHere(event)
  }

  #eventHere(event: unknown): void | Promise<void> {
    const left = this.handlers.event(event)
    if (left !== undefined)
      return left.then(() => {
        this.#answer()
      })
    this.#answer()
    return undefined
  }

  /** Whoever has asked is answered when every handler has had the event. */
  #answer(): void {
    if (!this.#context.isAsked) return
    if (this.#channel === undefined || this.#stations.size === 0) {
      this.#context.reply(undefined)
      return
    }
    const answer = this.#context.deferReply()
    this.#channel.whenRead(() => {
      answer(undefined)
    })
  }

  // --- requests

  async #carryOut(request: HandlerRequest): Promise<unknown> {
    switch (request[REQUEST]) {
      case 'add':
        return this.add(request.spec, request.owner)
      case 'delete': {
        const { name, argument } = request
        return this.#remove(this.#find(name), { kind: 'deleted', argument }, EXIT_NORMAL)
      }
      case 'swap':
        return this.#swap(request)
      case 'call': {
        const { name } = request
        return this.#order(this.#find(name).core, { order: 'call', name, request: request.request })
      }
      case 'which':
        return Array.from(this.#placements.values(), ({ spec: { module, ...name }, core, owner }): InstalledHandler => {
          return { ...short({ module, ...name }), module, core, owner }
        })
    }
  }

  async #swap({ name, argument, spec, owner }: Extract<HandlerRequest, { [REQUEST]: 'swap' }>): Promise<void> {
    const old = this.#placements.get(keyOf(name))
    const next = { ...spec, core: spec.core ?? old?.core }
    // What cannot be installed takes nobody's place.
    if (keyOf(next) !== keyOf(name) && this.#placements.has(keyOf(next))) throw handlerPresent(next)
    await this.#order(next.core ?? this.#context.core, { order: 'check', spec: next })
    let before: Handover
    try {
      if (old === undefined) throw noSuchHandler(name)
      const left = await this.#remove(old, { kind: 'swapped', argument }, EXIT_NORMAL, spec)
      before = { ...short(name), left }
    } catch (error) {
      before = { ...short(name), error: toErrorRecord(error) }
    }
    await this.add(next, owner ?? old?.owner, before)
  }

  async #remove(placement: Placement, end: HandlerEnd, reason: ExitReason, next?: HandlerName): Promise<unknown> {
    const { core, spec } = placement
    const { module, name, id } = spec
    try {
      return await this.#order(core, { order: 'remove', name: { module, name, id }, end })
    } finally {
      this.#forget(placement, reason, next)
    }
  }

  async #ownerEnded(owned: readonly Placement[], reason: ExitReason): Promise<void> {
    for (const placement of owned) {
      try {
        await this.#remove(placement, { kind: 'owner_ended', reason }, reason)
      } catch (error) {
        this.#hands.fault(`terminate of handler ${placement.spec.name}`, error)
      }
    }
  }

  #find(name: HandlerName): Placement {
    const placement = this.#placements.get(keyOf(name))
    if (placement === undefined) throw noSuchHandler(name)
    return placement
  }

  /** A handler has gone by itself, here or at a station. */
  #gone(name: HandlerName, reason: ExitReason, next: HandlerSpec<never> | undefined): void {
    const placement = this.#placements.get(keyOf(name))
    if (placement === undefined) return
    const { core, owner } = placement
    if (next !== undefined) this.#placements.set(keyOf(next), { spec: { ...next, core }, core, owner })
    this.#forget(placement, reason, next)
  }

  /** A handler is not there any more. Its owner is told, and its station stopped if it was the last. */
  #forget(placement: Placement, reason: ExitReason, next?: HandlerName): void {
    const { spec, core, owner } = placement
    if (!this.#placements.delete(keyOf(spec))) return
    this.#tellOwner(placement, reason, next)
    const rest = [...this.#placements.values()]
    if (owner !== undefined && !rest.some((each) => each.owner !== undefined && sameAddress(each.owner, owner)))
      this.#context.unlink(owner)
    const station = this.#stations.get(core)
    if (station === undefined || this.#isEnding || rest.some((each) => each.core === core)) return
    this.#stations.delete(core)
    this.#stop(station)
  }

  #tellOwner({ spec, owner }: Placement, reason: ExitReason, next?: HandlerName): void {
    if (owner !== undefined) this.#hands.tell(owner, removalNews(spec, reason, next))
  }

  // --- stations

  /** The station on that core, started if there is none. Rejects with `ERR_OPTION`, `ERR_CHANNEL_READERS`, or with what kept it from starting. */
  async #stationOn(core: number): Promise<ActorRef> {
    const { keeper } = this.#context
    if (!Number.isInteger(core) || core < 0 || core >= keeper.coreCount)
      throw optionError('core', core, `a core from 0 to ${keeper.coreCount - 1}`)
    const known = this.#stations.get(core)
    if (known !== undefined) return known.ready
    if (this.#channel === undefined) {
      this.#channel = this.#hands.openChannel(this.#behaviour.ringBytes)
      keeper.begin({
        exited: (id, reason) => {
          this.#stationLost(id, reason)
        },
        coreLost: (ids, blamed) => {
          this.#coreLost(ids, blamed)
        },
      })
      keeper.settle()
    }
    this.#stationCount += 1
    const place = this.#channel.join(core)
    const id = `core-${core}#${this.#stationCount}`
    const station: Station = { id, core, place, ready: this.#start(id, core, place, []), onGone: undefined }
    this.#stations.set(core, station)
    this.#all.set(id, station)
    try {
      return await station.ready
    } catch (error) {
      this.#stations.delete(core)
      this.#dismiss(station)
      throw error
    }
  }

  #start(id: string, core: number, place: number, handlers: readonly HandlerSpec<never>[]): Promise<ActorRef> {
    const { memory } = this.#channel as ChannelWriter
    return startStation(this.#context, this.#behaviour, { id, core, place, memory, handlers })
  }

  async #order(core: number, order: HandlerOrder): Promise<unknown> {
    if (core === this.#context.core) return this.handlers.carryOut(order)
    const station = await this.#stationOn(core)
    this.#channel?.flush() // the station handles what was published before the order first
    return station.ask(order, { timeoutMs: Infinity })
  }

  #coreLost(ids: readonly string[], blamed: readonly string[]): void {
    for (const id of ids) {
      const station = this.#stationGone(id)
      if (station === undefined) continue
      const error = new CambiumError('ERR_CORE_LOST', `core died: core=${station.core}`, { severity: 'crash' })
      const reason: ExitReason = { kind: 'core_lost', error: toErrorRecord(error) }
      if (blamed.includes(id)) this.#lose(station, reason)
      else this.#rejoin(station, reason)
    }
  }

  #stationLost(id: string, reason: ExitReason): void {
    const station = this.#stationGone(id)
    if (station !== undefined) this.#lose(station, reason)
  }

  /** Its actor is not there any more. Answers the station if handlers are missed; one that was to end has ended. */
  #stationGone(id: string): Station | undefined {
    const station = this.#all.get(id)
    this.#context.keeper.release(id)
    if (station === undefined || (!this.#isEnding && this.#stations.get(station.core) === station)) return station
    this.#dismiss(station)
    return undefined
  }

  /** The successor of its core gets a station as well. */
  #rejoin(station: Station, reason: ExitReason): void {
    const { core, id, place } = station
    const there = [...this.#placements.values()].filter((each) => each.core === core)
    for (const placement of there) {
      if (placement.owner === undefined) continue
      this.#placements.delete(keyOf(placement.spec))
      this.#tellOwner(placement, reason)
    }
    const specs = there.filter(({ owner }) => owner === undefined).map(({ spec }) => spec)
    if (specs.length === 0) {
      this.#lose(station, reason)
      return
    }
    station.ready = this.#start(id, core, place, specs)
    station.ready.catch((error: unknown) => {
      if (this.#stations.get(core) !== station) return
      if (error instanceof CambiumError && error.code === 'ERR_CORE_LOST') this.#rejoin(station, reason)
      else this.#lose(station, { kind: 'crash', error: toErrorRecord(error) })
    })
  }

  /** All that was there is removed, and reported. */
  #lose(station: Station, reason: ExitReason): void {
    const { core } = station
    this.#stations.delete(core)
    this.#dismiss(station)
    for (const placement of this.#placements.values()) {
      if (placement.core !== core) continue
      const { name } = placement.spec
      const message = `handler was lost with its station: handler=${name}, core=${core}, reason=${reason.kind}`
      const cause = 'error' in reason ? { cause: reason.error } : {}
      this.#hands.fault(
        `event manager ${this.#behaviour.name}`,
        new CambiumError('ERR_HANDLER_LOST', message, { severity: 'crash', ...cause }),
      )
      this.#forget(placement, reason)
    }
  }

  #stop(station: Station): void {
    this.#context.keeper.stop(station.id, STATION_TIMEOUT_MS, () => {
      this.#dismiss(station)
    })
  }

  /** Its actor has ended: its place and its slot are free. */
  #dismiss({ id, place, onGone }: Station): void {
    if (!this.#all.delete(id)) return
    this.#channel?.leave(place)
    this.#context.keeper.release(id)
    onGone?.()
  }

  #stationOf(ref: AnyRef): Station | undefined {
    const { keeper } = this.#context
    const id = keeper.idOf(ref)
    return id === undefined ? undefined : this.#all.get(id)
  }
}
