/**
 * Messages per second from the main thread to one other thread, measured on the spot: the public `tell`, which goes through a
 * ring, against `postMessage`. Both send the same small object, one message at a time, bounded; the consumer counts, adds up and
 * confirms, and the time is that until its word is back. A shorter run before it warms the code up.
 */
import { Worker } from 'node:worker_threads'
import { startSystem } from 'cambium'
import { ACKNOWLEDGE_EVERY } from './small-message.ts'
import type { Arrived, SmallMessage } from './small-message.ts'
import { pump, sink } from './throughput-actors.ts'

export interface Throughput {
  readonly ringPerSecond: number
  readonly queuePerSecond: number
}

const WARM_UP_MS = 300
const MEASURED_MS = 700
/** Messages that may be under way by `postMessage`. */
const WINDOW: number = 8 * ACKNOWLEDGE_EVERY

/** Throws when the consumer did not get what was sent. */
export async function measureThroughput(signal: AbortSignal): Promise<Throughput> {
  const ringPerSecond = await overRing(signal)
  const queuePerSecond = await overPort(signal)
  return { ringPerSecond, queuePerSecond }
}

async function overRing(signal: AbortSignal): Promise<number> {
  // A system of its own: these messages are no part of the census, and not in its books.
  const system = await startSystem({ cores: 1, handleSignals: false })
  try {
    const consumer = await system.spawn(sink, undefined, { core: 1 })
    const producer = await system.spawn(pump, consumer, { core: 0 })
    const wait = { timeoutMs: 60_000, signal }
    const warm = await producer.ask({ type: 'run', forMs: WARM_UP_MS }, wait)
    const measured = await producer.ask({ type: 'run', forMs: MEASURED_MS }, wait)
    check(await consumer.ask({ type: 'read' }, wait), warm.messages + measured.messages, warm.sum + measured.sum)
    return (measured.messages * 1000) / measured.elapsedMs
  } finally {
    await system.shutdown()
  }
}

async function overPort(signal: AbortSignal): Promise<number> {
  const thread = new Worker(new URL('port-sink.ts', import.meta.url))
  let arrived: Arrived = { messages: 0, sum: 0 }
  let resume = (): void => {}
  thread.on('message', (message: Arrived) => {
    arrived = message
    resume()
  })
  const failed = new Promise<never>((_, reject) => {
    thread.on('error', reject)
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
  const news = (): Promise<void> =>
    Promise.race([
      failed,
      new Promise<void>((resolve) => {
        resume = resolve
      }),
    ])

  let messages = 0
  let sum = 0
  const run = async (forMs: number): Promise<number> => {
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
  }

  try {
    signal.throwIfAborted()
    await run(WARM_UP_MS)
    const perSecond = await run(MEASURED_MS)
    check(arrived, messages, sum)
    return perSecond
  } finally {
    await thread.terminate()
  }
}

function check(arrived: Arrived, messages: number, sum: number): void {
  if (arrived.messages === messages && arrived.sum === sum) return
  throw new Error(`what arrived is not what was sent: sent=${messages}, arrived=${arrived.messages}, sums=${sum}, ${arrived.sum}`)
}
