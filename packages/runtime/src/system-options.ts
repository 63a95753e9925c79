/** Options of `startSystem`, their defaults and their checks. */
import { checkBoolean, checkDuration, checkFields, checkInteger, checkOneOf, CORES_MAX, optionError } from '@cambium/base'
import type { SenderLimits } from '@cambium/scheduler'
import type { BalancerOptions } from './balancer.ts'
import { defaultDataRingBytes } from '@cambium/scheduler'
import { INTENSITY_MAX } from '@cambium/supervision'

export interface SystemOptions {
  /** Worker threads, one scheduler each; actors are placed on them. With 0 everything runs on the main thread, core 0. @default os.availableParallelism() */
  readonly cores?: number
  /** Bytes of the ring from each core to each other one; a power of two. @default 64 KiB to 1 MiB, by the number of cores */
  readonly ringBytes?: number
  /** Default of `ask`, in milliseconds. @default 5000 */
  readonly askTimeoutMs?: number
  /** Longest wait of a message for room at its target, and default of `send`, in milliseconds. @default 30000 */
  readonly sendTimeoutMs?: number
  /** Messages of one actor that may wait for room. @default 16384 */
  readonly outboxCapacity?: number
  /** Messages from outside actors that may wait for room, on each core. @default 262144 */
  readonly outsideCapacity?: number
  /** Largest message in encoded bytes. @default 64 MiB */
  readonly messageBytesMax?: number
  /** Checks and freezes messages between actors of one core, as if they crossed cores. @default NODE_ENV is not "production" */
  readonly strict?: boolean
  /** Shuts down on SIGINT and SIGTERM; a second one ends the process at once. @default true */
  readonly handleSignals?: boolean
  /** How long a shutdown may take to drain and stop, in milliseconds. @default 10000 */
  readonly shutdownTimeoutMs?: number
  /**
   * Threads that wait, with the modules of your behaviours loaded, to become the successor of a core that dies; at most as many as cores. Each takes
   * the memory of a thread (5 MiB and what your modules take). With 0 a successor is started when it is needed. @default 1
   */
  readonly spares?: number
  /**
   * What each core may keep in its heap, in MiB. A core that a full collection leaves with more ends with `ERR_CORE_OUT_OF_MEMORY` and is replaced, the
   * process goes on. V8 itself is given twice as much, and 64 MiB more at least. A single array or string too large for that can still end the process. Buffers are
   * not part of it. @default three quarters of V8's own limit
   */
  readonly heapMb?: number
  /** How long a core may take to start, in milliseconds. @default 30000 */
  readonly coreStartTimeoutMs?: number
  /** A core whose turn does not end within this time is stuck: it is killed and replaced. Milliseconds, or Infinity. @default 10000 */
  readonly turnTimeoutMs?: number
  /**
   * How long a thread may take to end when it is told to, in milliseconds. One that does not, in a native call that does not return, is abandoned: its
   * core goes to a successor. @default 2000
   */
  readonly terminateTimeoutMs?: number
  /**
   * Abandoned threads at a time that are borne; with one more the system fails with `ERR_CORES_ABANDONED`, and `startSystem` ends the process. Infinity
   * bears all of them. @default 2
   */
  readonly abandonedMax?: number
  /**
   * What becomes of the process when the system fails, because the limits of restarts at the top are used up. `end`: nothing, `terminated` tells it. `exit`:
   * once the system has ended, a report goes to stderr and the process ends with code 70. @default 'end'
   */
  readonly onFailure?: 'end' | 'exit'
  /**
   * Whether actors are moved from busy cores to idle ones, those whose behaviour allows it (`balance: true` there). Worker threads only; nobody goes to the main thread.
   * With `true` all defaults of {@link BalanceOptions}. @default false
   */
  readonly balance?: boolean | BalanceOptions
  /** Restarts of cores within `corePeriodMs` that are borne; one more ends the system. @default 10 */
  readonly coreIntensity?: number
  /** @default 60000 */
  readonly corePeriodMs?: number
  /** Restarts of supervisors by the root within `periodMs` that are borne; one more ends the system. @default 3 */
  readonly intensity?: number
  /** @default 5000 */
  readonly periodMs?: number
}

export interface BalanceOptions {
  /** Loads are compared this often, in milliseconds; a move needs two periods in which the same core was ahead. @default 1000 */
  readonly periodMs?: number
  /** @default 2 */
  readonly movesPerPeriod?: number
  /** An actor that has moved stays for so long, in milliseconds. @default 30000 */
  readonly restMs?: number
  /** A core is left alone unless it was busy for this share of the time, in percent. @default 70 */
  readonly busyPercent?: number
  /**
   * How far the most loaded core has to be ahead of the least loaded one, in percent. Load is the share of time that a core is busy, and of 4096 waiting messages as
   * much again at most. @default 30
   */
  readonly gapPercent?: number
}

