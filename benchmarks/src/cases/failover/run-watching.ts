/**
 * What watching costs the core that is watched (D10): one core of the scheduler, driven by this thread alone, with the words that say whose callback runs
 * and without. A system has no such switch, so the core is made by hand.
 */
import { ActorRef, defineActor } from '@cambium/actor'
import type { Behaviour, Ref } from '@cambium/actor'
import { Core, createSystemMemory, HandlerInHand } from '@cambium/scheduler'
import type { Signal } from '@cambium/scheduler'
import type { RoundOutcome } from '../../case.ts'
import { nowNs } from '../actors/messages.ts'

export interface WatchingSpec {
  readonly isWatched: boolean
  readonly messages: number
  readonly warmup: number
  /** Messages told before the core has its next turns. */
  readonly chunk: number
}

interface Summand {
  readonly type: 'add'
  readonly value: number
}

interface Sum {
  count: number
  total: number
}

const MODULE = 'cambium-bench:watching'
const RING_BYTES = 1 << 16
const LIMITS = {
  sendTimeoutMs: 5_000,
  askTimeoutMs: 5_000,
  outboxCapacity: 1_024,
  outsideCapacity: 1_024,
  messageBytesMax: 1 << 16,
}

/** Writes nothing down. */
class Unwatched extends HandlerInHand {
  override enter(): void {}
  override leave(): void {}
  override clear(): void {}
}

const adder: Behaviour<Sum, Summand> = defineActor<Sum, Summand, unknown, Sum>(MODULE, 'adder', {
  init: (sum) => sum,
  receive(sum, { value }) {
    sum.count += 1
    sum.total = (sum.total + value) | 0
  },
})

export function runWatching(spec: WatchingSpec): Promise<RoundOutcome> {
  const sum: Sum = { count: 0, total: 0 }
  const { core, ref } = startAdder(spec.isWatched, sum)
  const phase = (messages: number): number => {
    sum.count = sum.total = 0
    const startNs = nowNs()
    for (let id = 0; id < messages;) {
      for (const until = Math.min(id + spec.chunk, messages); id < until; id += 1) ref.tell({ type: 'add', value: id })
      while (core.turn() > 0);
    }
    return nowNs() - startNs
  }
  phase(spec.warmup)
  const tookNs = phase(spec.messages)
  let checksumExpected = 0
  for (let id = 0; id < spec.messages; id += 1) checksumExpected = (checksumExpected + id) | 0
  return Promise.resolve({
    metrics: { '': (spec.messages * 1e9) / tookNs },
    proof: { countExpected: spec.messages, count: sum.count, checksumExpected, checksum: sum.total },
  })
}

function startAdder(isWatched: boolean, sum: Sum): { readonly core: Core; readonly ref: Ref<Summand> } {
  const shape = { cores: 1, dataRingBytes: RING_BYTES, controlRingBytes: RING_BYTES }
  const memory = createSystemMemory(shape, (bytes) => new SharedArrayBuffer(bytes))
  let started: Extract<Signal, { type: 'started' }> | undefined
  const core = new Core({
    number: 0,
    memory,
    platform: {
      now: () => performance.now(),
      random: () => 0,
      importModule: () => Promise.resolve({}),
      requestTurn: () => {},
      offload: () => Promise.resolve(undefined),
    },
    limits: LIMITS,
    isStrict: false,
    onRootSignal: (_from, signal) => {
      if (signal.type === 'started') started = signal
    },
  })
  if (!isWatched) core.handler = new Unwatched()
  core.loader.learn(adder as Behaviour<unknown, unknown>)
  const spec = {
    module: MODULE,
    behaviour: adder.name,
    argument: sum,
    name: undefined,
    mailbox: undefined,
    initTimeoutMs: Infinity,
  }
  core.handleSignal({ type: 'spawn', request: 1, spec })
  while (core.turn() > 0);
  if (started === undefined) throw new Error('the adder did not start')
  const { slot, generation } = started
  return { core, ref: new ActorRef(core.sender.outside, 0, slot, generation) as unknown as Ref<Summand> }
}
