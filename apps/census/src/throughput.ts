/**
 * Messages per second from the main thread to one other thread, measured on the spot: the public `tell`, which goes through a
 * ring, against `postMessage`. Both send the same small object, one message at a time, and keep what is under way within bounds;
 * the consumer counts, adds up and confirms, and the time is that until its word is back. After a warm-up they take turns, so
 * that whatever else the machine does meets both, and the median of their rounds counts.
 */
import { Worker } from 'node:worker_threads'
import { startSystem } from 'cambium'
import type { System } from 'cambium'
import { ACKNOWLEDGE_EVERY } from './small-message.ts'
import type { Arrived, SmallMessage } from './small-message.ts'
import { pump, sink } from './throughput-actors.ts'

export interface Throughput {
  readonly ringPerSecond: number
  readonly queuePerSecond: number
}

/** One way from here to there. */
interface Way {
  /** Sends for so long; answers messages per second. */
  readonly run: (forMs: number) => Promise<number>
  /** Throws when the consumer did not get what was sent. */
  readonly check: () => Promise<void>
}

/** Of the time that each way has. */
const WARM_UP_SHARE = 0.25
const ROUNDS = 5
/** Messages that may be under way by `postMessage`. */
const WINDOW: number = 8 * ACKNOWLEDGE_EVERY

/** For so long in all. Throws when a consumer did not get what was sent, and the reason of `signal`. */
export async function measureThroughput(forMs: number, signal: AbortSignal): Promise<Throughput> {
  signal.throwIfAborted()
  const warmUpMs = (forMs / 2) * WARM_UP_SHARE
  const roundMs = (forMs / 2 - warmUpMs) / ROUNDS
  // A system of its own: these messages are no part of the census, and not in its books.
  const system = await startSystem({ cores: 1, handleSignals: false })
  const thread = new Worker(new URL('port-sink.ts', import.meta.url))
  try {
    const ring = await openRing(system, signal)
    const queue = openPort(thread, signal)
    await ring.run(warmUpMs)
    await queue.run(warmUpMs)
    const ringRounds: number[] = []
    const queueRounds: number[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      ringRounds.push(await ring.run(roundMs))
      queueRounds.push(await queue.run(roundMs))
    }
    await ring.check()
    await queue.check()
    return { ringPerSecond: median(ringRounds), queuePerSecond: median(queueRounds) }
  } finally {
    await Promise.all([system.shutdown(), thread.terminate()])
  }
}

async function openRing(system: System, signal: AbortSignal): Promise<Way> {
  const consumer = await system.spawn(sink, undefined, { core: 1 })
  const producer = await system.spawn(pump, consumer, { core: 0 })
  const wait = { timeoutMs: 60_000, signal }
  let messages = 0
  let sum = 0
  return {
    run: async (forMs) => {
      const pumped = await producer.ask({ type: 'run', forMs }, wait)
      messages += pumped.messages
      sum += pumped.sum
      return (pumped.messages * 1000) / pumped.elapsedMs
    },
    check: async () => {
      compare(await consumer.ask({ type: 'read' }, wait), messages, sum)
    },
  }
}

function openPort(thread: Worker, signal: AbortSignal): Way {
  let arrived: Arrived = { messages: 0, sum: 0 }
  let wake: { readonly resolve: () => void; readonly reject: (error: unknown) => void } = { resolve: () => {}, reject: () => {} }
  thread.on('message', (message: Arrived) => {
    arrived = message
    wake.resolve()
  })
  thread.on('error', (error) => {
    wake.reject(error)
  })
  thread.on('exit', (code) => {
    wake.reject(new Error(`consumer ended: code=${code}`))
  })
  signal.addEventListener('abort', () => {
    wake.reject(signal.reason)
  })
  const news = (): Promise<void> =>
    new Promise((resolve, reject) => {
      wake = { resolve, reject }
    })
  let messages = 0
  let sum = 0
  return {
    run: async (forMs) => {
      const before = messages
      const startedAt = performance.now()
      while (performance.now() - startedAt < forMs) {
        for (const end = arrived.messages + WINDOW; messages < end; messages += 1) {
          const amount = messages & 0xff
          sum += amount
          thread.postMessage({ type: 'add', amount } satisfies SmallMessage)
        }
        await news()
      }
      thread.postMessage({ type: 'read' })
      while (arrived.messages < messages) await news()
      return ((messages - before) * 1000) / (performance.now() - startedAt)
    },
    check: () => {
      compare(arrived, messages, sum)
      return Promise.resolve()
    },
  }
}

function compare(arrived: Arrived, messages: number, sum: number): void {
  if (arrived.messages === messages && arrived.sum === sum) return
  throw new Error(`what arrived is not what was sent: sent=${messages}, arrived=${arrived.messages}, sums=${sum}, ${arrived.sum}`)
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[values.length >> 1] ?? 0
}
