/**
 * Several cores in one thread over one real system memory, under a clock that stands still and an order drawn from a seed.
 *
 * 1. A core that is awake is given turns until one finds nothing to do; then it parks as the core loop does: bell to parked, last look.
 * 2. A parked core wakes only by its bell, a due timer or `requestTurn`. So a wake-up that the scheduler forgets is a test that fails.
 * 3. All parked: one round of the event loop for promises; nobody woken by it means rest.
 * 4. A core can die in the middle of a handler ({@link World.dieHere}): the memory is copied there, and put back when the turn has ended. What
 *    the turn did later has then not happened, as far as any other core can tell. {@link World.replace} does what the root does then.
 *
 * Tests keep their own books in {@link World.note}, which forgets what a dying core says after its death.
 */
import { expect } from 'vitest'
import { ActorRef, defineActor } from '@cambium/actor'
import type { Behaviour, DeadLetter, ExitReason, MailboxOptions, Program, Ref } from '@cambium/actor'
import { CambiumError, createSeededRandom, formatAddress, toErrorRecord } from '@cambium/base'
import type { ActorAddress, CorePlatform, ParcelPost, PostedParcel, SeededRandom } from '@cambium/base'
import { BELL_BUSY, BELL_PARKED, BELL_RUNG, inspectRing } from '@cambium/ring'
import { readBooks, sumBooks, deadLane } from '../src/books.ts'
import type { Books } from '../src/books.ts'
import { Core } from '../src/core.ts'
import type { ActorCell } from '../src/actor-cell.ts'
import type { InspectOrder } from '../src/inspection.ts'
import type { SenderLimits } from '../src/sender-host.ts'
import type { AdoptedSlot, Signal, StartSpec } from '../src/signals.ts'
import { OWNED_BY_ROOT } from '../src/ownership.ts'
import type { Ownership } from '../src/ownership.ts'
import { createSystemMemory } from '../src/system-memory.ts'
import type { CoreBlock, SystemMemory } from '../src/system-memory.ts'

export interface WorldOptions {
  /** @default 2 */
  readonly cores?: number
  /** @default 1 */
  readonly seed?: number
  /** @default 65536 */
  readonly ringBytes?: number
  readonly limits?: Partial<SenderLimits>
  /** @default true */
  readonly isStrict?: boolean
}

export interface SpawnOptions {
  readonly name?: string
  readonly mailbox?: MailboxOptions
  readonly isSupervised?: boolean
  /** Of a restart. @default the root */
  readonly owner?: Ownership
  readonly initTimeoutMs?: number
}

export interface Exit {
  readonly ref: string
  readonly reason: ExitReason
  readonly incarnation: number
}

const MODULE = 'test:in-thread'
/** Turns of one run; more is a world that does not come to rest. */
const TURNS_MAX = 500_000
/** Turns in a row that did nothing though there was work: a core that spins. */
const IDLE_TURNS_MAX = 1000

let behaviours = 0

/** A behaviour of this thread; its callbacks may close over the test. */
export function behave<A, M, S = unknown, R = unknown>(
  program: Program<S, A, M, R>,
  name = 'actor',
  mailbox: MailboxOptions = {},
): Behaviour<A, M, R> {
  behaviours += 1
  return defineActor(`${MODULE}-${behaviours}`, name, program, { mailbox })
}

/** An actor that hands each message to `receive`; no state. */
export function handler<M, R = unknown>(
  receive: Program<null, null, M, R>['receive'] extends (state: null, ...rest: infer Rest) => unknown
    ? (...rest: Rest) => unknown
    : never,
  name = 'actor',
  mailbox: MailboxOptions = {},
): Behaviour<null, M, R> {
  return behave<null, M, null, R>(
    {
      init: () => null,
      receive: (_, message, context) => {
        const result = receive(message, context)
        return result instanceof Promise ? result.then(() => {}) : undefined
      },
    },
    name,
    mailbox,
  )
}

/** A promise and its two ends. */
export function gate<T = void>(): { promise: Promise<T>; open: (value: T) => void; fail: (error: Error) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  return { promise, open: resolve, fail: reject }
}

/** The code of an error, or what else it is. */
export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code ?? error
}

