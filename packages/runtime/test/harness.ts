/**
 * A system for one test: ended when the test is over; then nothing may be left of its actors, and its books must balance. And waits for what a system tells, in the place
 * of sleeps.
 */
import type { EventEmitter } from 'node:events'
import { startSystem } from '@cambium/runtime'
import type { System, SystemEventMap, SystemOptions } from '@cambium/runtime'
import { expect, onTestFinished, vi } from 'vitest'
import { watchSystem } from './nothing-left.ts'

/**
 * Two cores at most: more than the machine has would only wait for each other. Without a spare, which would start beside every test to be ended with it, unless
 * cores die in the test: {@link startWithSpare}.
 */
export async function start(options: SystemOptions = {}): Promise<System> {
  const system = await startSystem({ cores: 1, spares: 0, handleSignals: false, ...options })
  const expectNothingLeft = await watchSystem(system)
  onTestFinished(async () => {
    await expectNothingLeft()
    const { books, abandoned } = await system.shutdown()
    expect(abandoned).toEqual([])
    expect(books.queued).toBe(0)
    expect(books.sent).toBe(books.processed + books.deadTotal)
  })
  return system
}

/** With as many spares as a system has by default. */
export function startWithSpare(options: SystemOptions = {}): Promise<System> {
  return start({ spares: 1, ...options })
}

/** The next event of that name for which `is` holds. Call it before what causes the event. */
export function next<K extends keyof SystemEventMap>(
  system: System,
  event: K,
  is: (detail: SystemEventMap[K][0]) => boolean = () => true,
): Promise<SystemEventMap[K][0]> {
  const events = system.events as EventEmitter
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      events.off(event, listen)
      reject(new Error(`no such event came: event=${event}`))
    }, 10_000)
    const listen = (detail: SystemEventMap[K][0]): void => {
      if (!is(detail)) return
      clearTimeout(timer)
      events.off(event, listen)
      resolve(detail)
    }
    events.on(event, listen)
  })
}

/** Every event of that name from now on. */
export function collect<K extends keyof SystemEventMap>(system: System, event: K): SystemEventMap[K][0][] {
  const seen: SystemEventMap[K][0][] = []
  ;(system.events as EventEmitter).on(event, (detail: SystemEventMap[K][0]) => {
    seen.push(detail)
  })
  return seen
}

/** Resolves when nothing is queued any more: sent = processed + dead. */
export async function settled(system: System): Promise<void> {
  await vi.waitFor(
    () => {
      const { sent, processed, deadTotal, queued } = system.books()
      expect({ queued, sent }).toEqual({ queued: 0, sent: processed + deadTotal })
    },
    { timeout: 10_000, interval: 2 },
  )
}

/** Waits until so many actors are on each core. A slot is freed a moment after whoever gave it up was told. */
export async function expectActors(system: System, counts: readonly number[]): Promise<void> {
  await vi.waitFor(
    async () => {
      const report = await system.report()
      expect(report.map(({ actors }) => actors)).toEqual(counts)
    },
    { timeout: 10_000, interval: 2 },
  )
}

/** What a promise was rejected with; fails when it was not. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<{ code: string; message: string; fields: Record<string, unknown>; cause?: unknown }> {
  const outcome = await promise.then(
    (value: unknown) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if (!('error' in outcome)) expect.fail(`resolved with ${JSON.stringify(outcome.value)}, expected a rejection`)
  return outcome.error as never
}
