/**
 * One core: everything that runs on one thread. An object, never a singleton: the simulator has many in one thread (D11).
 *
 * A turn, bounded in messages and time: control lanes, timers, data rings straight into idle actors, run queue, then what was written is
 * published and room that was given is announced. Whoever drives the core calls {@link Core.turn} until it answers 0, then parks it with
 * {@link Core.hasWork} as the last look.
 */
import { ActorRef, isRef } from '@cambium/actor'
import type { Behaviour, DeadLetter, ExitReason, Ref } from '@cambium/actor'
import { CambiumError, formatAddress, toErrorRecord } from '@cambium/base'
import type { CorePlatform, ErrorRecord } from '@cambium/base'
import { createEncoder, createShapeArea } from '@cambium/codec'
import type { Encoder } from '@cambium/codec'
import { createDoorbell } from '@cambium/ring'
import type { Doorbell } from '@cambium/ring'
import { GONE } from './actor-cell.ts'
import type { ActorCell } from './actor-cell.ts'
import { TERMINATE_TIMEOUT_MS } from './actor-end.ts'
import { AskTable } from './asks.ts'
import type { Asker } from './asks.ts'
import { BehaviourLoader } from './behaviour-loader.ts'
import { PUT, PUT_MARK, PUT_NEXT, readBooks } from './books.ts'
import type { Books } from './books.ts'
import { ringMark } from './books-recovery.ts'
import { DeadLetterOffice } from './dead-letter-office.ts'
import { Dispatcher } from './dispatcher.ts'
import type { InboundLink } from './inbound-link.ts'
import { Intake, TURN_MS_MAX } from './intake.ts'
import { Lifecycle } from './lifecycle.ts'
import { linksFrom, linksTo } from './links.ts'
import type { MessageTimer } from './message-timer.ts'
import type { OutboundLink } from './outbound-link.ts'
import { SIGNAL } from './record-lane.ts'
import type { PublishCount } from './record-lane.ts'
import { followOrder } from './root-orders.ts'
import type { RunContext } from './run-context.ts'
import { Sender } from './sender.ts'
import type { SenderLimits } from './sender.ts'
import type { Signal, StartSpec } from './signals.ts'
import { SlotTable } from './slot-table.ts'
import type { CoreBlock, SystemMemory } from './system-memory.ts'
import { TimerWheel } from './timer-wheel.ts'
import { WaitWatch } from './wait-watch.ts'

export interface CoreOptions {
  readonly number: number
  readonly memory: SystemMemory
  readonly platform: CorePlatform
  readonly limits: SenderLimits
  readonly isStrict: boolean
  /** False for the successor of a dead core, until its slots are adopted. @default true */
  readonly isOpen?: boolean
  /** Core 0 only: what is meant for the root. */
  readonly onRootSignal?: (from: number, signal: Signal) => void
  /** Dead letters found by this core, at most 100 a second. */
  readonly onDeadLetter?: (letter: DeadLetter) => void
}

/** Messages from mailboxes in one turn. */
const MESSAGES_PER_TURN_MAX = 512
/** Signals of one peer in one turn. */
const SIGNALS_PER_LINK_MAX = 256
export interface CoreReport {
  readonly core: number
  readonly actors: number
  readonly runnable: number
  readonly timers: number
  readonly asks: number
  readonly waiting: number
  readonly asyncInFlight: number
  readonly behaviours: readonly string[]
  readonly books: Books
}

