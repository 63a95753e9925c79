/**
 * Timers of one core: a hierarchical wheel (Varghese and Lauck, 1987) of four levels of 256 slots at one millisecond.
 *
 * A timer lies at the level of the highest 8-bit digit in which its due tick differs from the present tick, so every
 * timer of a level is due before every timer of the next, and the first occupied slot of the first occupied level is the
 * earliest. Start and cancel take constant time; empty time is skipped, not walked. Timers of one tick fire in the order in
 * which they were started, unless one of them was started more than twelve days before.
 */
export abstract class Timer {
  /** Absolute time in milliseconds; set by the wheel. */
  due = 0
  previous: Timer | undefined = undefined
  next: Timer | undefined = undefined
  /** Index of the slot's list, -1 while not scheduled. */
  list = -1
  abstract fire(): void
}

/** A timer that calls back. */
export class CallbackTimer extends Timer {
  readonly #expire: () => void

  constructor(expire: () => void) {
    super()
    this.#expire = expire
  }

  override fire(): void {
    this.#expire()
  }
}

/** By which the runtime looks after what waits: it goes by itself soon after there is nothing left to look after. */
export class LookTimer extends CallbackTimer {}

const LEVELS = 4
const SLOTS = 256
/** Farther timers wait here and are placed anew on the way. */
const TICKS_AHEAD_MAX = 2 ** 30
/** Ticks are kept below 2^31, so that bit operations hold; past this the origin moves. */
const REBASE_AT = 2 ** 30

export class TimerWheel {
  /** Timers scheduled. */
  size = 0
  readonly #onStart: () => void
  #originMs: number
  #tick = 0
  /** No slot has to be opened before this tick: most looks end here. */
  #soonest = Infinity
  readonly #heads: (Timer | undefined)[] = new Array(LEVELS * SLOTS).fill(undefined)
  readonly #tails: (Timer | undefined)[] = new Array(LEVELS * SLOTS).fill(undefined)
  readonly #counts: number[] = new Array(LEVELS).fill(0)

  /** `onStart` is told of each timer that is started: whoever waits for the earliest has to look again. */
  constructor(nowMs: number, onStart: () => void = () => {}) {
    this.#originMs = Math.floor(nowMs)
    this.#onStart = onStart
  }

  /** Schedules `timer` at `dueMs`; a timer already scheduled is moved. Never fires inside the call. */
  start(timer: Timer, dueMs: number): void {
    if (timer.list >= 0) this.cancel(timer)
    timer.due = dueMs
    this.#place(timer)
    this.size += 1
    this.#onStart()
  }

  /** Answers whether the timer was scheduled. */
  cancel(timer: Timer): boolean {
    if (timer.list < 0) return false
    this.#unlink(timer)
    this.size -= 1
    return true
  }

  /** Fires every timer due at `nowMs`; answers how many. A timer started meanwhile fires in a later tick. */
  advance(nowMs: number): number {
    let target = Math.floor(nowMs) - this.#originMs
    let fired = 0
    while (this.#soonest <= target) {
      const at = this.#nextTick()
      this.#soonest = at
      if (at > target) break
      this.#tick = at
      fired += this.#openSlot(at)
      if (this.#tick < REBASE_AT) continue
      target -= this.#tick
      this.#rebase()
    }
    if (target > this.#tick) this.#tick = target
    if (this.#tick >= REBASE_AT) this.#rebase()
    return fired
  }

  /** When to look again, in absolute milliseconds: never later than the earliest timer. `Infinity` when there is none. */
  nextDueMs(): number {
    return this.size === 0 ? Infinity : this.#originMs + this.#nextTick()
  }

  /** All timers scheduled, in no order. */
  all(): Timer[] {
    const all: Timer[] = []
    for (const head of this.#heads) for (let timer = head; timer !== undefined; timer = timer.next) all.push(timer)
    return all
  }

  /** First tick at which a slot has to be opened. */
  #nextTick(): number {
    for (let level = 0; level < LEVELS; level += 1) {
      if (this.#counts[level] === 0) continue
      const shift = level * 8
      const digit = (this.#tick >>> shift) & 255
      for (let slot = digit; slot < SLOTS; slot += 1) {
        if (this.#heads[level * SLOTS + slot] === undefined) continue
        const above = shift === 24 ? 0 : (this.#tick >>> (shift + 8)) * 2 ** (shift + 8)
        return Math.max(this.#tick, above + slot * 2 ** shift)
      }
    }
    return Infinity
  }

  /** Fires what is due at `tick` and places the rest of the slot's timers closer. */
  #openSlot(tick: number): number {
    for (let level = 0; level < LEVELS; level += 1) {
      if (this.#counts[level] === 0) continue
      const index = level * SLOTS + ((tick >>> (level * 8)) & 255)
      let timer = this.#heads[index]
      if (timer === undefined) continue
      // Taken out as a whole first: a timer that fires may start others, in this very slot too.
      const batch: Timer[] = []
      for (; timer !== undefined; timer = timer.next) batch.push(timer)
      for (const each of batch) this.#unlink(each)
      let fired = 0
      for (const each of batch) {
        if (this.#tickOf(each.due) > tick) this.#place(each)
      }
      // Detached timers are still scheduled in the eyes of their owners: one that fires may cancel a later one of its batch.
      for (const each of batch) if (each.list < 0) each.list = DETACHED
      for (const each of batch) {
        if (each.list !== DETACHED) continue
        each.list = -1
        this.size -= 1
        fired += 1
        each.fire()
      }
      return fired
    }
    return 0
  }

  #tickOf(dueMs: number): number {
    return Math.ceil(dueMs) - this.#originMs
  }

  #place(timer: Timer): void {
    const earliest = this.#tick + 1 // a timer never fires in the tick in which it was started
    const tick = Math.min(Math.max(this.#tickOf(timer.due), earliest), this.#tick + TICKS_AHEAD_MAX)
    const level = (31 - Math.clz32(tick ^ this.#tick)) >>> 3
    const shift = level * 8
    const index = level * SLOTS + ((tick >>> shift) & 255)
    const opensAt = (tick >>> shift) * 2 ** shift
    if (opensAt < this.#soonest) this.#soonest = opensAt
    timer.list = index
    timer.next = undefined
    timer.previous = this.#tails[index]
    if (timer.previous === undefined) this.#heads[index] = timer
    else timer.previous.next = timer
    this.#tails[index] = timer
    this.#counts[level] = (this.#counts[level] as number) + 1
  }

  #unlink(timer: Timer): void {
    const index = timer.list
    timer.list = -1
    if (index === DETACHED) return
    if (timer.previous === undefined) this.#heads[index] = timer.next
    else timer.previous.next = timer.next
    if (timer.next === undefined) this.#tails[index] = timer.previous
    else timer.next.previous = timer.previous
    timer.previous = undefined
    timer.next = undefined
    const level = index >>> 8
    this.#counts[level] = (this.#counts[level] as number) - 1
  }

  /** Moves the origin to the present; happens once in some twelve days. */
  #rebase(): void {
    const all = this.all()
    for (const timer of all) this.#unlink(timer)
    this.#originMs += this.#tick
    this.#tick = 0
    this.#soonest = Infinity
    for (const timer of all) this.#place(timer)
  }
}

/** Marks a timer that is taken out of its slot and about to fire. */
const DETACHED: number = LEVELS * SLOTS
