/** The oracles that watch every run, together: fed by the simulated world, asked at the end of the run. */
import type { ActorContext } from '@cambium/actor'
import type { ShutdownReport, System } from '@cambium/runtime'
import type { Core } from '@cambium/scheduler'
import { CoreStateOracle } from './core-state.ts'
import { IncarnationOracle } from './incarnations.ts'
import { violation } from './violation.ts'

/** The contents of a core are looked through after one in so many of its turns. */
const TURNS_PER_LOOK = 32
/** A shutdown that took longer may have given up waiting for an actor, which is its right. */
const SHUTDOWN_MS_CLEAN = 4000

export class RunOracles {
  readonly #incarnations: IncarnationOracle
  readonly #states = new CoreStateOracle()
  readonly #ended: Core[] = []
  readonly #ringsInto: () => number
  #turns = 0
  /** What an oracle found inside a handler, where the runtime takes any error for the actor's crash. */
  #found: Error | undefined = undefined

  constructor(coreLife: (core: number) => number, ringsInto: () => number) {
    this.#ringsInto = ringsInto
    this.#incarnations = new IncarnationOracle(coreLife)
  }

  starting(context: ActorContext): void {
    try {
      this.#incarnations.starting(context)
    } catch (error) {
      this.report(error as Error)
    }
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

  /** Reports a violation from inside an actor: the run fails at the end of the turn. */
  report(error: Error): void {
    this.#found ??= error
  }

  /** Throws what was found in the turn, or between the turns. `holdsBack`: what it wrote for other cores may not be published yet. */
  afterTurn(core: Core, holdsBack: boolean): void {
    if (this.#found !== undefined) throw this.#found
    this.#states.checkCounters(core)
    this.#turns += 1
    if (this.#turns % TURNS_PER_LOOK === 0) this.#states.checkContents(core, this.#ringsInto(), holdsBack)
  }

  /** A core was stopped in good order. */
  ended(core: Core): void {
    this.#ended.push(core)
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
    if (!report.isDrained || report.tookMs > SHUTDOWN_MS_CLEAN) return
    for (const core of this.#ended) this.#states.checkEmpty(core)
    for (const name of this.#incarnations.names) {
      if (system.whereis(name) !== undefined) throw violation('ERR_ORACLE_LEAK', 'a name outlived its actor', { name })
    }
  }
}
