/** The oracles that watch every run, together: fed by the simulated world, asked at the end of the run. */
import type { ActorContext } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import { formatAddress } from '@cambium/base'
import type { ShutdownReport, System } from '@cambium/runtime'
import type { Core, SystemMemory } from '@cambium/scheduler'
import type { DecisionMade } from '@cambium/supervision'
import type { Marked } from '../marked.ts'
import { MessageMarks } from '../message-marks.ts'
import { AskOracle } from './asks.ts'
import { CoreStateOracle } from './core-state.ts'
import { IncarnationOracle } from './incarnations.ts'
import { LeakOracle } from './leaks.ts'
import { MailboxBounds } from './mailbox-bounds.ts'
import { MailboxDrops } from './mailbox-drops.ts'
import { MessageOrder } from './message-order.ts'
import { PriorityOrder } from './priority-order.ts'
import { SignalOrder } from './signal-order.ts'
import { StopOrderOracle } from './stop-order.ts'
import { SupervisionOracle } from './supervision.ts'
import type { SupervisorActor } from './supervision.ts'
import { violation } from './violation.ts'

/** The contents of a core are looked through after one in so many of its turns. */
const TURNS_PER_LOOK = 32

export interface RunOraclesOptions {
  /** Number of the life of a core. */
  readonly coreLife: (core: number) => number
  readonly now: () => number
  /** Parcels that lie on a way between two cores. */
  readonly parcelsUnderWay: () => number
}

export class RunOracles {
  readonly #incarnations: IncarnationOracle
  readonly #bounds = new MailboxBounds()
  readonly #states = new CoreStateOracle(this.#bounds)
  readonly #signals = new SignalOrder()
  readonly #drops = new MailboxDrops()
  readonly #marks: MessageMarks
  readonly #asks: AskOracle
  readonly #supervision: SupervisionOracle
  readonly #stops: StopOrderOracle
  readonly #leaks = new LeakOracle()
  readonly #parcelsUnderWay: () => number
  #turns = 0
  /** What an oracle found inside a handler, where the runtime takes any error for the actor's crash. */
  #found: Error | undefined = undefined