/** What a promise resolves with, or the code of its error. */
export function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch(codeOf)
}

export class World {
  nowMs = 1000.25
  readonly cores: Core[]
  readonly memory: SystemMemory
  readonly random: SeededRandom
  /** Dead letters as their cores showed them. */
  readonly letters: DeadLetter[] = []
  /** Unasked ends of supervised actors, in the order in which the root learned of them. */
  readonly exits: Exit[] = []
  readonly faults: { where: string; message: string }[] = []
  readonly signals: Signal[] = []
  /** What tests noted, without what never happened. */
  readonly notes: unknown[] = []
  readonly modules = new Map<string, () => Promise<Readonly<Record<string, unknown>>>>()
  readonly #limits: SenderLimits
  readonly #isStrict: boolean
  readonly #isAwake: boolean[]
  readonly #isDead: boolean[]
  /** Cores whose epoch the root has counted up already. */
  readonly #isFenced = new Set<number>()
  #dying: { core: number; memory: Uint8Array } | undefined
  /** Apart from those that core 0 makes itself. */
  #requests = 1 << 20
  readonly #answers = new Map<number, { readonly core: number; readonly answer: (signal: Signal) => void }>()
  /** Parcels on their way, by sender and receiver; made when there is the first. */
  readonly #ways = new Map<string, PostedParcel[]>()

  constructor(options: WorldOptions = {}) {
    const count = options.cores ?? 2
    this.random = createSeededRandom(options.seed ?? 1)
    this.#isStrict = options.isStrict ?? true
    this.#limits = {
      sendTimeoutMs: 30_000,
      askTimeoutMs: 5000,
      outboxCapacity: 1000,
      outsideCapacity: 10_000,
      messageBytesMax: 1 << 20,
      ...options.limits,
    }
    const shape = { cores: count, dataRingBytes: options.ringBytes ?? 65_536, controlRingBytes: 65_536 }
    this.memory = createSystemMemory(shape, (bytes) => new SharedArrayBuffer(bytes))
    this.#isAwake = new Array<boolean>(count).fill(true)
    this.#isDead = new Array<boolean>(count).fill(false)
    this.cores = Array.from({ length: count }, (_, number) => this.#makeCore(number, true))
  }

  core(number: number): Core {
    return this.cores[number] as Core
  }

  block(number: number): CoreBlock {
    return this.memory.blocks[number] as CoreBlock
  }

