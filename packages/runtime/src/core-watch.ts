/**
 * Looks at the cores from outside, through shared memory (D10): a core that is neither parked nor begins new turns is stuck, a callback that runs
 * for longer than its actor's budget is cut off. How late a look comes tells how long the main thread was blocked.
 *
 * 1. A callback is the same at two looks when its serial is; then it has run all the time in between. Its time counts from the first look that saw
 *    it, so nothing is cut off early; a look comes four times per budget, and each 20 ms at least, and when the budget of a callback that has been seen ends:
 *    so it is cut off some 20 ms late at most, and less than 50 ms where the main thread has others beside it.
 * 2. Without budgets a look comes four times per `turnTimeoutMs`, and each second at least. A core announces the budgets of the actors that it
 *    starts; the root looks for them when it hears of a start, and at each look.
 */
import { CambiumError } from '@cambium/base'
import { BELL_BUSY, BELL_RUNG } from '@cambium/ring'
import { CallbackTimer, leastBudgetMs, readHandler } from '@cambium/scheduler'
import type { CoreBlock, HandlerReading, TimerWheel } from '@cambium/scheduler'

export interface CoreWatchHost {
  readonly wheel: TimerWheel
  now(): number
  /** Of cores that are up; never core 0. */
  watched(): Iterable<{ readonly number: number; readonly block: CoreBlock }>
  kill(core: number, verdict: CambiumError): void
  /** The look came so much too late. */
  mainBlocked(forMs: number): void
}

interface Look {
  beat: number
  beatSinceMs: number
  handler: HandlerReading | undefined
  handlerSinceMs: number
}

const INTERVAL_MS_MAX = 1000
const INTERVAL_MS_MIN = 2
/** Between two looks when any actor has a budget. */
const BUDGET_INTERVAL_MS_MAX = 20
/** A budget is over when more than it has passed. */
const OVER_MS = 1
/** A look that is late by more says that the main thread was blocked. */
const LATE_MS_MIN = 100

export class CoreWatch {
  readonly #host: CoreWatchHost
  readonly #turnTimeoutMs: number
  readonly #looks = new Map<number, Look>()
  #intervalMs: number
  #dueMs = 0
  readonly #timer: CallbackTimer

  constructor(host: CoreWatchHost, turnTimeoutMs: number) {
    this.#host = host
    this.#turnTimeoutMs = turnTimeoutMs
    this.#intervalMs = Math.min(INTERVAL_MS_MAX, turnTimeoutMs / 4)
    this.#timer = new CallbackTimer(() => {
      this.#look()
    })
  }

  start(): void {
    this.#schedule()
  }

  stop(): void {
    this.#host.wheel.cancel(this.#timer)
  }

  /** A core has come up anew: what was seen of its number before is another thread's. */
  forget(core: number): void {
    this.#looks.delete(core)
  }

  /** Looks as often as the budgets of the actors that have been started there want it. */
  hurryFor({ handler }: CoreBlock): void {
    const budgetMs = leastBudgetMs(handler)
    if (budgetMs === undefined) return
    const intervalMs = Math.max(INTERVAL_MS_MIN, Math.min(BUDGET_INTERVAL_MS_MAX, budgetMs / 4))
    if (intervalMs >= this.#intervalMs) return
    this.#intervalMs = intervalMs
    this.#host.wheel.cancel(this.#timer)
    this.#schedule()
  }

  /** `lookMs`: one is wanted by then. */
  #schedule(lookMs = Infinity): void {
    this.#dueMs = Math.min(this.#host.now() + this.#intervalMs, lookMs)
    this.#host.wheel.start(this.#timer, this.#dueMs)
  }

  #look(): void {
    const now = this.#host.now()
    if (now - this.#dueMs > LATE_MS_MIN) this.#host.mainBlocked(now - this.#dueMs)
    let nextMs = Infinity
    for (const { number, block } of this.#host.watched()) nextMs = Math.min(nextMs, this.#lookAt(number, block, now))
    this.#host.wheel.cancel(this.#timer) // a look may have found that they have to come more often
    this.#schedule(nextMs)
  }

  /** Answers when the budget of the callback that runs there ends. */
  #lookAt(core: number, block: CoreBlock, now: number): number {
    const beat = block.beat[0] as number // a plain read: it is only compared with the one before
    const handler = readHandler(block.handler)
    this.hurryFor(block)
    const look = this.#looks.get(core)
    if (look === undefined) {
      this.#looks.set(core, { beat, beatSinceMs: now, handler, handlerSinceMs: now })
      return handler?.budgetMs === undefined ? Infinity : now + handler.budgetMs + OVER_MS
    }
    const bell = Atomics.load(block.bell, 0)
    if (beat !== look.beat || (bell !== BELL_BUSY && bell !== BELL_RUNG)) {
      look.beat = beat
      look.beatSinceMs = now
    }
    if (handler === undefined || look.handler?.serial !== handler.serial) look.handlerSinceMs = now
    look.handler = handler
    const budgetMs = handler?.budgetMs
    if (handler !== undefined && budgetMs !== undefined) {
      const ranMs = now - look.handlerSinceMs
      if (ranMs <= budgetMs) return look.handlerSinceMs + budgetMs + OVER_MS
      this.#cut(core, look, overBudget(core, handler, budgetMs, ranMs))
    } else if (now - look.beatSinceMs > this.#turnTimeoutMs) this.#cut(core, look, this.#stuck(core, handler))
    return Infinity
  }

  #cut(core: number, look: Look, verdict: CambiumError): void {
    look.beatSinceMs = look.handlerSinceMs = this.#host.now()
    this.#host.kill(core, verdict)
  }

  /** In a callback, or outside any: in the event loop, where code that an actor left behind runs. */
  #stuck(core: number, handler: HandlerReading | undefined): CambiumError {
    const message =
      handler === undefined
        ? `event loop of the core stalled: core=${core}, turnTimeoutMs=${this.#turnTimeoutMs}`
        : `core did not end its turn in time: core=${core}, turnTimeoutMs=${this.#turnTimeoutMs}`
    const code = handler === undefined ? 'ERR_CORE_STALLED' : 'ERR_CORE_STUCK'
    return new CambiumError(code, message, { severity: 'crash' })
  }
}

function overBudget(core: number, { slot, generation }: HandlerReading, budgetMs: number, ranMs: number): CambiumError {
  const message = `callback did not end within its budget: ref=core-${core}/${slot}, budgetMs=${budgetMs}, ranMs=${Math.round(ranMs)}`
  return new CambiumError('ERR_CALLBACK_BUDGET', message, { severity: 'crash', fields: { slot, generation, budgetMs, ranMs } })
}