  constructor({ coreLife, now, parcelsUnderWay }: RunOraclesOptions) {
    this.#parcelsUnderWay = parcelsUnderWay
    this.#incarnations = new IncarnationOracle(coreLife)
    const report = (error: Error): void => {
      this.report(error)
    }
    this.#marks = new MessageMarks({
      order: new MessageOrder(),
      signals: this.#signals,
      bounds: this.#bounds,
      drops: this.#drops,
      priorities: new PriorityOrder(),
      report,
    })
    this.#asks = new AskOracle(coreLife, report)
    this.#supervision = new SupervisionOracle(this.#incarnations)
    this.#stops = new StopOrderOracle({ incarnations: this.#incarnations, now, report })
  }

  /** What code outside asks the system for goes through here. */
  watchSystem(system: System, shutdownTimeoutMs: number): void {
    this.#stops.watchSystem(system, shutdownTimeoutMs)
  }

  /** A core begins. */
  watchCore(core: Core, memory: SystemMemory): void {
    this.#signals.watch(core)
    this.#marks.watch(core, memory)
    this.#asks.watch(core)
    this.#leaks.watch(core)
    this.#stops.watchCore(core)
    const { deadLetters, router } = core
    const bury = deadLetters.bury.bind(deadLetters)
    deadLetters.bury = (reason, target, more) => {
      bury(reason, target, more)
      if (reason === 'no_such_actor') this.#incarnations.refused(target)
    }
    const { guests, moved } = core.moves
    const [go, back] = [guests.go.bind(guests), moved.back.bind(moved)]
    const arrived = (slot: number): void => {
      const context = core.slots.cells[slot]?.context
      if (context !== undefined)
        this.#look(() => {
          this.#incarnations.moved(context)
        })
    }
    guests.go = (signal) => {
      go(signal)
      arrived(signal.slot)
    }
    moved.back = (from, signal) => {
      const wasAway = core.slots.cells[signal.slot]?.moved?.place !== undefined
      back(from, signal)
      if (wasAway) arrived(signal.slot)
    }
    const order = router.order.bind(router)
    router.order = (to, signal) => {
      if (signal.type === 'restart')
        this.#supervision.ordered(formatAddress({ core: to, slot: signal.slot, generation: signal.generation }))
      return order(to, signal)
    }
  }

  /** A supervisor has decided; `actor` when it is one. */
  decided(decision: DecisionMade, actor: SupervisorActor | undefined): void {
    this.#look(() => {
      this.#supervision.decided(decision, actor)
    })
  }

  /** An incarnation begins on that core. */
  starting(context: ActorContext, core: Core | undefined): void {
    this.#look(() => {
      const { address, number, isAnew } = this.#incarnations.starting(context)
      this.#stops.starting(number)
      const cell = core?.slots.cells[context.self.slot]
      const over = context as { end?: () => void }
      const end = over.end?.bind(context)
      over.end = () => {
        end?.()
        if (cell !== undefined) this.#stops.ended(cell)
      }
      this.#supervision.starting(address, number, isAnew)
    })
  }

  /** Throws when a supervisor and its children disagree although nothing is under way; `awaiting` are cells that wait for a decision for long. */
  checkRest(awaiting: Iterable<ActorAddress>): void {
    if (this.#found !== undefined) throw this.#found
    this.#supervision.checkRest(Array.from(awaiting, formatAddress), (actor) => this.#stops.wasStopped(actor))
  }

  /** What is left, with nothing under way, of incarnations that have ended. What is on its way to other cores still is found as well. */
  findLeft(cores: readonly Core[]): Error | undefined {
    try {
      this.#leaks.checkRest(cores, this.#parcelsUnderWay())
      return undefined
    } catch (error) {
      return error as Error
    }
  }

  /** The system has begun to shut down. */
  get isClosing(): boolean {
    return this.#stops.isClosing
  }

  /** The behaviour of its receiver has told another priority of a message than the normal one. */
  judged(message: Marked): void {
    this.#drops.judged(message)
  }

  /** A handler is about to be given what was in a mailbox; answers the message. */
  taken(message: unknown): unknown {
    return this.#marks.taken(message)
  }

  /** Answers the number of the incarnation, 0 for one that must not be. */
  receiving(owner: ActorContext, context: ActorContext): number {
    try {
      return this.#incarnations.receiving(owner, context)
    } catch (error) {
      this.report(error as Error)
      return 0
    }
  }

  #look(look: () => void): void {
    try {
      look()
    } catch (error) {
      this.report(error as Error)
    }
  }

  /** Reports a violation from inside an actor: the run fails at the end of the turn. */
  report(error: Error): void {
    this.#found ??= error
  }

  /** Throws what was found in the turn, or between the turns. `holdsBack`: what it wrote for other cores may not be published yet. */
  afterTurn(core: Core, holdsBack: boolean): void {
    if (this.#found !== undefined) throw this.#found
    this.#states.checkCounters(core)
    this.#turns += 1
    if (this.#turns % TURNS_PER_LOOK !== 0) return
    this.#states.checkContents(core, holdsBack)
    this.#leaks.checkCore(core)
  }

  /** A core was stopped in good order; it is not severed yet. */
  ended(core: Core): void {
    this.#leaks.ended(core)
  }

  /** After the shutdown of the system. */
  checkEnd(system: System, report: ShutdownReport): void {
    if (this.#found !== undefined) throw this.#found
    const { books } = report
    if (books.queued !== 0 || books.put !== books.taken) {
      throw violation('ERR_ORACLE_BOOKS', 'books of the system do not balance', {
        sent: books.sent,
        processed: books.processed,
        dead: books.deadTotal,
        queued: books.queued,
        put: books.put,
        taken: books.taken,
      })
    }
    if (!report.isDrained || this.#stops.hasGivenUp) return
    this.#leaks.checkEnd()
    for (const name of this.#incarnations.names) {
      if (system.whereis(name) !== undefined) throw violation('ERR_ORACLE_LEAK', 'a name outlived its actor', { name })
    }
  }
}