export interface CheckedOptions {
  readonly balance: BalancerOptions | undefined
  readonly workers: number
  readonly ringBytes: number
  readonly limits: SenderLimits
  readonly isStrict: boolean
  readonly handleSignals: boolean
  readonly shutdownTimeoutMs: number
  readonly spares: number
  readonly heapMb: number | undefined
  readonly coreStartTimeoutMs: number
  readonly turnTimeoutMs: number
  readonly terminateTimeoutMs: number
  readonly abandonedMax: number
  readonly onFailure: 'end' | 'exit'
  readonly coreIntensity: number
  readonly corePeriodMs: number
  readonly intensity: number
  readonly periodMs: number
}

const FIELDS = [
  'cores', 'ringBytes', 'askTimeoutMs', 'sendTimeoutMs', 'outboxCapacity', 'outsideCapacity', 'messageBytesMax', 'strict', 'handleSignals',
  'shutdownTimeoutMs', 'spares', 'heapMb', 'coreStartTimeoutMs', 'turnTimeoutMs', 'terminateTimeoutMs', 'abandonedMax', 'onFailure', 'coreIntensity',
  'corePeriodMs', 'intensity', 'periodMs', 'balance',
] // prettier-ignore

const DAY_MS = 86_400_000
const MIB = 1 << 20
/** With less a core could not even load its modules. */
const HEAP_MB_MIN = 32
const HEAP_MB_MAX = 1 << 20

/** Throws `ERR_OPTION`, which names the option. */
export function checkSystemOptions(options: SystemOptions, parallelism: number): CheckedOptions {
  checkFields('options', options, FIELDS)
  const workers = checkInteger('cores', options.cores, {
    default: Math.min(parallelism, CORES_MAX - 1),
    min: 0,
    max: CORES_MAX - 1,
  })
  const ringBytes = checkInteger('ringBytes', options.ringBytes, {
    default: defaultDataRingBytes(workers + 1),
    min: 4096,
    max: 1 << 30,
  })
  if ((ringBytes & (ringBytes - 1)) !== 0) throw optionError('ringBytes', ringBytes, 'a power of two')
  const duration = (name: keyof SystemOptions, fallback: number, max = DAY_MS): number =>
    checkDuration(name, options[name], { default: fallback, min: 1, max })
  const count = (name: keyof SystemOptions, fallback: number, max: number, min = 1): number =>
    checkInteger(name, options[name], { default: fallback, min, max })
  return {
    balance: checkBalance(options.balance),
    workers,
    ringBytes,
    limits: {
      askTimeoutMs: duration('askTimeoutMs', 5000),
      sendTimeoutMs: duration('sendTimeoutMs', 30_000),
      outboxCapacity: count('outboxCapacity', 16_384, 1 << 24),
      outsideCapacity: count('outsideCapacity', 262_144, 1 << 26),
      messageBytesMax: count('messageBytesMax', 64 * MIB, 1024 * MIB, 1024),
    },
    isStrict: checkBoolean('strict', options.strict, process.env['NODE_ENV'] !== 'production'),
    handleSignals: checkBoolean('handleSignals', options.handleSignals, true),
    shutdownTimeoutMs: duration('shutdownTimeoutMs', 10_000),
    spares: count('spares', Math.min(1, workers), workers, 0),
    heapMb: options.heapMb === undefined ? undefined : count('heapMb', HEAP_MB_MIN, HEAP_MB_MAX, HEAP_MB_MIN),
    coreStartTimeoutMs: duration('coreStartTimeoutMs', 30_000),
    turnTimeoutMs: checkDuration('turnTimeoutMs', options.turnTimeoutMs, { default: 10_000, min: 10, max: Infinity }),
    terminateTimeoutMs: duration('terminateTimeoutMs', 2000),
    abandonedMax: options.abandonedMax === Infinity ? Infinity : count('abandonedMax', 2, CORES_MAX, 0),
    onFailure: checkOneOf('onFailure', options.onFailure, ['end', 'exit'], 'end'),
    coreIntensity: count('coreIntensity', 10, INTENSITY_MAX, 0),
    corePeriodMs: duration('corePeriodMs', 60_000),
    intensity: count('intensity', 3, INTENSITY_MAX, 0),
    periodMs: duration('periodMs', 5000),
  }
}

function checkBalance(given: SystemOptions['balance']): BalancerOptions | undefined {
  if (given === undefined || given === false) return undefined
  const options = given === true ? {} : given
  if (typeof options !== 'object' || options === null) throw optionError('balance', given, 'true, false, or an object')
  checkFields('balance', options, ['periodMs', 'movesPerPeriod', 'restMs', 'busyPercent', 'gapPercent'])
  const percent = (name: 'busyPercent' | 'gapPercent', fallback: number): number =>
    checkInteger(`balance.${name}`, options[name], { default: fallback, min: 1, max: 100 }) / 100
  return {
    periodMs: checkDuration('balance.periodMs', options.periodMs, { default: 1000, min: 100, max: DAY_MS }),
    movesPerPeriod: checkInteger('balance.movesPerPeriod', options.movesPerPeriod, { default: 2, min: 1, max: 1000 }),
    restMs: checkDuration('balance.restMs', options.restMs, { default: 30_000, min: 0, max: DAY_MS }),
    busyMin: percent('busyPercent', 70),
    gapMin: percent('gapPercent', 30),
  }
}
