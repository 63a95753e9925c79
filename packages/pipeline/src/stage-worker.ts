/**
 * Entry of a stage's thread: takes its seat in the ring, says that it is ready, and runs its handler until it is halted.
 *
 * It loads the handler first: a module that is wrong must not hold a place.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { toErrorRecord } from '@cambium/base'
import {
  adaptive,
  attachNode,
  attachSlotConsumer,
  attachSlots,
  backoff,
  blocking,
  busySpin,
  createBatchProcessor,
  joinSlotRing,
  layout,
  yielding,
} from '@cambium/ring'
import type { LayoutFields, LayoutView, Processor, SlotConsumer, SlotRingDescriptor, WaitStrategy } from '@cambium/ring'
import { pipelineStageError } from './errors.ts'
import { loadHandler } from './stage-handler.ts'
import type { StageHandler } from './stage-handler.ts'
import { runBesideEvents } from './stage-loop.ts'
import type { StageMessage, StageSetting, StageWait } from './stage-setting.ts'

type Slot = LayoutView<LayoutFields>

const now = (): number => performance.now()
const setting = workerData as StageSetting

void main()

async function main(): Promise<void> {
  try {
    const { stage, worker, module } = setting
    const importModule = (url: string): Promise<Record<string, unknown>> => import(url) as Promise<Record<string, unknown>>
    const handler = await loadHandler<Slot>(module, { stage, worker, argument: module.argument }, importModule)
    const processor = takeSeat(setting, handler)
    say({ type: 'ready', place: processor.place })
    await run(processor, handler)
    const { handled, failed, skipped } = processor
    say({ type: 'ended', tally: { handled, failed, skipped } })
  } catch (error) {
    say({ type: 'failed', error: toErrorRecord(error) })
  }
}

function say(message: StageMessage): void {
  parentPort?.postMessage(message)
}

function takeSeat({ stage, seat, fields, owner, maxBatch }: StageSetting, handler: StageHandler<Slot>): Processor {
  const limits = maxBatch === undefined ? {} : { maxBatch }
  const declared = layout(fields)
  if (seat.kind === 'node') return attachNode(seat.node, declared, handler, { ...limits, owner })
  const consumer = seat.kind === 'join' ? join(stage, seat, owner) : attachSlotConsumer(seat.ring, seat.place)
  return createBatchProcessor(consumer, attachSlots(seat.ring, declared), handler, limits)
}

function join(stage: string, seat: { ring: SlotRingDescriptor; after: readonly number[] }, owner: number): SlotConsumer {
  const consumer = joinSlotRing(seat.ring, { after: seat.after, owner })
  if (consumer === undefined) throw pipelineStageError('the ring has no place left', stage)
  return consumer
}

async function run(processor: Processor, handler: StageHandler<Slot>): Promise<void> {
  const { wait, timeoutMs } = setting
  if (wait !== 'events') {
    processor.run(strategyOf(wait, processor), timeoutMs)
    return
  }
  // Nothing else keeps the thread while it is parked.
  const alive = setInterval(() => {}, 2 ** 30)
  const platform = { now, nextRound: () => new Promise(setImmediate) }
  try {
    await runBesideEvents(processor, typeof handler === 'function' ? {} : handler, timeoutMs, platform)
  } finally {
    clearInterval(alive)
  }
}

function strategyOf(wait: Exclude<StageWait, 'events'>, { bell }: Processor): WaitStrategy {
  const clock = { now }
  switch (wait) {
    case 'adaptive':
      return adaptive(bell, clock)
    case 'blocking':
      return blocking(bell, clock)
    case 'busySpin':
      return busySpin(clock)
    case 'yielding':
      return yielding(clock)
    case 'backoff':
      return backoff(clock)
  }
}
