/**
 * One core: everything that runs on one thread. An object, never a singleton: the simulator has many in one thread (D11).
 *
 * A turn, bounded in messages and time: control lanes, timers, data rings straight into idle actors, run queue, then what was written is
 * published and room that was given is announced. Whoever drives the core calls {@link Core.turn} until it answers 0, then parks it with
 * {@link Core.hasWork} as the last look.
 */
import { ActorRef, type Behaviour, type DeadLetter, type ExitReason, type Ref, type RefTarget } from '@cambium/actor'
import type { CorePlatform } from '@cambium/base'
import type { Encoder } from '@cambium/codec'
import { createDoorbell, type Doorbell } from '@cambium/ring'
import { type ActorCell, GONE, isAtRest } from './actor-cell.ts'
import { type Asker, AskTable } from './asks.ts'
import { Channels } from './channels.ts'
import { ChildKeeper } from './child-keeper.ts'
import { ControlIntake } from './control-intake.ts'
import { CoreDirectory } from './core-directory.ts'
import type { CoreRequests } from './core-requests.ts'
import { type CoreReport, reportOf } from './core-report.ts'
import { Bonds } from './bonds.ts'
import { BehaviourLoader } from './behaviour-loader.ts'
import { DeadLetterOffice, letterSignal } from './dead-letter-office.ts'
import { Dispatcher } from './dispatcher.ts'
import type { InboundLane } from './inbound-link.ts'
import { FaultOffice } from './fault-office.ts'
import { Fence } from './fence.ts'
import { HandlerInHand } from './handler-in-hand.ts'
import { Inspection } from './inspection.ts'
import { Intake } from './intake.ts'
import { type Before, Lifecycle } from './lifecycle.ts'
import { linksFrom, linksTo } from './links.ts'
import { Moves } from './moves.ts'
import { announceRoom } from './outbound-link.ts'
import type { OutboundLink } from './outbound-link.ts'
import { ParcelRounds } from './parcel-rounds.ts'
import { Copier, createCoreEncoder, refMaker, type RefHosts } from './ref-codec.ts'
import { createPublishCount } from './publish-count.ts'
import type { RunContext } from './run-context.ts'
import { Sender } from './sender.ts'
import type { SenderLimits } from './sender-host.ts'
import { SignalRouter } from './signal-router.ts'
import type { Signal, StartSpec } from './signals.ts'
import { SlotTable } from './slot-table.ts'
import type { CoreBlock, SystemMemory } from './system-memory.ts'
import { TimerWheel } from './timer-wheel.ts'
import { TurnBudget } from './turn-budget.ts'
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

export class Core {
  readonly coreNumber: number
  readonly platform: CorePlatform
  readonly bell: Doorbell
  readonly block: CoreBlock
  /** Tells the root that this core looks at the clock, as it does after each slow message: it is not stuck. */
  beat: Int32Array
  handler: HandlerInHand
  fence: Fence
  books: Float64Array
  congestion: Int32Array
  queued: Int32Array
  readonly limits: SenderLimits
  readonly isStrict: boolean
  readonly encoder: Encoder
  readonly slots: SlotTable
  readonly wheel: TimerWheel
  readonly loader: BehaviourLoader
  readonly asks: AskTable
  readonly bonds: Bonds
  readonly directory: CoreDirectory
  readonly deadLetters: DeadLetterOffice
  readonly dispatcher: Dispatcher
  readonly inspection: Inspection = new Inspection(this)
  readonly lifecycle: Lifecycle
  readonly sender: Sender
  links: readonly (OutboundLink | undefined)[]
  readonly #memory: SystemMemory
  /** Where the end of the thread would matter most; undefined on a real platform. */
  readonly #checkpoint: (() => void) | undefined
  readonly router: SignalRouter
  readonly #epoch: number
  readonly waits: WaitWatch
  readonly #copier: Copier
  readonly channels: Channels = new Channels(this)
  readonly moves: Moves
  #intake: Intake
  #control: ControlIntake
  #isOpen: boolean
  #hasGivenRoom = false
  readonly parcels: ParcelRounds
  readonly #faults: FaultOffice
  /** Offloaded jobs and owed answers: what ends them comes by the event loop, so the core must not block it. */
  outstandingCount = 0
  #isInTurn = false
  readonly budget: TurnBudget

