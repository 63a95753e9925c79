/**
 * The balancer (off by default): moves actors from busy cores to idle ones, as `balance-decision.ts` decides.
 *
 * It looks at shared memory from the main thread, and costs the cores nothing: every {@link SAMPLE_MS} whose callback each core runs (the words of `handler-in-hand.ts`), and at the end of a period
 * how long its mailboxes are. The share of the looks at which an actor was seen is the share of time that it took. Plain reads of what other threads store plainly: each look may be a little old.
 * When the main thread is blocked it does not get to look: a period with few looks says nothing about loads, and nothing is decided by it.
 */
import { sameAddress, slotKey } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import { CallbackTimer, readHandler } from '@cambium/scheduler'
import type { CoreBlock, TimerWheel } from '@cambium/scheduler'
import type { ActorMoves } from './actor-moves.ts'
import { decideMoves } from './balance-decision.ts'
import type { ActorLoad, BalanceLimits, CoreLoad } from './balance-decision.ts'
import type { CorePool } from './core-pool.ts'

export interface BalancerRoot {
  readonly core: { readonly wheel: Pick<TimerWheel, 'start' | 'cancel'> }
  readonly pool: Pick<CorePool, 'workers' | 'isUp'>
  readonly memory: { readonly blocks: readonly Pick<CoreBlock, 'handler' | 'queued'>[] }
  readonly moves: Pick<ActorMoves, 'homeAt' | 'migrate'>
  readonly roster: { find(address: ActorAddress): { readonly isBalanced: boolean } | undefined }
  now(): number
}

export interface BalancerOptions extends BalanceLimits {
  readonly periodMs: number
}

const SAMPLE_MS = 10
/** An actor that does not come to rest in so long is left where it is. */
const MOVE_TIMEOUT_MS = 1000

/** Of the looks that a period has room for: with fewer it is passed over. */
const LOOKS_SHARE_MIN = 0.5

type Block = BalancerRoot['memory']['blocks'][number]

interface Seen {
  readonly place: ActorAddress
  looks: number
}

export class Balancer {
  readonly #root: BalancerRoot
  readonly #options: BalancerOptions
  readonly #timer: CallbackTimer
  /** Actors that were seen at work in this period, by place. */
  readonly #seen = new Map<number, Seen>()
  readonly #busy = new Map<number, number>()
  /** When an actor was moved last, by home; forgotten after its rest. */
  readonly #moved = new Map<number, { readonly home: ActorAddress; readonly atMs: number }>()
  #looks = 0
  #endsMs = 0
  #ahead: number | undefined = undefined
  #underWay = 0
  #isOn = false

  constructor(root: BalancerRoot, options: BalancerOptions) {
    this.#root = root
    this.#options = options
    this.#timer = new CallbackTimer(() => {
      this.#look()
    })
  }

  start(): void {
    this.#isOn = true
    this.#endsMs = this.#root.now() + this.#options.periodMs
    this.#schedule()
  }

  stop(): void {
    this.#isOn = false
    this.#root.core.wheel.cancel(this.#timer)
  }

  #schedule(): void {
    if (this.#isOn) this.#root.core.wheel.start(this.#timer, this.#root.now() + SAMPLE_MS)
  }

  #look(): void {
    this.#looks += 1
    for (const core of this.#root.pool.workers) {
      if (!this.#root.pool.isUp(core)) continue
      const running = readHandler((this.#root.memory.blocks[core] as Block).handler)
      if (running === undefined) continue
      this.#busy.set(core, (this.#busy.get(core) ?? 0) + 1)
      const place = { core, slot: running.slot, generation: running.generation }
      const seen = this.#seen.get(slotKey(place))
      if (seen !== undefined && sameAddress(seen.place, place)) seen.looks += 1
      else this.#seen.set(slotKey(place), { place, looks: 1 })
    }
    if (this.#root.now() >= this.#endsMs) this.#endPeriod()
    this.#schedule()
  }

  #endPeriod(): void {
    const nowMs = this.#root.now()
    this.#endsMs = nowMs + this.#options.periodMs
    // One period's moves are over before the next ones are thought of: loads that change meanwhile say nothing.
    const looksMin = (this.#options.periodMs / SAMPLE_MS) * LOOKS_SHARE_MIN
    if (this.#underWay === 0 && this.#looks >= looksMin) this.#decide(nowMs)
    this.#looks = 0
    this.#busy.clear()
    this.#seen.clear()
  }

  #decide(nowMs: number): void {
    const { movesPerPeriod, restMs, busyMin, gapMin } = this.#options
    for (const [key, { atMs }] of this.#moved) if (nowMs - atMs >= restMs) this.#moved.delete(key)
    const { blocks } = this.#root.memory
    const cores: CoreLoad[] = []
    for (const core of this.#root.pool.workers) {
      if (!this.#root.pool.isUp(core)) continue
      const { queued } = blocks[core] as Block
      cores.push({
        core,
        busy: (this.#busy.get(core) ?? 0) / this.#looks,
        queued: queued.reduce((sum, length) => sum + length, 0),
      })
    }
    const actors: ActorLoad[] = []
    for (const { place, looks } of this.#seen.values()) {
      const home = this.#root.moves.homeAt(place)
      if (this.#root.roster.find(home)?.isBalanced !== true) continue
      const queued = (blocks[place.core] as Block).queued[place.slot] ?? 0
      actors.push({ actor: home, core: place.core, busy: looks / this.#looks, queued, movedMs: this.#movedMs(home) })
    }
    const limits = { movesPerPeriod, restMs, busyMin, gapMin }
    const { moves, ahead } = decideMoves(cores, actors, this.#ahead, nowMs, limits)
    this.#ahead = ahead
    for (const { actor, to } of moves) this.#move(actor, to, nowMs)
  }

  #move(actor: ActorAddress, to: number, nowMs: number): void {
    this.#moved.set(slotKey(actor), { home: actor, atMs: nowMs })
    this.#underWay += 1
    const over = (): void => {
      this.#underWay -= 1
    }
    // One that does not come to rest, or has ended, is left alone for its time of rest: there is nobody to tell.
    this.#root.moves.migrate(actor, to, MOVE_TIMEOUT_MS, 'balancer').then(over, over)
  }

  #movedMs(home: ActorAddress): number {
    const moved = this.#moved.get(slotKey(home))
    return moved !== undefined && sameAddress(moved.home, home) ? moved.atMs : -Infinity
  }
}
