/**
 * How a consumer on its own waits for work. The strategies trade latency against the processor they burn:
 *
 * | strategy | wake-up | cost while waiting | peers must ring |
 * |---|---|---|---|
 * | `busySpin` | 0.1–0.5 µs | one core | no |
 * | `yielding` | up to 70 µs | a few percent of a core | no |
 * | `backoff` | 70 µs growing to 1 ms | less, the longer it waits | no |
 * | `blocking` | about 45 µs | nothing | yes |
 * | `adaptive` | `busySpin` while that pays, else `blocking` | at most 50 µs of a core a wait | yes |
 *
 * All of them block the thread: no timer, I/O or promise of it runs meanwhile. A scheduler with an event loop uses
 * `Doorbell.parkAsync` instead.
 */
import { optionError } from '@cambium/base'
import type { Doorbell } from './doorbell.ts'

/** One way to wait; the table above tells them apart. */
export interface WaitStrategy {
  readonly name: string
  /**
   * True as soon as `hasWork()` is; false when `timeoutMs` (Infinity allowed; 0 or less looks once) have passed without it.
   *
   * @throws `ERR_OPTION` when `hasWork` is no function, or `timeoutMs` no number
   */
  waitFor(hasWork: () => boolean, timeoutMs: number): boolean
  /** Forgets what it learned from earlier waits. */
  reset?(): void
}

/** The clock of a strategy: a strategy reads no other. */
export interface ClockOptions {
  /** Monotonic milliseconds: `() => performance.now()`, unless time is simulated. There is no default: nothing here reads a clock of its own. */
  readonly now: () => number
}

/** Throws `ERR_OPTION` where types were not looked at. */
export function checkBell(doorbell: Doorbell): void {
  if (typeof doorbell?.park !== 'function') throw optionError('doorbell', doorbell, 'a doorbell')
}

/** Before a wait or a park. @throws `ERR_OPTION` */
export function checkWait(hasWork: () => boolean, timeoutMs: number): void {
  if (typeof hasWork !== 'function') throw optionError('hasWork', hasWork, 'a function that says whether there is work')
  checkTimeout(timeoutMs)
}

/** Of a number that is none a wait would never end. @throws `ERR_OPTION` */
export function checkTimeout(timeoutMs: number): void {
  if (typeof timeoutMs !== 'number' || Number.isNaN(timeoutMs))
    throw optionError('timeoutMs', timeoutMs, 'milliseconds, or Infinity')
}

/** Throws `ERR_OPTION` where types were not looked at. */
export function clockOf(options: ClockOptions | undefined): () => number {
  const now = options?.now
  if (typeof now !== 'function') throw optionError('now', now, 'a function that gives monotonic milliseconds')
  // With anything else no time would ever be over: with a Date, say, or with nothing.
  const begin: unknown = now()
  if (!Number.isFinite(begin)) throw optionError('now()', begin, 'monotonic milliseconds')
  return now
}
