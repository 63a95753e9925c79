/** One core of the scheduler, driven by this thread alone, with an actor that only adds. A system has no such thing, so the core is made by hand. */
import { ActorRef, defineActor } from '@cambium/actor'
import type { Behaviour, Ref } from '@cambium/actor'
import { Core, createSystemMemory, HandlerInHand } from '@cambium/scheduler'
import type { Signal } from '@cambium/scheduler'

interface Summand {
  readonly type: 'add'
  readonly value: number
}

export interface Sum {
  count: number
  total: number
}

const MODULE = 'cambium-bench:adder'
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

/** @param isWatched whether the words are written that say whose callback runs */
export function startAdder(isWatched: boolean, sum: Sum): { readonly core: Core; readonly ref: Ref<Summand> } {
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