  constructor(options: CoreOptions) {
    const { memory, platform } = options
    this.coreNumber = options.number
    this.platform = platform
    this.limits = options.limits
    this.isStrict = options.isStrict
    this.#memory = memory
    this.#checkpoint = platform.checkpoint?.bind(platform)
    this.#isOpen = options.isOpen ?? true
    this.block = memory.blocks[options.number] as CoreBlock
    ;({ books: this.books, congestion: this.congestion, queued: this.queued, beat: this.beat } = this.block)
    this.bell = createDoorbell(this.block.bell)
    this.#epoch = Atomics.load(this.block.epoch, 0)
    this.fence = new Fence(this.block.epoch)
    this.router = new SignalRouter(this, memory, this.#epoch, options.onRootSignal)
    this.slots = new SlotTable(this.block.generation)
    this.handler = new HandlerInHand(this.block.handler)
    this.budget = new TurnBudget(() => {
      this.beat[0] = ((this.beat[0] as number) + 1) | 0
      return platform.now()
    })
    this.wheel = new TimerWheel(platform.now(), () => {
      if (!this.#isInTurn) platform.requestTurn() // a parked core has to wait less
    })
    this.loader = new BehaviourLoader(platform)
    this.asks = new AskTable(this.#epoch)
    const hosts = (): RefHosts => this.sender
    this.encoder = createCoreEncoder(this.block, hosts)
    this.#copier = new Copier(this.encoder, this.block, hosts)
    this.#faults = new FaultOffice(
      () => platform.now(),
      (signal) => {
        this.toRoot(signal)
      },
    )
    this.deadLetters = new DeadLetterOffice(
      options.number,
      this.books,
      () => platform.now(),
      (shown) => {
        const letter = this.moves.named(shown)
        options.onDeadLetter?.(letter)
        this.toRoot(letterSignal(letter))
      },
    )
    this.dispatcher = new Dispatcher(this)
    this.lifecycle = new Lifecycle(this)
    this.links = linksTo(memory, options.number, options.limits.messageBytesMax, platform.parcels, (peer) =>
      createPublishCount(() => this.books, peer, this.#checkpoint),
    )
    const inbound = linksFrom(memory, options.number, options.limits.messageBytesMax, refMaker(hosts), platform.parcels)
    this.sender = new Sender(this)
    this.parcels = new ParcelRounds(this, inbound)
    this.#control = new ControlIntake(this, inbound, this.#epoch)
    this.#intake = new Intake(this, inbound, this.#control)
    this.waits = new WaitWatch(this)
    this.bonds = new Bonds(this)
    this.directory = new CoreDirectory(this)
    this.moves = new Moves(this, memory)
    // A predecessor may have died between its publish and its ring, or between what it read and its release.
    for (const link of inbound) {
      link.control.release()
      link.data.release()
    }
    for (const link of this.links) link?.bell.ring()
  }

  /** Does a bounded amount of work; answers how much, 0 when there was none. */
  turn(): number {
    this.#isInTurn = true
    try {
      const startedMs = this.budget.begin()
      let done = this.router.takeOwn() + this.#control.take(this.budget, this.#isOpen) + this.wheel.advance(startedMs)
      if (this.#isOpen) done += this.#intake.take(this.budget)
      if (this.channels.size > 0) done += this.channels.look()
      if (this.bonds.hasDelayed) this.bonds.tellDelayed()
      let handled = 0
      while (this.dispatcher.runQueue.length > 0 && handled < MESSAGES_PER_TURN_MAX) {
        handled += this.dispatcher.runNext(this.budget)
        if (this.budget.isSpent()) break
      }
      if (this.moves.isBusy) handled += this.moves.look(this.budget)
      this.flush()
      return done + handled
    } finally {
      this.handler.clear()
      this.#isInTurn = false
    }
  }

  /** Publishes what was written, moves what waited, and announces room. Part of every turn. */
  flush(): void {
    if (this.sender.outbox.hasWaiting) {
      this.sender.outbox.drain()
      this.waits.watch()
    }
    for (const link of this.links) {
      link?.data.endTurn()
      link?.control.endTurn()
    }
    if (this.channels.size > 0) this.channels.flush()
    if (this.#hasGivenRoom) announceRoom(this.links, this.block.waiting)
    this.#hasGivenRoom = false
    this.parcels.look()
  }

  /** The last look before parking: true when there is something to do after all. Atomics.load of what peers publish. */
  hasWork(): boolean {
    if (this.dispatcher.runQueue.length > 0 || this.router.hasOwn || this.dispatcher.travel.hasDue) return true
    if (!this.#control.isEmptyFor(this.#isOpen)) return true
    if (this.#isOpen && !this.#intake.isEmpty) return true
    if (this.channels.size > 0 && this.channels.hasWork) return true
    for (const link of this.links) if (link?.announceWaiting() === true) return true
    return false
  }

  /** Takes every signal that has arrived; ends, since rings are bounded and their senders wait for this thread. */
  takeAllSignals(): void {
    while (this.router.takeOwn() > 0);
    this.#control.takeAll()
  }

  /** Milliseconds until the next timer; Infinity without one. */
  msToNextTimer(): number {
    return Math.max(0, this.wheel.nextDueMs() - this.platform.now())
  }

  /** A signal of the root. Core 0 is given its own directly. */
  handleSignal(signal: Signal): void {
    this.router.handle(signal)
  }

  order(core: number, signal: Signal): void {
    this.router.order(core, signal)
  }

  toRoot(signal: Signal): void {
    this.router.toRoot(signal)
  }

  signal(core: number, signal: Signal): void {
    this.router.send(core, signal)
  }

  get requests(): CoreRequests {
    return this.router.requests
  }

  /** What `value` would be on another core: shares nothing with it, its refs are for use by actors here. Throws `ERR_CANNOT_TRAVEL`. */
  copy(value: unknown): unknown {
    return this.#copier.copy(value)
  }

  report(): CoreReport {
    return reportOf(this)
  }

  /**
   * Ends this core as the end of its thread would: nothing that its actors still do, in promises that settle later, reaches shared memory.
   * For a platform whose cores share one thread; on a real one the thread's end does it.
   */
  sever(): void {
    this.books = new Float64Array(this.books.length)
    this.congestion = new Int32Array(this.congestion.length)
    this.queued = new Int32Array(this.queued.length)
    this.beat = new Int32Array(1)
    this.handler = new HandlerInHand()
    this.fence = new Fence()
    this.links = []
    this.channels.sever()
    this.#control = new ControlIntake(this, [], this.#epoch)
    this.#intake = new Intake(this, [], this.#control)
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

  now(): number {
    return this.platform.now()
  }

  /** Up to a turn old; much cheaper. */
  roughNow(): number {
    return this.#isInTurn ? this.budget.lookedMs : this.platform.now()
  }

  requestTurn(): void {
    if (!this.#isInTurn) this.platform.requestTurn()
  }

  refOf({ core, slot, generation, layouts }: RefTarget): Ref<unknown> {
    return new ActorRef(this.sender.inside, core, slot, generation, layouts) as unknown as Ref<unknown>
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

  outstanding(change: 1 | -1): void {
    this.outstandingCount += change
  }

  stopSelf(cell: ActorCell, reason: ExitReason): void {
    if (isAtRest(cell.status) && this.dispatcher.current !== cell) {
      this.lifecycle.endedAtRest(cell, reason)
      this.requestTurn()
    } else cell.stopRequest ??= reason
  }

  makeKeeper(cell: ActorCell): ChildKeeper {
    return new ChildKeeper(this, cell)
  }

  get blocks(): readonly CoreBlock[] {
    return this.#memory.blocks
  }

  get coreCount(): number {
    return this.#memory.blocks.length
  }

  /** Epoch of this core: which of its incarnations this is. */
  get life(): number {
    return this.#epoch
  }

  takeLastSignals(core: number): void {
    this.#control.takeAllOf(core)
  }

  shedding(cell: ActorCell, queued: number, dropped: number): void {
    const { name, capacity } = cell
    const { core, slot, generation } = cell.address
    const actor = { core, slot, generation }
    this.toRoot({ type: 'news', news: { event: 'load_shed', detail: { actor, name, capacity, queued, dropped } } })
  }

  reportFault(where: string, error: unknown): void {
    this.#faults.report(where, error)
  }

  spawnChild(parent: ActorCell, behaviour: Behaviour<unknown, unknown>, spec: StartSpec, before?: Before): Ref<unknown> {
    this.loader.learn(behaviour)
    return this.refOf(this.lifecycle.spawn(spec, undefined, parent, () => {}, before))
  }

  epochOf(core: number): number {
    return Atomics.load((this.#memory.blocks[core] as CoreBlock).epoch, 0)
  }

  inbound(core: number): InboundLane | undefined {
    return this.#intake.from(core)
  }

  open(): void {
    this.#isOpen = true
    this.requestTurn()
  }

  gaveRoom(): void {
    this.#hasGivenRoom = true
  }
}
