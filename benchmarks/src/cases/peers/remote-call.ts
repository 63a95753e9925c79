/**
 * Calls from the main thread to a worker through Comlink, Piscina and Tinypool: the counterparts of ask across cores. The question, the
 * answer and what is proven are those of the actors.
 */
import { Worker } from 'node:worker_threads'
import * as Comlink from 'comlink'
import { Piscina } from 'piscina'
import { Tinypool } from 'tinypool'
import type { RoundOutcome } from '../../case.ts'
import { questionOf } from '../actors/ask-actors.ts'
import type { Answer, AskPace, AskTally, Question } from '../actors/ask-actors.ts'
import { nowNs } from '../actors/messages.ts'
import { askOutcome } from '../actors/run-ask.ts'
import { createLatencyHistogram } from '../latency-histogram.ts'
import { comlinkEndpoint } from './comlink-endpoint.ts'
import type { CallApi } from './comlink-thread.ts'

export type CallPeer = 'comlink' | 'piscina' | 'tinypool'

export interface CallSpec extends AskPace {
  readonly calls: number
  readonly warmup: number
  /** Pools: calls that the worker may be given before it has answered. More than one pays when more are in flight. */
  readonly tasksPerWorker: number
}

interface Callee {
  call(question: Question): Promise<Answer>
  /** Questions answered since it was last asked, by the worker's own count. */
  served(): Promise<number>
  end(): Promise<unknown>
}

export async function runCalls(peer: CallPeer, spec: CallSpec): Promise<RoundOutcome> {
  const callee = peer === 'comlink' ? startComlink() : startPool(peer, spec.tasksPerWorker)
  try {
    const phase = (count: number): Promise<AskTally> => (spec.timed === 'each' ? inTurn : atOnce)(callee, count, spec.inFlight)
    await phase(spec.warmup)
    await callee.served()
    const tally = await phase(spec.calls)
    return askOutcome(tally, await callee.served(), spec.calls)
  } finally {
    await callee.end()
  }
}

async function inTurn(callee: Callee, count: number): Promise<AskTally> {
  const histogram = createLatencyHistogram()
  const startNs = nowNs()
  let checksum = 0
  for (let sequence = 0; sequence < count; sequence += 1) {
    const calledAt = performance.now()
    const { id, value } = await callee.call(questionOf(sequence))
    histogram.record((performance.now() - calledAt) * 1e6)
    checksum = (checksum + id + value) | 0
  }
  return { startNs, endNs: nowNs(), checksum, metrics: histogram.metrics(), curve: histogram.curve() }
}

/** `inFlight` loops side by side, as actors ask. */
async function atOnce(callee: Callee, count: number, inFlight: number): Promise<AskTally> {
  let next = 0
  let checksum = 0
  const loop = async (): Promise<void> => {
    while (next < count) {
      const question = questionOf(next)
      next += 1
      const { id, value } = await callee.call(question)
      checksum = (checksum + id + value) | 0
    }
  }
  const startNs = nowNs()
  await Promise.all(Array.from({ length: inFlight }, loop))
  return { startNs, endNs: nowNs(), checksum }
}

function startComlink(): Callee {
  const worker = new Worker(new URL(import.meta.resolve('#comlink-thread')))
  const remote = Comlink.wrap<CallApi>(comlinkEndpoint(worker))
  return {
    call: (question) => remote.call(question),
    served: () => remote.served(),
    end: () => worker.terminate(),
  }
}

function startPool(peer: 'piscina' | 'tinypool', concurrentTasksPerWorker: number): Callee {
  const filename = import.meta.resolve('#pool-task')
  const options = { filename, minThreads: 1, maxThreads: 1, concurrentTasksPerWorker }
  const pool = peer === 'piscina' ? new Piscina(options) : new Tinypool({ ...options, isolateWorkers: false })
  return {
    call: (question) => pool.run(question) as Promise<Answer>,
    served: () => pool.run(undefined) as Promise<number>,
    end: () => pool.destroy(),
  }
}
