/**
 * Entry of a stage's thread: takes its seat in the ring, says that it is ready, and runs its handler until it is halted.
 *
 * 1. It loads the handler first: a module that is wrong must not hold a place.
 * 2. It is ready when `onStart` has returned.
 * 3. It says what it has done when its loop has ended, however that came about; also at `process.exit` in the middle of it. Only a thread that
 *    is terminated says nothing.
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
import type {
  BatchHandler,
  LayoutFields,
  LayoutView,
  Processor,
  SlotConsumer,
  SlotRingDescriptor,
  WaitStrategy,
} from '@cambium/ring'
import { pipelineStageError } from './errors.ts'
import { guardHandler } from './stage-guard.ts'
import { loadHandler } from './stage-handler.ts'
import { runBesideEvents } from './stage-loop.ts'
import type { StageMessage, StageProgress, StageSetting, StageWait } from './stage-setting.ts'

type Slot = LayoutView<LayoutFields>

const now = (): number => performance.now()
const setting = workerData as StageSetting

void main()

async function main(): Promise<void> {
  try {
    const { stage, worker, module } = setting
    const importModule = (url: string): Promise<Record<string, unknown>> => import(url) as Promise<Record<string, unknown>>
    const loaded = await loadHandler<Slot>(module, { stage, worker, argument: module.argument }, importModule)
    const handler = guardHandler(stage, loaded, () => {
      say({ type: 'ready', place: processor.place, progress: progressOf(processor) })
    })
    const processor = takeSeat(setting, handler)
    const sayEnded = (): void => say({ type: 'ended', progress: progressOf(processor) })
    process.once('exit', sayEnded)
    try {
      await run(processor, handler)
    } finally {
      process.off('exit', sayEnded)
      sayEnded()
    }
  } catch (error) {
    say({ type: 'failed', error: toErrorRecord(error) })
  }
}

function say(message: StageMessage): void {
  parentPort?.postMessage(message)
}

function progressOf({ handled, failed, skipped, sequence }: Processor): StageProgress {
  return { tally: { handled, failed, skipped }, sequence }
}

function takeSeat({ stage, seat, fields, owner, maxBatch }: StageSetting, handler: BatchHandler<Slot>): Processor {
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

async function run(processor: Processor, handler: BatchHandler<Slot>): Promise<void> {
  const { wait, timeoutMs } = setting
  if (wait !== 'events') {
    processor.run(strategyOf(wait, processor), timeoutMs)
    return
  }
  // Nothing else keeps the thread while it is parked.
  const alive = setInterval(() => {}, 2 ** 30)
  const platform = { now, nextRound: () => new Promise(setImmediate) }
  try {
    await runBesideEvents(processor, handler, timeoutMs, platform)
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
