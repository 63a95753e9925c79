/**
 * One thread's ends of its rings, with the waiting and ringing that go with them: publish, then ring the reader; release,
 * then ring the writer. Strategies whose threads never park need no ring and get none.
 */
import { attachConsumer, attachProducer, BELL_BUSY, createDoorbell, RING_FULL } from '@cambium/ring'
import type { Doorbell, RingConsumer, RingProducer, WaitStrategy } from '@cambium/ring'
import type { MessageFormat, Message } from '../message-format.ts'
import type { FlowNode, LinkOptions } from './flow.ts'
import { createWaitStrategy, needsRing } from './waiting.ts'

/** A wait that long means a peer has died; its error ends the round, this only ends the wait. */
export const WAIT_MS_MAX = 1_000
const MESSAGE_TYPE = 1

interface RingOutput {
  readonly producer: RingProducer
  /** Claims, writes and commits one message; publishes when the batch is full. Waits for room. */
  send(message: Message): void
  /** Publishes what is committed and rings the reader. */
  flush(): void
}

interface RingInput {
  readonly consumer: RingConsumer
  /** Rings the writer: room was given back. */
  ringWriter(): void
}

export interface RingLinks {
  readonly inputs: readonly RingInput[]
  readonly outputs: readonly RingOutput[]
  readonly wait: WaitStrategy
  /** Whether any input holds a record, from a fresh look. */
  readonly hasWork: () => boolean
}

export function openRingLinks(node: FlowNode, format: MessageFormat): RingLinks {
  const wait = createWaitStrategy(node.link.wait, createDoorbell(node.bell))
  const rings = needsRing(node.link.wait)
  const inputs = node.ringInputs.map(({ ring, peerBell }): RingInput => {
    const bell = rings ? createDoorbell(peerBell) : undefined
    return { consumer: attachConsumer(ring), ringWriter: () => void bell?.ring() }
  })
  const outputs = node.ringOutputs.map(({ ring, peerBell }) =>
    openOutput(attachProducer(ring), rings ? createDoorbell(peerBell) : undefined, wait, format, node.link),
  )
  const first = inputs[0]?.consumer
  const hasWork =
    inputs.length === 1 && first !== undefined ? () => !first.isEmpty : () => inputs.some(({ consumer }) => !consumer.isEmpty)
  return { inputs, outputs, wait, hasWork }
}

function openOutput(
  producer: RingProducer,
  readerBell: Doorbell | undefined,
  wait: WaitStrategy,
  format: MessageFormat,
  { batch, publish }: LinkOptions,
): RingOutput {
  const { int32 } = producer
  const { bytes, write } = format
  const hasRoom = (): boolean => producer.hasRoom(bytes)
  const awaitedBell = publish === 'batch-or-awaited' ? readerBell : undefined
  const flush = (): void => {
    if (producer.publish()) readerBell?.ring()
  }
  const claimWaiting = (): number => {
    for (;;) {
      const offset = producer.claim(MESSAGE_TYPE, bytes)
      if (offset !== RING_FULL) return offset
      flush() // room comes only from a reader that has seen everything
      wait.waitFor(hasRoom, WAIT_MS_MAX)
    }
  }
  return {
    producer,
    flush,
    send(message) {
      let offset = producer.claim(MESSAGE_TYPE, bytes)
      if (offset === RING_FULL) offset = claimWaiting()
      write(message, int32, offset >> 2)
      producer.commit()
      if (producer.unpublished >= batch || (awaitedBell !== undefined && awaitedBell.state !== BELL_BUSY)) flush()
    },
  }
}