export class Core {
  readonly coreNumber: number
  readonly platform: CorePlatform
  readonly bell: Doorbell
  readonly block: CoreBlock
  books: Float64Array
  congestion: Int32Array
  readonly limits: SenderLimits
  readonly isStrict: boolean
  readonly encoder: Encoder
  readonly slots: SlotTable
  readonly wheel: TimerWheel
  readonly loader: BehaviourLoader
  readonly asks: AskTable
  readonly deadLetters: DeadLetterOffice
  readonly dispatcher: Dispatcher
  readonly lifecycle: Lifecycle
  readonly sender: Sender
  /** By core number; none to itself. */
  links: readonly (OutboundLink | undefined)[]
  #inbound: readonly InboundLink[]
  readonly #memory: SystemMemory
  /** Where the end of the thread would matter most; undefined on a real platform. */
  readonly #checkpoint: (() => void) | undefined
  readonly #onRootSignal: ((from: number, signal: Signal) => void) | undefined
  readonly #rootInbox: Signal[] = []
  readonly #epoch: number
  readonly #waits: WaitWatch
  #intake: Intake
  #isOpen: boolean
  #hasGivenRoom = false
  #beat = 0

  constructor(options: CoreOptions) {
    const { memory, platform } = options
    this.coreNumber = options.number
    this.platform = platform
    this.limits = options.limits
    this.isStrict = options.isStrict
    this.#memory = memory
    this.#checkpoint = platform.checkpoint?.bind(platform)
    this.#isOpen = options.isOpen ?? true
    this.#onRootSignal = options.onRootSignal
    this.block = memory.blocks[options.number] as CoreBlock
    this.books = this.block.books
    this.congestion = this.block.congestion
    this.bell = createDoorbell(this.block.bell)
    this.#epoch = Atomics.load(this.block.epoch, 0)
    this.slots = new SlotTable(this.block.generation)
    this.wheel = new TimerWheel(platform.now())
    this.loader = new BehaviourLoader(platform)
    this.asks = new AskTable(this.#epoch)
    this.encoder = createEncoder({
      area: createShapeArea(this.block.shapes),
      isRef,
      packRef: (value) => value as ActorRef,
    })
    this.deadLetters = new DeadLetterOffice(options.number, this.books, () => platform.now(), (letter) => {
      this.#showDeadLetter(letter, options.onDeadLetter)
    })
    this.dispatcher = new Dispatcher(this)
    this.lifecycle = new Lifecycle(this)
    this.links = linksTo(memory, options.number, (peer) => this.#publishCount(peer))
    this.#inbound = linksFrom(memory, options.number, options.limits.messageBytesMax, (core, slot, generation) => new ActorRef(this.sender.inside, core, slot, generation))
    this.sender = new Sender(this)
    this.#intake = new Intake(this, this.#inbound)
    this.#waits = new WaitWatch(this)
    // A predecessor may have died between its publish and its ring, or between what it read and its release.
    for (const link of this.#inbound) {
      link.control.release()
      link.data.release()
    }
    for (const link of this.links) link?.bell.ring()
  }

  /** Does a bounded amount of work; answers how much, 0 when there was none. */
  turn(): number {
    this.#beat = (this.#beat + 1) | 0
    this.block.beat[0] = this.#beat
    const startedMs = this.platform.now()
    let done = this.#takeSignals()
    done += this.wheel.advance(startedMs)
    if (this.#isOpen) done += this.#intake.take(startedMs)
    let handled = 0
    while (this.dispatcher.runQueue.length > 0 && handled < MESSAGES_PER_TURN_MAX) {
      handled += this.dispatcher.runNext()
      if (this.platform.now() - startedMs > TURN_MS_MAX) break
    }
    this.flush()
    return done + handled
  }

  /** Publishes what was written, moves what waited, and announces room. Part of every turn. */
  flush(): void {
    if (this.sender.outbox.hasWaiting) {
      this.sender.outbox.drain()
      this.#waits.watch()
    }
    for (const link of this.links) {
      if (link === undefined) continue
      link.data.flush()
      link.control.flush()
    }
    if (this.#hasGivenRoom) this.#announceRoom()
  }

  /** The last look before parking: true when there is something to do after all. Atomics.load of what peers publish. */
  hasWork(): boolean {
    if (this.dispatcher.runQueue.length > 0 || this.#rootInbox.length > 0) return true
    for (const link of this.#inbound) if (!link.control.isEmpty) return true
    if (this.#isOpen && !this.#intake.isEmpty) return true
    for (const link of this.links) if (link?.announceWaiting() === true) return true
    return false
  }

  /** Takes every signal that has arrived; ends, since rings are bounded and their senders wait for this thread. */
  takeAllSignals(): void {
    while (this.#takeSignals() > 0);
  }

  /** Milliseconds until the next timer; Infinity without one. */
  msToNextTimer(): number {
    const due = this.wheel.nextDueMs()
    return due === Infinity ? Infinity : Math.max(0, due - this.platform.now())
  }

  /** Handles a signal from the root. Core 0 is given its own directly. */
  handleSignal(signal: Signal): void {
    if (!followOrder(this, signal)) this.#onRootSignal?.(this.coreNumber, signal)
  }

  /** Sends a signal to the root; on core 0 it is handed over in the next turn. */
  toRoot(signal: Signal): void {
    if (this.coreNumber === 0) {
      this.#rootInbox.push(signal)
      this.requestTurn()
    } else this.signal(0, signal)
  }

  /** Sends a signal to another core. Throws `ERR_CANNOT_TRAVEL` when what it carries cannot. */
  signal(core: number, signal: Signal): void {
    const link = this.links[core] as OutboundLink
    const bytes = this.encoder.encode(signal)
    const epoch = Atomics.load((this.#memory.blocks[core] as CoreBlock).epoch, 0)
    if (!link.control.write(SIGNAL, epoch, 0, 0, bytes)) {
      link.control.enqueue({ type: SIGNAL, a: epoch, b: 0, c: 0, bytes: Buffer.from(bytes), sinceMs: Infinity, isDropped: undefined, onBegun: undefined, onWritten: undefined, onExpired: undefined })
    }
    this.requestTurn()
  }

  report(): CoreReport {
    return {
      core: this.coreNumber,
      actors: this.slots.count,
      runnable: this.dispatcher.runQueue.length,
      timers: this.wheel.size,
      asks: this.asks.size,
      waiting: this.sender.waitingCount,
      asyncInFlight: this.dispatcher.asyncInFlight,
      behaviours: this.loader.names,
      books: readBooks(this.books),
    }
  }

  /**
   * Ends this core as the end of its thread would: nothing that its actors still do, in promises that settle later, reaches shared memory.
   * For a platform whose cores share one thread; on a real one the thread's end does it.
   */
  sever(): void {
    this.books = new Float64Array(this.books.length)
    this.congestion = new Int32Array(this.congestion.length)
    this.links = []
    this.#inbound = []
    this.#intake = new Intake(this, [])
    this.sender.isClosed = true
    for (const cell of this.slots.cells) {
      if (cell === undefined) continue
      cell.phase += 1
      cell.status = GONE
      ;(cell.context as RunContext | undefined)?.end()
    }
  }

  get memory(): SharedArrayBuffer {
    return this.#memory.memory
  }

  // --- what the parts ask of their core

  now(): number {
    return this.platform.now()
  }

  requestTurn(): void {
    this.platform.requestTurn()
  }

  refOf(address: { core: number; slot: number; generation: number }): Ref<unknown> {
    return new ActorRef(this.sender.inside, address.core, address.slot, address.generation) as unknown as Ref<unknown>
  }

  reply(asker: Asker, value: unknown): void {
    this.sender.replies.reply(asker, value)
  }

  replyError(asker: Asker, error: Error): void {
    this.sender.replies.replyError(asker, error)
  }

  buryReply(cell: ActorCell, value: unknown): void {
    this.sender.replies.buryReply(cell, value)
  }

  relieved(cell: ActorCell): void {
    this.#hasGivenRoom = true
    this.sender.outbox.relieved(cell)
  }

  ended(cell: ActorCell, reason: ExitReason): void {
    this.lifecycle.ended(cell, reason)
  }

  reportExit(cell: ActorCell, reason: ExitReason): void {
    this.toRoot({ type: 'exited', slot: cell.slot, generation: cell.generation, reason, incarnation: cell.incarnation })
  }

  reportFault(where: string, error: unknown): void {
    const record = error !== null && typeof error === 'object' && 'code' in error && !(error instanceof Error) ? (error as ErrorRecord) : toErrorRecord(error)
    this.toRoot({ type: 'fault', where, error: record })
  }

  spawnChild(parent: ActorCell, behaviour: Behaviour<unknown, unknown>, spec: StartSpec): Ref<unknown> {
    this.loader.learn(behaviour)
    return this.refOf(this.lifecycle.spawn(spec, false, parent, () => {}))
  }

  stopChild(parent: ActorCell, child: Ref<never>): Promise<void> {
    const cell = child.core === this.coreNumber ? this.slots.find(child.slot, child.generation) : undefined
    if (cell === undefined) return Promise.resolve()
    if (cell.parent !== parent) return Promise.reject(new CambiumError('ERR_NOT_A_CHILD', `actor is no child of this one: ref=${formatAddress(child)}, actor=${parent.label}`))
    return new Promise((resolve) => {
      this.lifecycle.stop(cell, TERMINATE_TIMEOUT_MS, false, () => {
        resolve()
        this.requestTurn()
      })
    })
  }

  deliverTimer(timer: MessageTimer): void {
    this.dispatcher.deliverTimer(timer)
  }

  // --- parts of a turn

  #takeSignals(): number {
    let done = 0
    for (let i = this.#rootInbox.length; i > 0; i -= 1) {
      const signal = this.#rootInbox.shift() as Signal
      this.#onRootSignal?.(0, signal)
      done += 1
    }
    for (const link of this.#inbound) {
      const lane = link.control
      if (lane.isEmpty) continue
      for (let taken = 0; taken < SIGNALS_PER_LINK_MAX; taken += 1) {
        const outcome = lane.next()
        if (outcome === 'none') break
        done += 1
        if (outcome !== 'record' || lane.record.a !== this.#epoch) continue
        const signal = link.decode(lane.record) as Signal
        if (signal.type === 'wait_chain') this.#waits.follow(signal)
        else if (this.#onRootSignal !== undefined) this.#onRootSignal(link.core, signal)
        else this.handleSignal(signal)
      }
      if (lane.release()) this.#hasGivenRoom = true
    }
    return done
  }

  /** Step 3 of the protocol for room: whoever waits looks again. */
  #announceRoom(): void {
    this.#hasGivenRoom = false
    for (const link of this.links) {
      if (link === undefined) continue
      const word = this.block.waiting[link.core] as Int32Array
      if (Atomics.load(word, 0) === 0) continue
      Atomics.store(word, 0, 0)
      link.bell.ring()
    }
  }

  open(): void {
    this.#isOpen = true
    this.requestTurn()
  }

  gaveRoom(): void {
    this.#hasGivenRoom = true
  }

  #publishCount(peer: number): PublishCount {
    return {
      begin: (records, position) => {
        const { books } = this
        books[PUT_NEXT] = (books[PUT] as number) + records
        books[PUT_MARK] = ringMark(peer, position)
        this.#checkpoint?.()
      },
      end: () => {
        const { books } = this
        this.#checkpoint?.()
        books[PUT] = books[PUT_NEXT] as number
        books[PUT_MARK] = 0
        this.#checkpoint?.()
      },
    }
  }

  #showDeadLetter(letter: DeadLetter, observe: ((letter: DeadLetter) => void) | undefined): void {
    observe?.(letter)
    const { core, slot, generation } = letter.target
    const { reason, count, name, detail } = letter
    this.toRoot({ type: 'dead_letter', reason, core, slot, generation, name, count, detail })
  }
}
