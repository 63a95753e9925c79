/**
 * A simulated thread: a spare until it is told to be a core. A spare that is ready becomes a core at once; it may end before it is needed, and the
 * root may take it before the news of that have come.
 */
import { CambiumError, toErrorRecord } from '@cambium/base'
import type { SeededRandom } from '@cambium/base'
import type { CoreStart, CoreThread, ThreadEvents } from '@cambium/runtime'
import type { FaultPlan } from './fault-plan.ts'
import type { SimCore } from './sim-core.ts'

export interface SimThreadHost {
  readonly nowMs: number
  readonly random: SeededRandom
  readonly faults: FaultPlan
  after(delayMs: number, run: () => void): void
  coreOf(number: number): SimCore
  /** The core's thread begins to run. */
  begin(sim: SimCore, start: CoreStart): void
  /** The thread has ended with its core. */
  end(sim: SimCore, error: CambiumError | undefined): void
}

const START_MS_MAX = 20
const KILL_MS_MAX = 2

export function createSimThread(host: SimThreadHost, events: ThreadEvents): CoreThread {
  const { random, faults } = host
  const readyMs = host.nowMs + random.next() * START_MS_MAX
  let hasEnded = false
  let life: { readonly sim: SimCore; readonly incarnation: number } | undefined
  /** The core that this thread is, while it is. */
  const coreNow = (): SimCore | undefined => (life?.sim.incarnation === life?.incarnation ? life?.sim : undefined)
  const endSpare = (error: CambiumError | undefined): void => {
    if (life !== undefined || hasEnded) return
    hasEnded = true
    host.after(faults.newsDelayMs(), () => {
      events.onEnd(error === undefined ? undefined : toErrorRecord(error))
    })
  }

  host.after(readyMs - host.nowMs, () => {
    if (!hasEnded) events.onReady()
  })
  const failsAfterMs = faults.spareFailsAfterMs()
  if (failsAfterMs > 0)
    host.after(failsAfterMs, () => {
      endSpare(new CambiumError('ERR_CORE_EXIT', 'simulated spare ended before it was needed', { severity: 'crash' }))
    })

  return {
    load: () => Promise.resolve([]),
    run(start) {
      if (hasEnded) return
      const sim = host.coreOf(start.number)
      sim.incarnation += 1
      sim.events = events
      life = { sim, incarnation: sim.incarnation }
      host.after(Math.max(0, readyMs - host.nowMs), () => {
        if (coreNow() === undefined) return
        if (faults.failsToStart()) {
          const message = `simulated core failed to start: core=${start.number}`
          host.end(sim, new CambiumError('ERR_CORE_EXIT', message, { severity: 'crash' }))
        } else host.begin(sim, start)
      })
    },
    connect() {},
    report() {
      const core = coreNow()?.core
      return core === undefined
        ? Promise.reject(new CambiumError('ERR_CORE_LOST', 'core is not running: its thread has ended'))
        : Promise.resolve(core.report())
    },
    stop() {
      coreNow()?.core?.flush()
      host.after(random.next(), () => {
        const sim = coreNow()
        if (sim !== undefined) host.end(sim, undefined)
      })
    },
    kill() {
      // The thread runs on until the kill reaches it.
      host.after(random.next() * KILL_MS_MAX, () => {
        const sim = coreNow()
        if (sim === undefined) endSpare(undefined)
        else
          host.end(sim, new CambiumError('ERR_CORE_EXIT', `simulated core was killed: core=${sim.number}`, { severity: 'crash' }))
      })
    },
    abandon() {},
  }
}
