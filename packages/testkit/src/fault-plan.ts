/**
 * Faults of one run. Swarm testing (Groce et al., 2012): the seed first draws which kinds of fault the run has at all and how often each
 * strikes, so that different runs are bad in different ways. In the liveness phase none strikes any more.
 *
 * Every rate is a probability for one occasion of its kind. Core 0 never dies and its actors are never crashed: probes live there.
 */
import type { SeededRandom } from '@cambium/base'
import type { SimWorld } from './sim-world.ts'

export interface FaultRates {
  /** A core dies after a turn. */
  readonly kill: number
  /** A core dies inside a turn: between claim and publish, between take and process, in a handler, in `init`, in `terminate`. */
  readonly killInside: number
  /** A core is not stepped for a while. On core 0 this delays what the root hears and says. */
  readonly pause: number
  /** Some cores are stepped more rarely than others. */
  readonly slow: number
  /** A parked core is woken without cause. */
  readonly spuriousWake: number
  /** A rung core wakes later, now and then only by its own next look. */
  readonly lateWake: number
  /** A successor does not come up. */
  readonly failedStart: number
  /** The root hears late of the end of a core. */
  readonly lateNews: number
  /** The clock leaps forward. */
  readonly clockJump: number
  /** The rings are tiny, so that they are full. One occasion a run. */
  readonly tinyRings: number
  /** `init` of a restart throws. First starts are spared: whoever spawns would have to expect it. */
  readonly initCrash: number
  /** A handler throws, before or after its work. */
  readonly handlerCrash: number
  /** `terminate` throws after its work. */
  readonly terminateCrash: number
  /** Encoding what an actor tells, asks or answers throws, there and then. A first `init` is spared. */
  readonly encodeCrash: number
  /** A message, or an answer, arrives damaged, so that decoding it fails. One in pieces is spared. */
  readonly decodeCrash: number
  /** A core dies in the middle of encoding or decoding a message. */
  readonly killInCodec: number
  /** Some cores and the others do not see each other for a while. */
  readonly partition: number
  /** A spare ends before it is needed, or while the root takes it for a dead core. */
  readonly failedSpare: number
  /** For a while, what a core has to say to another on their control lane comes late, and messages that were sent after it. */
  readonly lateSignal: number
  /** A core floods an actor with messages, which take the room of others and never reach the actor's own code. */
  readonly storm: number
  /** An actor whose behaviour lets a balancer move it goes to another core. */
  readonly move: number
}

export const NO_FAULTS: FaultRates = {
  kill: 0,
  killInside: 0,
  pause: 0,
  slow: 0,
  spuriousWake: 0,
  lateWake: 0,
  failedStart: 0,
  lateNews: 0,
  clockJump: 0,
  tinyRings: 0,
  initCrash: 0,
  handlerCrash: 0,
  terminateCrash: 0,
  encodeCrash: 0,
  decodeCrash: 0,
  killInCodec: 0,
  partition: 0,
  failedSpare: 0,
  lateSignal: 0,
  storm: 0,
  move: 0,
}

export type CrashKind = 'initCrash' | 'handlerCrash' | 'terminateCrash' | 'encodeCrash' | 'decodeCrash'

/** Chance that a run has a given kind of fault. */
const KIND_CHANCE = 0.5
/** Deaths of cores in one run at most: a system that may give up after many is told apart from one that should not. */
const KILLS_MAX = 6
/** Crashes put into actors and codecs in one run at most. */
const CRASHES_MAX = 40
const PAUSE_MS_MAX = 200
const CLOCK_JUMP_MS_MAX = 400
const NEWS_MS_MAX = 50
const LATE_WAKE_MS_MAX = 5
/** Some wake-ups are lost altogether. A parked thread looks again by itself after this time (`runtime/src/core-loop.ts`). */
const LOST_WAKE_CHANCE = 0.02
const LOST_WAKE_MS = 500
const SPARE_MS_MAX = 1000

const SLOWNESS_MAX = 16
/** Shorter than any limit of a wait. */
const PARTITION_MS_MAX = 300
const LATE_SIGNAL_MS_MAX = 100
const STORM_MESSAGES_MAX = 2000
/** Storms in one run at most: they are most of its messages then. */
const STORMS_MAX = 4
/** Moves in one run at most. */
const MOVES_MAX = 200
/** A death inside a turn comes within so many of its points. */
const POINTS_MAX = 96
/** A death in the codec comes within so many of its points in a turn. */
const CODEC_POINTS_MAX = 24
const RING_BYTES_MIN = 4096
const RING_SIZES = 4
/** Smaller than on a real machine: memory is made anew for each run, and copied at each death inside a turn. */
const RING_BYTES_DEFAULT = 1 << 16

/** Where the decisions come from: drawn from the seed, or written down. */
export interface FaultRandom extends SeededRandom {
  strikes?(kind: keyof FaultRates, rate: number): boolean
}

export class FaultPlan {
  readonly rates: FaultRates
  kills = 0
  crashCount = 0
  stormCount = 0
  moveCount = 0
  isOn = true
  /** Bytes of each data ring. */
  readonly ringBytes: number
  readonly #random: FaultRandom

  constructor(random: FaultRandom, rates: FaultRates) {
    this.#random = random
    this.rates = rates
    this.ringBytes = this.#strikes('tinyRings') ? RING_BYTES_MIN << random.below(RING_SIZES) : RING_BYTES_DEFAULT
  }