  note(entry: unknown): void {
    if (this.#dying === undefined) this.notes.push(entry)
  }

  // --- actors

  /** Starts an actor as the root does; the ref belongs to code outside actors on core 0. Look at {@link cell} for its state. */
  spawn<A, M, R>(core: number, behaviour: Behaviour<A, M, R>, argument: A, options: SpawnOptions = {}): Ref<M, R> {
    const spec = specOf(behaviour, argument, options)
    const host = this.core(core)
    host.loader.learn(behaviour as unknown as Behaviour<unknown, unknown>)
    const cell = host.lifecycle.spawn(
      spec,
      (options.isSupervised ?? true) ? OWNED_BY_ROOT : undefined,
      undefined,
      (error, started) => {
        if (error !== undefined) this.note(`start failed: ${started.label}: ${(error as { code?: string }).code}`)
      },
    )
    host.requestTurn()
    return this.ref<M, R>(cell)
  }

  /** A ref for code outside actors on core `on`. */
  ref<M = unknown, R = unknown>(address: ActorAddress, on = 0): Ref<M, R> {
    return new ActorRef(this.core(on).sender.outside, address.core, address.slot, address.generation) as unknown as Ref<M, R>
  }

  /** A ref as actors of core `on` have it. */
  inside<M = unknown, R = unknown>(address: ActorAddress, on: number): Ref<M, R> {
    return this.core(on).refOf(address) as Ref<M, R>
  }

  cell(address: ActorAddress): ActorCell | undefined {
    return this.core(address.core).slots.find(address.slot, address.generation)
  }

  queueOf(address: ActorAddress): number {
    return this.cell(address)?.mailbox?.length ?? 0
  }

  // --- what the root does

  async stop(address: ActorAddress, options: { timeoutMs?: number; keepsSlot?: boolean } = {}): Promise<ExitReason> {
    const { slot, generation } = address
    const answer = await this.#request(address.core, (request) => ({
      type: 'stop',
      request,
      slot,
      generation,
      timeoutMs: options.timeoutMs ?? 5000,
      keepsSlot: options.keepsSlot ?? false,
    }))
    return answer.type === 'start_failed'
      ? { kind: 'core_lost', error: answer.error }
      : (answer as Extract<Signal, { type: 'stopped' }>).reason
  }

  /** Answers `started`, or the code of the error. */
  async restart<A>(
    address: ActorAddress,
    behaviour: Behaviour<A, never>,
    argument: A,
    options: SpawnOptions = {},
  ): Promise<string> {
    const { slot, generation } = address
    this.core(address.core).loader.learn(behaviour as unknown as Behaviour<unknown, unknown>)
    const spec = specOf(behaviour, argument, options)
    const owner = options.owner === undefined ? {} : { owner: options.owner }
    const answer = await this.#request(address.core, (request) => ({
      type: 'restart',
      request,
      slot,
      generation,
      spec,
      ...owner,
    }))
    return answer.type === 'start_failed' ? answer.error.code : answer.type
  }

  /** Moves an actor, whose behaviour every core is told; answers its place there, or the code of the error. */
  async migrate(address: ActorAddress, to: number, timeoutMs = 1000, isKnown = true): Promise<string> {
    const { core, slot, generation } = address
    const { behaviour } = this.cell(address) as ActorCell
    if (behaviour !== undefined && isKnown) for (const each of this.cores) each.loader.learn(behaviour)
    const answer = await this.#request(core, (request) => ({ type: 'migrate', request, slot, generation, to, timeoutMs }))
    return answer.type === 'start_failed' ? answer.error.code : answer.type === 'started' ? 'moved' : answer.type
  }

  /** Carries out an inspector's order; answers what it answers, or the code of the error. */
  async inspect(address: ActorAddress, order: InspectOrder): Promise<unknown> {
    const { core, slot, generation } = address
    const answer = await this.#request(core, (request) => ({ type: 'inspect', request, slot, generation, order }))
    return answer.type === 'inspected' ? answer.value : (answer as Extract<Signal, { type: 'start_failed' }>).error.code
  }

  /** The cell that the actor has where it runs. */
  guest(address: ActorAddress): ActorCell | undefined {
    const place = this.cell(address)?.moved?.place
    return place === undefined ? undefined : this.core(place.core).slots.find(place.slot, place.generation)
  }

  /** Sends a signal to a core as the root does; it answers when the core is driven. */
  async #request(core: number, make: (request: number) => Signal): Promise<Signal> {
    this.#requests += 1
    const signal = make(this.#requests)
    const answer = new Promise<Signal>((resolve) => this.#answers.set(this.#requests, { core, answer: resolve }))
    this.signal(core, signal)
    return answer
  }

  signal(core: number, signal: Signal): void {
    if (core === 0) this.core(0).handleSignal(signal)
    else this.core(0).signal(core, signal)
  }

  // --- running

  /** Gives one turn to a core; answers what it did. */
  turn(number: number): number {
    const done = this.core(number).turn()
    if (this.#dying?.core === number) {
      new Uint8Array(this.memory.memory).set(this.#dying.memory)
      this.#dying = undefined
      this.#isDead[number] = true
    }
    return done
  }

  /** Runs turns in the seed's order until every core sleeps, without letting promises run. */
  drive(): void {
    let idle = 0
    for (let turns = 0; ; turns += 1) {
      const awake = this.cores.filter((core) => this.#wakes(core.coreNumber))
      if (awake.length === 0) return
      if (turns > TURNS_MAX) throw new Error(`world does not come to rest: turns=${turns}, seed=${this.random.seed}`)
      const { coreNumber } = this.random.pick(awake)
      if (this.turn(coreNumber) > 0) idle = 0
      else if (!this.#isDead[coreNumber] && !this.#parks(coreNumber)) {
        idle += 1
        if (idle > IDLE_TURNS_MAX)
          throw new Error(`core spins without doing anything: core=${coreNumber}, seed=${this.random.seed}`)
      }
    }
  }

  /** Runs until nothing is left to do at the present time: turns, promises, turns. */
  async run(): Promise<void> {
    do {
      this.drive()
      await new Promise((resolve) => setImmediate(resolve))
    } while (this.cores.some((core) => this.#wakes(core.coreNumber)))
  }

  /** Lets `ms` pass, stopping at every timer on the way. */
  async advance(ms: number): Promise<void> {
    const until = this.nowMs + ms
    await this.run()
    for (;;) {
      const next = Math.min(...this.#alive().map((core) => core.wheel.nextDueMs()))
      if (next > until) break
      this.nowMs = Math.max(this.nowMs, next)
      await this.run()
    }
    this.nowMs = until
    await this.run()
  }

  /** Lets `ms` pass at once, as a suspended machine does. */
  async jump(ms: number): Promise<void> {
    this.nowMs += ms
    await this.run()
  }

  // --- the death of cores

  /** From inside a handler on core `number`: its thread ends here. */
  dieHere(number: number): void {
    if (this.#dying === undefined) this.#dying = { core: number, memory: new Uint8Array(this.memory.memory).slice() }
  }

  /** Ends a core between two turns. What its promises still do reaches nobody. */
  kill(number: number): void {
    this.core(number).sever()
    this.#isDead[number] = true
  }

  /** What the root does first, a while before anybody is told of the death: what is sent from now on is the successor's. */
  fence(number: number): void {
    const { epoch } = this.block(number)
    Atomics.store(epoch, 0, Atomics.load(epoch, 0) + 1)
    this.#isFenced.add(number)
  }

  isDead(number: number): boolean {
    return this.#isDead[number] as boolean
  }

  /** Puts a successor in place of a dead core, by the steps of the root's core pool. `slots` are the actors whose restart it waits for. */
  replace(number: number, slots: readonly AdoptedSlot[] = []): { inHand: number; lost: number } {
    expect(this.#isDead[number]).toBe(true)
    const block = this.block(number)
    this.core(0).takeAllSignals()
    let inHand = 0
    const positions = this.memory.blocks.map((_, source) => {
      if (source === number) return 0
      const inspection = inspectRing(this.memory.dataRing(source, number))
      if (inspection.inHand !== undefined) inHand += 1
      return inspection.resume
    })
    const held = Math.max(0, readBooks(block.books).queued)
    const handCount = Math.min(inHand, held)
    const count = (reason: 'in_hand' | 'lost_with_core', n: number): void => {
      block.books[deadLane(reason)] = (block.books[deadLane(reason)] as number) + n
    }
    count('in_hand', handCount)
    count('lost_with_core', held - handCount)
    block.congestion.fill(0)
    Atomics.store(block.bell, 0, BELL_BUSY)
    if (!this.#isFenced.has(number)) this.fence(number)
    this.#isFenced.delete(number)
    const error = toErrorRecord(new Error('core was killed'))
    const epoch = Atomics.load(block.epoch, 0)
    this.core(0).requests.fail(number, epoch, error)
    for (const peer of this.#alive())
      this.signal(peer.coreNumber, { type: 'core_lost', core: number, epoch, error, positions, blamed: undefined })
    this.signal(number, { type: 'adopt', slots })
    this.signal(number, { type: 'open' })
    this.cores[number] = this.#makeCore(number, false)
    this.#isDead[number] = false
    this.#isAwake[number] = true
    this.#connect(number)
    this.core(0).requests.answerLate()
    this.#failRequests(number)
    return { inHand: handCount, lost: held - handCount }
  }

  // --- looking

  books(): Books {
    return sumBooks(this.memory.blocks.map((block) => readBooks(block.books)))
  }

  /** Nothing is queued, and every message that began has ended: D6. */
  expectBalanced(): Books {
    const books = this.books()
    expect({ queued: books.queued, inRings: books.put - books.taken, sent: books.sent }).toEqual({
      queued: 0,
      inRings: 0,
      sent: books.processed + books.deadTotal,
    })
    for (const core of this.#alive()) expect(core.sender.waitingCount).toBe(0)
    return books
  }

  /** Dead letters by reason, those that there are. */
  dead(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.books().dead).filter(([, count]) => count > 0))
  }

  /** Congestion counters that are not zero. */
  congested(number: number): number {
    return this.block(number).congestion.filter((count) => count !== 0).length
  }

  #alive(): Core[] {
    return this.cores.filter((core) => !this.#isDead[core.coreNumber])
  }

  #wakes(number: number): boolean {
    if (this.#isDead[number]) return false
    if (
      !this.#isAwake[number] &&
      (Atomics.load(this.block(number).bell, 0) === BELL_RUNG || this.core(number).msToNextTimer() <= 0)
    )
      this.#wake(number)
    return this.#isAwake[number] as boolean
  }

  #wake(number: number): void {
    this.#isAwake[number] = true
    Atomics.store(this.block(number).bell, 0, BELL_BUSY)
  }

  /** As the core loop parks: the bell first, then the last look. */
  #parks(number: number): boolean {
    Atomics.store(this.block(number).bell, 0, BELL_PARKED)
    this.#isAwake[number] = false
    if (this.core(number).hasWork()) this.#wake(number)
    return !this.#isAwake[number]
  }

  #makeCore(number: number, isOpen: boolean): Core {
    const core: Core = new Core({
      number,
      memory: this.memory,
      platform: this.#platform(number, () => this.cores[number] === core),
      limits: this.#limits,
      isStrict: this.#isStrict,
      isOpen,
      onDeadLetter: (letter) => {
        if (this.#dying === undefined) this.letters.push(letter)
      },
      ...(number === 0 ? { onRootSignal: (from: number, signal: Signal) => this.#rootSignal(from, signal) } : {}),
    })
    return core
  }

  /** What was asked of a dead core, and not answered, fails with it. */
  #failRequests(core: number): void {
    const error = toErrorRecord(new CambiumError('ERR_CORE_LOST', `core died: core=${core}`, { severity: 'crash' }))
    for (const [request, open] of this.#answers) {
      if (open.core !== core) continue
      this.#answers.delete(request)
      open.answer({ type: 'start_failed', request, error })
    }
  }

  #platform(number: number, isCurrent: () => boolean): CorePlatform {
    return {
      now: () => this.nowMs,
      random: () => this.random.next(),
      importModule: async (url) => {
        const load = this.modules.get(url)
        if (load === undefined) throw new Error(`no module at ${url}`)
        return load()
      },
      requestTurn: () => {
        if (isCurrent() && !this.#isDead[number] && !this.#isAwake[number]) this.#wake(number)
      },
      offload: async (_url, job, argument) => ({ job, argument }),
      parcels: this.#post(number),
    }
  }

  #post(number: number): ParcelPost {
    const way = (from: number, to: number): PostedParcel[] => {
      const known = this.#ways.get(`${from} to ${to}`) ?? []
      this.#ways.set(`${from} to ${to}`, known)
      return known
    }
    return {
      post: (peer, parcel) => {
        if (this.#isDead[peer]) return false
        way(number, peer).push(parcel)
        return true
      },
      receive: (peer) => way(peer, number).shift(),
    }
  }

  /** What was on its way to a core that died is gone; its successor can be reached. */
  #connect(number: number): void {
    if (this.#ways.size === 0) return
    for (const { coreNumber, parcels } of this.#alive()) {
      this.#ways.delete(`${coreNumber} to ${number}`)
      if (coreNumber !== number) parcels.connected(number)
    }
  }

  #rootSignal(from: number, signal: Signal): void {
    this.signals.push(signal)
    if (signal.type === 'exited')
      this.exits.push({
        ref: formatAddress({ core: from, slot: signal.slot, generation: signal.generation }),
        reason: signal.reason,
        incarnation: signal.incarnation,
      })
    else if (signal.type === 'fault') this.faults.push({ where: signal.where, message: signal.error.message })
    else if ('request' in signal) {
      this.#answers.get(signal.request)?.answer(signal)
      this.#answers.delete(signal.request)
    }
  }
}

function specOf<A>(behaviour: Behaviour<A, never>, argument: A, options: SpawnOptions): StartSpec {
  const { module, name } = behaviour
  return {
    module,
    behaviour: name,
    argument,
    name: options.name,
    mailbox: options.mailbox,
    initTimeoutMs: options.initTimeoutMs ?? 5000,
  }
}
