/**
 * The faults of a run of chaos on real threads: what happens at which point, drawn from a seed. A point is an entry of the journal that an actor writes, on
 * whichever thread, so the same schedule strikes at the same amount of work done; at which instruction of the other threads, nobody knows.
 *
 *     word 0   points passed                      actors' threads, Atomics.add
 *     word 1   kills from outside that are due    actors' threads, Atomics.add and notify; the main thread waits for it
 *     word 2   faults that have struck            actors' threads, Atomics.add
 *     word 4   the schedule: point, kind          the main thread, before any other has it
 *
 * 1. A thread that passes the point of a fault commits it there and then; a kill from outside it asks for, and goes on.
 * 2. Crashes of an actor wait for the next message that is taken on that thread: in between, what was told and what was not could not be told apart.
 */
import { execFileSync } from 'node:child_process'
import { CambiumError, createSeededRandom } from '@cambium/base'

export const FAULT_KINDS = [
  'terminate',
  'exit',
  'loop',
  'native',
  'allocation',
  'rejection',
  'throw_later',
  'throw',
  'overflow',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

export interface Fault {
  readonly point: number
  readonly kind: FaultKind
}

const POINTS = 0
const TERMINATIONS = 1
const STRUCK = 2
const SCHEDULE = 4
/** The first messages find every actor at home. */
const POINT_MIN = 200
/** A native call outlasts the time after which its thread is abandoned, and ends. */
const NATIVE_S = '1'

/** `count` faults before `points`, each kind as often as any other, in an order of the seed's. */
export function drawFaults(seed: number, count: number, points: number): Fault[] {
  const random = createSeededRandom(seed)
  const kinds: FaultKind[] = []
  while (kinds.length < count) {
    const round: FaultKind[] = [...FAULT_KINDS]
    while (round.length > 0) kinds.push(...round.splice(random.below(round.length), 1))
  }
  const at = new Set<number>()
  while (at.size < count) at.add(POINT_MIN + random.below(points - POINT_MIN))
  return [...at].sort((a, b) => a - b).map((point, i) => ({ point, kind: kinds[i] as FaultKind }))
}

export class FaultSchedule {
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #byPoint = new Map<number, FaultKind>()
  #crash: 'throw' | 'overflow' | undefined = undefined

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.#words = new Int32Array(memory)
    for (let at = SCHEDULE; at < this.#words.length; at += 2)
      this.#byPoint.set(this.#words[at] as number, FAULT_KINDS[this.#words[at + 1] as number] as FaultKind)
  }

  static of(faults: readonly Fault[]): FaultSchedule {
    const memory = new SharedArrayBuffer((SCHEDULE + 2 * faults.length) * 4)
    new Int32Array(memory).set(
      faults.flatMap(({ point, kind }) => [point, FAULT_KINDS.indexOf(kind)]),
      SCHEDULE,
    )
    return new FaultSchedule(memory)
  }

  get struck(): number {
    return Atomics.load(this.#words, STRUCK)
  }

  /** An actor's thread passes one more point; `isTake` when its actor has just taken a message. */
  pass(isTake: boolean): void {
    const kind = this.#byPoint.get(Atomics.add(this.#words, POINTS, 1) + 1)
    if (kind === 'throw' || kind === 'overflow') this.#crash = kind
    else if (kind !== undefined) {
      Atomics.add(this.#words, STRUCK, 1)
      this.#commit(kind)
    }
    const crash = this.#crash
    if (!isTake || crash === undefined) return
    this.#crash = undefined
    Atomics.add(this.#words, STRUCK, 1)
    if (crash === 'overflow') overflow(0)
    throw new CambiumError('ERR_SIM_CRASH', 'crashed by the test', { severity: 'crash' })
  }

  /** Calls `kill` for each kill from outside as it becomes due, until `signal`. */
  async watch(kill: () => void, signal: AbortSignal): Promise<void> {
    let seen = 0
    while (!signal.aborted) {
      const due = Atomics.load(this.#words, TERMINATIONS)
      for (; seen < due; seen += 1) kill()
      await Atomics.waitAsync(this.#words, TERMINATIONS, due, 50).value
    }
  }

  #commit(kind: FaultKind): void {
    switch (kind) {
      case 'terminate':
        Atomics.add(this.#words, TERMINATIONS, 1)
        Atomics.notify(this.#words, TERMINATIONS)
        return
      case 'exit':
        process.exit(7)
      case 'loop':
        for (;;);
      case 'native':
        execFileSync('sleep', [NATIVE_S])
        return
      case 'allocation':
        leak(undefined)
        return
      case 'rejection':
        void Promise.reject(new Error('rejected by the test'))
        return
      case 'throw_later':
        setImmediate(() => {
          throw new Error('thrown by the test')
        })
        return
      default:
        return
    }
  }
}

/** Keeps all that it allocates, and lets the core go on meanwhile: one that stood still for so long would be stuck. */
function leak(kept: object | undefined): void {
  let more = kept
  for (let i = 0; i < 64; i += 1) more = { more, numbers: Array.from({ length: 2048 }, (_, n) => n + 0.5) }
  setImmediate(leak, more)
}

function overflow(depth: number): number {
  return overflow(depth + 1) + 1
}
