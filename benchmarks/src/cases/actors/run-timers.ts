/** Timers of one actor: setting them, cancelling them, and handling them when all fall due at once. */
import type { RoundOutcome } from '../../case.ts'
import { timekeeper } from './timer-actors.ts'
import { PHASE_MS_MAX, withSystem } from './with-system.ts'

export interface TimerSpec {
  readonly timers: number
  /** From the first timer set to the moment at which all are due. */
  readonly leadMs: number
}

export function runTimers({ timers, leadMs }: TimerSpec): Promise<RoundOutcome> {
  return withSystem(1, async (system) => {
    const ref = await system.spawn(timekeeper, timers, { core: 1 })
    const options = { timeoutMs: PHASE_MS_MAX }
    const phase = async (): Promise<{ metrics: Record<string, number>; cancelled: number; fired: number; checksum: number }> => {
      const rate = (ns: number): number => (timers * 1e9) / ns
      const set = await ref.ask({ type: 'set' }, options)
      const cancel = await ref.ask({ type: 'cancel' }, options)
      const fire = await ref.ask({ type: 'fire', leadMs }, options)
      const metrics = { set: rate(set.tookNs), cancel: rate(cancel.tookNs), fire: rate(fire.tookNs) }
      return { metrics, cancelled: cancel.count, fired: fire.count, checksum: fire.checksum }
    }
    await phase() // warm-up
    const { metrics, cancelled, fired, checksum } = await phase()
    let checksumExpected = 0
    for (let id = 0; id < timers; id += 1) checksumExpected = (checksumExpected + id) | 0
    return { metrics, proof: { countExpected: 2 * timers, count: cancelled + fired, checksumExpected, checksum } }
  })
}
