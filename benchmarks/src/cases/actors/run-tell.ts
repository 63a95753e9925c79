/** One-way throughput by `tell`, from the first message told to the last one handled. */
import type { Proof, RoundOutcome } from '../../case.ts'
import { checksumOf } from './messages.ts'
import type { MessageKind } from './messages.ts'
import { messagesOf, nowNs } from './messages.ts'
import { CHUNK, declaredSink, producer, sink } from './tell-actors.ts'
import type { SinkMessage, Tally } from './tell-actors.ts'
import { PHASE_MS_MAX, withSystem } from './with-system.ts'
import type { Ref } from 'cambium'

export interface TellSpec {
  readonly kind: MessageKind
  /** Worker threads of the system. */
  readonly cores: number
  /** Core of the producing actor, or `outside`: plain code on the main thread. */
  readonly from: number | 'outside'
  /** Whether the sink declares what its messages look like. */
  readonly isDeclared: boolean
  /** Core of the sink. */
  readonly to: number
  readonly messages: number
  readonly warmup: number
}

export function runTell(spec: TellSpec): Promise<RoundOutcome> {
  const { kind, from, to, isDeclared } = spec
  return withSystem(spec.cores, async (system) => {
    const target = await system.spawn(isDeclared ? declaredSink : sink, kind, { core: to })
    const source = from === 'outside' ? undefined : await system.spawn(producer, kind, { core: from })
    const begin = (count: number): Promise<number> =>
      source === undefined ? tellFromOutside(target, kind, count) : source.ask({ type: 'produce', target, count })
    const phase = async (count: number): Promise<{ startNs: number; tally: Tally }> => {
      await target.ask({ type: 'expect', count })
      const [startNs, tally] = await Promise.all([begin(count), target.ask({ type: 'tally' }, { timeoutMs: PHASE_MS_MAX })])
      return { startNs, tally: tally as Tally }
    }
    await phase(spec.warmup)
    const { startNs, tally } = await phase(spec.messages)
    const proof: Proof = {
      countExpected: spec.messages,
      count: tally.count,
      checksumExpected: checksumOf(kind, spec.messages),
      checksum: tally.checksum,
    }
    return { metrics: { '': (spec.messages * 1e9) / (tally.endNs - startNs) }, proof }
  })
}

/** Code outside actors has nobody to hold it back, so it waits for acceptance once in each chunk. */
async function tellFromOutside(target: Ref<SinkMessage>, kind: MessageKind, count: number): Promise<number> {
  const { build } = messagesOf(kind)
  const startNs = nowNs()
  for (let id = 0; id < count; id += 1) {
    if (id % CHUNK < CHUNK - 1) target.tell(build(id))
    else await target.send(build(id), { timeoutMs: PHASE_MS_MAX })
  }
  return startNs
}
