/**
 * Faults of one run. Swarm testing: the seed first draws which kinds of fault the run has at all and how often each strikes, so that
 * different runs are bad in different ways. In the liveness phase none strikes any more.
 */
import type { SeededRandom } from '@cambium/base'
import type { SimWorld } from './sim-world.ts'

export interface FaultRates {
  /** A core dies after a turn. */
  readonly kill: number
  /** A core is not stepped for a while. */
  readonly pause: number
  /** Some cores are stepped more rarely than others. */
  readonly slow: number
  /** A parked core is woken without cause. */
  readonly spuriousWake: number
  /** A rung core wakes later. */
  readonly lateWake: number
  /** A successor does not come up. */
  readonly failedStart: number
  /** The clock leaps forward. */
  readonly clockJump: number
}

export const NO_FAULTS: FaultRates = { kill: 0, pause: 0, slow: 0, spuriousWake: 0, lateWake: 0, failedStart: 0, clockJump: 0 }

/** Chance that a run has a given kind of fault. */
const KIND_CHANCE = 0.5
/** Deaths of cores in one run at most: a system that may give up after many is told apart from one that should not. */
const KILLS_MAX = 6
const PAUSE_MS_MAX = 200
const CLOCK_JUMP_MS_MAX = 400
const SLOWNESS_MAX = 16

export class FaultPlan {
  readonly rates: FaultRates
  kills = 0
  isOn = true
  readonly #random: SeededRandom

  constructor(random: SeededRandom, rates: FaultRates) {
    this.#random = random
    this.rates = rates
  }

  /** Draws the kinds and rates of a run. */
  static draw(random: SeededRandom): FaultPlan {
    const rate = (max: number): number => (random.chance(KIND_CHANCE) ? random.next() * max : 0)
    return new FaultPlan(random, {
      kill: rate(0.01),
      pause: rate(0.02),
      slow: rate(1),
      spuriousWake: rate(0.2),
      lateWake: rate(0.5),
      failedStart: rate(0.3),
      clockJump: rate(0.005),
    })
  }

  /** Faults stop: the system must converge. */
  heal(): void {
    this.isOn = false
  }

  failsToStart(): boolean {
    return this.#strikes('failedStart') && this.kills < KILLS_MAX && this.#countKill()
  }

  delaysWakeUp(): boolean {
    return this.#strikes('lateWake')
  }

  slowness(): number {
    return this.#strikes('slow') ? 1 + this.#random.below(SLOWNESS_MAX) : 1
  }

  afterTurn(world: SimWorld, core: number): void {
    if (!this.isOn) return
    if (this.#strikes('kill') && this.kills < KILLS_MAX && world.killCore(core)) this.#countKill()
    if (this.#strikes('pause')) world.pauseCore(core, this.#random.next() * PAUSE_MS_MAX)
    if (this.#strikes('spuriousWake')) world.wakeCore(this.#random.below(world.cores.length))
    if (this.#strikes('clockJump')) world.nowMs += this.#random.next() * CLOCK_JUMP_MS_MAX
  }

  #countKill(): boolean {
    this.kills += 1
    return true
  }

  #strikes(kind: keyof FaultRates): boolean {
    return this.isOn && this.rates[kind] > 0 && this.#random.chance(this.rates[kind])
  }
}
