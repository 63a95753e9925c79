/** A stream or a question-and-answer between two threads over a MessagePort: starts them, orders the phases, proves the counts. */
import { once } from 'node:events'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { RoundOutcome } from '../../case.ts'
import { checksumOf } from './messages.ts'
import type { MessageKind } from './messages.ts'
import type { PortOrder, PortRole, PortTally } from './port-roles.ts'
import type { PortReply, PortSetting } from './port-thread.ts'
import { askOutcome } from './run-ask.ts'

export interface PortSpec {
  readonly kind: MessageKind
  readonly isHot: boolean
  readonly messages: number
  readonly warmup: number
  /** Questions under way at any time. */
  readonly inFlight: number
}

/** Messages a second, one way. */
export async function runPortTell(spec: PortSpec): Promise<RoundOutcome> {
  const { near, far } = await runPhases('source', 'sink', spec)
  return {
    metrics: { '': (spec.messages * 1e9) / (far.endNs - near.startNs) },
    proof: {
      countExpected: spec.messages,
      count: far.count,
      checksumExpected: checksumOf(spec.kind, spec.messages),
      checksum: far.checksum,
    },
  }
}

export async function runPortAsk(spec: PortSpec): Promise<RoundOutcome> {
  const { near, far } = await runPhases('client', 'server', spec)
  return askOutcome(near, far.count, spec.messages)
}

async function runPhases(near: PortRole, far: PortRole, spec: PortSpec): Promise<{ near: PortTally; far: PortTally }> {
  const { port1, port2 } = new MessageChannel()
  const threads = [
    startThread({ role: near, port: port1, isHot: spec.isHot }),
    startThread({ role: far, port: port2, isHot: spec.isHot }),
  ]
  const [first, second] = threads as [PortThread, PortThread]
  try {
    await Promise.all(threads.map((thread) => thread.next()))
    const phase = async (count: number): Promise<{ near: PortTally; far: PortTally }> => {
      const order: PortOrder = { count, kind: spec.kind, inFlight: spec.inFlight }
      second.order(order)
      await second.next()
      first.order(order)
      const [a, b] = await Promise.all([first.next(), second.next()])
      if (!('tally' in a) || !('tally' in b)) throw new Error('a port thread answered out of turn')
      return { near: a.tally, far: b.tally }
    }
    await phase(spec.warmup)
    return await phase(spec.messages)
  } finally {
    await Promise.all(threads.map((thread) => thread.end()))
  }
}

interface PortThread {
  order(order: PortOrder): void
  next(): Promise<PortReply>
  end(): Promise<unknown>
}

function startThread(setting: PortSetting): PortThread {
  const worker = new Worker(new URL(import.meta.resolve('#port-thread')), {
    workerData: setting,
    transferList: [setting.port],
  })
  return {
    order: (order) => worker.postMessage(order),
    // `once` rejects on the thread's `error`. Two replies are never under way at once.
    next: async () => ((await once(worker, 'message')) as [PortReply])[0],
    end: () => worker.terminate(),
  }
}