  /** Draws the kinds and rates of a run. */
  static draw(random: FaultRandom): FaultPlan {
    const rate = (max: number): number => (random.chance(KIND_CHANCE) ? random.next() * max : 0)
    return new FaultPlan(random, {
      kill: rate(0.01),
      killInside: rate(0.02),
      pause: rate(0.06),
      slow: rate(1),
      spuriousWake: rate(0.2),
      lateWake: rate(0.5),
      failedStart: rate(0.3),
      lateNews: rate(1),
      clockJump: rate(0.005),
      tinyRings: rate(1),
      initCrash: rate(0.3),
      handlerCrash: rate(0.005),
      terminateCrash: rate(0.3),
      encodeCrash: rate(0.005),
      decodeCrash: rate(0.02),
      killInCodec: rate(0.02),
      partition: rate(0.002),
      failedSpare: rate(0.5),
      lateSignal: rate(0.01),
      storm: rate(0.004),
      move: rate(0.1),
    })
  }

  /** Options of the simulated system that a run's faults want. */
  get systemOptions(): { readonly ringBytes: number } {
    return { ringBytes: this.ringBytes }
  }

  /** Faults stop: the system must converge. */
  heal(): void {
    this.isOn = false
  }

  failsToStart(): boolean {
    return this.#strikes('failedStart') && this.#countKill()
  }

  /** Virtual milliseconds after which a thread ends if it is still a spare by then; 0 when it does not. */
  spareFailsAfterMs(): number {
    return this.#strikes('failedSpare') ? 1 + this.#random.next() * SPARE_MS_MAX : 0
  }

  /** Virtual milliseconds by which a core that was rung wakes late; 0 when it does not. */
  wakeDelayMs(): number {
    if (!this.#strikes('lateWake')) return 0
    return this.#random.chance(LOST_WAKE_CHANCE) ? LOST_WAKE_MS : this.#random.next() * LATE_WAKE_MS_MAX
  }

  /** Virtual milliseconds until the root hears of the end of a core. */
  newsDelayMs(): number {
    return this.#random.next() * (this.#strikes('lateNews') ? NEWS_MS_MAX : 1)
  }

  slowness(): number {
    return this.#strikes('slow') ? 1 + this.#random.below(SLOWNESS_MAX) : 1
  }

  /** At which of the points of the coming turn the core dies; 0 for none. */
  deathPoint(): number {
    return this.kills < KILLS_MAX && this.#strikes('killInside') ? 1 + this.#random.below(POINTS_MAX) : 0
  }

  /** The same among the points in the codec. */
  codecDeathPoint(): number {
    return this.kills < KILLS_MAX && this.#strikes('killInCodec') ? 1 + this.#random.below(CODEC_POINTS_MAX) : 0
  }

  /** A death inside a turn has happened. */
  countDeath(): void {
    this.kills += 1
  }

  crashes(kind: CrashKind): boolean {
    if (this.crashCount >= CRASHES_MAX || !this.#strikes(kind)) return false
    this.crashCount += 1
    return true
  }

  afterTurn(world: SimWorld, core: number): void {
    if (!this.isOn) return
    if (this.kills < KILLS_MAX && this.#strikes('kill') && world.killCore(core)) this.#countKill()
    if (this.#strikes('pause')) world.pauseCore(core, this.#random.next() * PAUSE_MS_MAX)
    if (this.#strikes('spuriousWake')) world.wakeCore(this.#random.below(world.cores.length))
    if (this.#strikes('clockJump')) world.nowMs += this.#random.next() * CLOCK_JUMP_MS_MAX
    if (world.coreCount > 1 && world.partitions.present.length === 0 && this.#strikes('partition'))
      world.partition(this.#split(world.coreCount), this.#random.next() * PARTITION_MS_MAX)
    if (world.coreCount > 1 && this.#strikes('lateSignal')) {
      const other = this.#random.below(world.coreCount - 1)
      const to = other < core ? other : other + 1
      world.note(core, `signals to core-${to} are late`)
      const release = world.delays.hold(core, to)
      world.after(this.#random.next() * LATE_SIGNAL_MS_MAX, () => {
        release()
        world.wakeCore(core)
      })
    }
    if (this.stormCount < STORMS_MAX && this.#strikes('storm')) {
      this.stormCount += 1
      const [from, count] = [world.coreNumbered(core), 1 + this.#random.below(STORM_MESSAGES_MAX)]
      const target = from && world.storms.strike(from, world.cores.slice(1), count, (bound) => this.#random.below(bound))
      if (target !== undefined) world.note(core, `storm of ${count} messages at ${target}`)
    }
    if (this.moveCount < MOVES_MAX && this.#strikes('move')) {
      this.moveCount += 1
      world.moveActor((bound) => this.#random.below(bound))
    }
  }

  /** Two sides, with a core at least on each. */
  #split(cores: number): number[][] {
    const sides: [number[], number[]] = [[], []]
    for (let core = 0; core < cores; core += 1) sides[this.#random.below(2) as 0 | 1].push(core)
    const [few, many] = sides[0].length < sides[1].length ? sides : [sides[1], sides[0]]
    if (few.length === 0) few.push(...many.splice(this.#random.below(cores), 1))
    return sides
  }

  #countKill(): boolean {
    if (this.kills >= KILLS_MAX) return false
    this.kills += 1
    return true
  }

  #strikes(kind: keyof FaultRates): boolean {
    if (!this.isOn || this.rates[kind] === 0) return false
    return this.#random.strikes?.(kind, this.rates[kind]) ?? this.#random.chance(this.rates[kind])
  }
}
