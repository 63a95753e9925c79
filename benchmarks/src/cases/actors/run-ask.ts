/** Asks: the latency of a closed loop, or the rate with many under way. */
import type { RoundOutcome } from '../../case.ts'
import { answersChecksum, askAll, asker, server } from './ask-actors.ts'
import type { AskPace, AskTally } from './ask-actors.ts'
import { PHASE_MS_MAX, withSystem } from './with-system.ts'

export interface AskSpec extends AskPace {
  readonly cores: number
  readonly from: number | 'outside'
  readonly to: number
  readonly asks: number
  readonly warmup: number
}

export function runAsk(spec: AskSpec): Promise<RoundOutcome> {
  const { from, to, inFlight, timed, asks } = spec
  return withSystem(spec.cores, async (system) => {
    const target = await system.spawn(server, null, { core: to })
    const source = from === 'outside' ? undefined : await system.spawn(asker, null, { core: from })
    const phase = async (count: number): Promise<AskTally> =>
      source === undefined
        ? await askAll(target, count, { inFlight, timed })
        : await (source.ask({ target, count, inFlight, timed }, { timeoutMs: PHASE_MS_MAX }) as Promise<AskTally>)
    await phase(spec.warmup)
    await target.ask({ type: 'count' })
    const tally = await phase(asks)
    return askOutcome(tally, (await target.ask({ type: 'count' })) as number, asks)
  })
}

/** `served` is the server's own count, the checksum is of the answers as they came back. */
export function askOutcome(tally: AskTally, served: number, asks: number): RoundOutcome {
  const { metrics, curve } = tally
  return {
    metrics: metrics ?? { '': (asks * 1e9) / (tally.endNs - tally.startNs) },
    ...(curve === undefined ? {} : { curve }),
    proof: { countExpected: asks, count: served, checksumExpected: answersChecksum(asks), checksum: tally.checksum },
  }
}
