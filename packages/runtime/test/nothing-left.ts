/**
 * That nothing is left of a test in the system it used, once its actors have ended: actors, timers, asks, links and monitors, names and other entries, locks,
 * shared buffers, channels, traces of moves. What each core holds is counted by `system.report()`, before and after.
 */
import type { CoreReport, System } from '@cambium/runtime'
import { afterEach, beforeEach, expect, vi } from 'vitest'

const NOTED = ['spawn', 'supervise', 'shutdown'] as const

/** By core, and by what it is. */
export type Held = ReadonlyMap<number, Readonly<Record<string, number>>>

export async function heldBy(system: Pick<System, 'report'>): Promise<Held> {
  const reports = await system.report()
  return new Map(reports.map((report) => [report.core, countsOf(report)]))
}

function countsOf(report: CoreReport): Record<string, number> {
  const { actors, timers, asks, bonds, waiting, asyncInFlight, parcels, channels, away, guests, directory } = report
  return { actors, timers, asks, bonds, waiting, asyncInFlight, parcels, channels, away, guests, ...directory }
}

/** Waits until each core holds no more than it did. A slot is freed a moment after whoever gave it up was told. */
export async function expectNoMoreThan(system: Pick<System, 'report'>, before: Held): Promise<void> {
  await vi.waitFor(
    async () => {
      const more: string[] = []
      for (const [core, counts] of await heldBy(system))
        for (const [what, count] of Object.entries(counts)) {
          const had = before.get(core)?.[what] ?? 0
          if (count > had) more.push(`core ${core} holds ${count - had} ${what} more than before the test`)
        }
      expect(more).toEqual([])
    },
    { timeout: 10_000, interval: 5 },
  )
}

/**
 * For the system of a test, from its start on: what is resolved ends all that the test has started meanwhile, and expects that nothing is left of it. A system that has
 * ended itself has nothing. To be called before the shutdown.
 */
export async function watchSystem(system: System): Promise<() => Promise<void>> {
  const before = await heldBy(system)
  const ends: (() => Promise<unknown>)[] = []
  let isEnding = false
  const own = Object.fromEntries(NOTED.map((name) => [name, Reflect.get(system, name)])) as Pick<System, (typeof NOTED)[number]>
  const noted = {
    async spawn(...given: Parameters<System['spawn']>) {
      const ref = await own.spawn(...given)
      ends.push(() => system.stop(ref))
      return ref
    },
    async supervise(...given: Parameters<System['supervise']>) {
      const refs = await own.supervise(...given)
      ends.push(() => system.stop(refs))
      return refs
    },
    shutdown(...given: Parameters<System['shutdown']>) {
      isEnding = true
      return own.shutdown(...given)
    },
  }
  Object.assign(system, noted)
  void system.terminated.then(() => {
    isEnding = true
  })
  return async () => {
    Object.assign(system, own)
    // What the test has ended itself is not there any more.
    for (const end of ends.reverse()) if (!isEnding) await Promise.race([end().catch(() => {}), system.terminated])
    if (!isEnding) await expectNoMoreThan(system, before)
  }
}

/** The same for each of the tests of a file, or of a `describe`, that share a system. */
export function expectNothingLeft(system: () => System): void {
  let expectNothing: () => Promise<void>
  beforeEach(async () => {
    expectNothing = await watchSystem(system())
  })
  afterEach(async () => {
    await expectNothing()
  })
}
