/**
 * The same work over a MessagePort, as one would write it: the counterpart of tell and ask. A port has no bound, so the sink
 * acknowledges every half window and the source keeps inside it, which is also the fastest way to use a port.
 */
import type { MessagePort } from 'node:worker_threads'
import { createLatencyHistogram } from '../latency-histogram.ts'
import { answerTo, questionOf } from './ask-actors.ts'
import type { Answer, AskTally, Question } from './ask-actors.ts'
import { messagesOf, nowNs } from './messages.ts'
import type { Message, MessageKind } from './messages.ts'
import type { Tally } from './tell-actors.ts'

export type PortRole = 'source' | 'sink' | 'client' | 'server'

/** Messages under way on a port. */
export const PORT_WINDOW = 500

export interface PortOrder {
  readonly count: number
  readonly kind: MessageKind
  readonly inFlight: number
}

/** What a role has to say when its part is done. */
export type PortTally = Tally & Pick<AskTally, 'startNs' | 'metrics' | 'curve'>

export function playPortRole(role: PortRole, port: MessagePort, order: PortOrder, ready: () => void): Promise<PortTally> {
  return ROLES[role](port, order, ready)
}

const ROLES: Readonly<Record<PortRole, (port: MessagePort, order: PortOrder, ready: () => void) => Promise<PortTally>>> = {
  source: (port, { count, kind }) => {
    const { build } = messagesOf(kind)
    const startNs = nowNs()
    let sent = 0
    const sendUpTo = (until: number): void => {
      for (; sent < until; sent += 1) port.postMessage(build(sent))
    }
    return untilDone(
      port,
      (acknowledged) => {
        sendUpTo(Math.min(count, (acknowledged as number) + PORT_WINDOW))
        return acknowledged === count
      },
      () => sendUpTo(Math.min(count, PORT_WINDOW)),
    ).then((endNs) => ({ startNs, endNs, count: sent, checksum: 0 }))
  },

  sink: (port, { count: expected, kind }, ready) => {
    const { check } = messagesOf(kind)
    const startNs = nowNs()
    let count = 0
    let checksum = 0
    return untilDone(
      port,
      (message) => {
        checksum = check(message as Message, checksum)
        count += 1
        if (count % (PORT_WINDOW / 2) === 0 || count === expected) port.postMessage(count)
        return count === expected
      },
      ready,
    ).then((endNs) => ({ startNs, endNs, count, checksum }))
  },

  client: (port, { count: expected, inFlight }) => {
    const histogram = createLatencyHistogram()
    // With one under way this is the time of the last question; with more only the rate counts.
    let askedAt = 0
    let asked = 0
    let count = 0
    let checksum = 0
    const ask = (): void => {
      askedAt = performance.now()
      port.postMessage(questionOf(asked))
      asked += 1
    }
    const startNs = nowNs()
    return untilDone(
      port,
      (message) => {
        const { id, value } = message as Answer
        if (inFlight === 1) histogram.record((performance.now() - askedAt) * 1e6)
        checksum = (checksum + id + value) | 0
        count += 1
        if (asked < expected) ask()
        return count === expected
      },
      () => {
        while (asked < Math.min(inFlight, expected)) ask()
      },
    ).then((endNs) => ({
      startNs,
      endNs,
      count,
      checksum,
      ...(inFlight === 1 ? { metrics: histogram.metrics(), curve: histogram.curve() } : {}),
    }))
  },

  server: (port, { count: expected }, ready) => {
    const startNs = nowNs()
    let count = 0
    return untilDone(
      port,
      (message) => {
        port.postMessage(answerTo(message as Question))
        count += 1
        return count === expected
      },
      ready,
    ).then((endNs) => ({ startNs, endNs, count, checksum: 0 }))
  },
}

/** Calls `listener` for each message until it says that it was the last; gives the time of that. */
function untilDone(port: MessagePort, listener: (message: unknown) => boolean, begin: () => void): Promise<number> {
  return new Promise((resolve) => {
    const onMessage = (message: unknown): void => {
      if (!listener(message)) return
      const endNs = nowNs()
      port.off('message', onMessage)
      resolve(endNs)
    }
    port.on('message', onMessage)
    begin()
  })
}
