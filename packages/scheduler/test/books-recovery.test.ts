/** The books of a core whose thread ends at any of the places where a ring and its count differ: every such place is tried. */
import { ActorRef, defineActor } from '@cambium/actor'
import type { Behaviour, Ref } from '@cambium/actor'
import type { CorePlatform } from '@cambium/base'
import { attachConsumer, BELL_IDLE } from '@cambium/ring'
import { expect, it } from 'vitest'
import { PUT, SENT, TAKEN } from '../src/books.ts'
import { recoverBooks } from '../src/books-recovery.ts'
import { Core } from '../src/core.ts'
import { OWNED_BY_ROOT } from '../src/ownership.ts'
import { createSystemMemory } from '../src/system-memory.ts'
import type { CoreBlock, SystemMemory } from '../src/system-memory.ts'

const LIMITS = { sendTimeoutMs: 1000, askTimeoutMs: 1000, outboxCapacity: 100, outsideCapacity: 100, messageBytesMax: 1 << 20 }
const MESSAGES = 3
/** Takes more than one record, so its sender's fragments and their one count are among the places. */
const LARGE = 'x'.repeat(6000)

class Death extends Error {}

const sink: Behaviour<null, string> = defineActor('test:books-recovery', 'sink', { init: () => null, receive: () => {} })
const WAYS = ['tell', 'trySend', 'send'] as const
type Way = (typeof WAYS)[number]

interface Relay {
  readonly to: Ref<string>
  readonly way: Way
}

const relay: Behaviour<Relay, string> = defineActor('test:books-recovery', 'relay', {
  init: (state: Relay) => state,
  receive({ to, way }, message: string) {
    // A send that its thread's death ends is rejected by it, in this thread, which lives on.
    if (way === 'send') void to.send(message).catch(() => {})
    else to[way](message)
  },
})

/** Core 1 dies at the `point`-th place of its two turns; false when the turn has fewer. */
function dieAt(point: number, way: Way): { died: boolean; memory: SystemMemory } {
  const memory = createSystemMemory(
    { cores: 2, dataRingBytes: 16_384, controlRingBytes: 4096 },
    (bytes) => new SharedArrayBuffer(bytes),
  )
  let left = Infinity
  let copy: Uint8Array | undefined
  const platform = (isMortal: boolean): CorePlatform => ({
    now: () => 1,
    random: () => 0.5,
    importModule: () => Promise.resolve({}),
    requestTurn: () => {},
    offload: () => Promise.resolve(undefined),
    ...(isMortal
      ? {
          checkpoint: () => {
            left -= 1
            if (left > 0) return
            copy ??= new Uint8Array(memory.memory).slice()
            throw new Death()
          },
        }
      : {}),
  })
  const [zero, one] = [0, 1].map(
    (number) => new Core({ number, memory, platform: platform(number === 1), limits: LIMITS, isStrict: true }),
  ) as [Core, Core]
  const start = <A>(core: Core, behaviour: Behaviour<A, string>, argument: A): Ref<string> => {
    core.loader.learn(behaviour as unknown as Behaviour<unknown, unknown>)
    const cell = core.lifecycle.spawn(
      { module: behaviour.module, behaviour: behaviour.name, argument, name: undefined, mailbox: undefined, initTimeoutMs: 1000 },
      OWNED_BY_ROOT,
      undefined,
      () => {},
    )
    return new ActorRef(zero.sender.outside, cell.core, cell.slot, cell.generation) as unknown as Ref<string>
  }
  const end = start(zero, sink, null)
  const middle = start(one, relay, { to: one.refOf(end) as Ref<string>, way })
  for (let i = 0; i < MESSAGES; i += 1) middle.tell(`message ${i}`)
  middle.tell(LARGE)
  for (let i = 0; i < 5; i += 1) zero.turn() // its fragments follow each other into the ring
  // It looks for work, so each message is published as soon as it is written.
  Atomics.store((memory.blocks[0] as CoreBlock).bell, 0, BELL_IDLE)
  left = point
  try {
    // What has to wait for room is written in the second turn.
    for (let i = 0; i < 2; i += 1) one.turn()
  } catch (error) {
    if (!(error instanceof Death)) throw error
  }
  // What it did after its death, in code that catches everything, has not happened.
  if (copy !== undefined) new Uint8Array(memory.memory).set(copy)
  return { died: copy !== undefined, memory }
}

function countWholeMessages(memory: SystemMemory, from: number, to: number): number {
  const ring = attachConsumer(memory.dataRing(from, to))
  let whole = 0
  while (ring.next())
    if (!(ring.type === 5) || ring.buffer.readInt32LE(ring.offset + 4) === ring.buffer.readInt32LE(ring.offset + 8) - 1)
      whole += 1
  return whole
}

it.each(WAYS)('agree with the rings after a death at any place, however often they are recovered: %s', (way) => {
  let places = 0
  let wrongBefore = 0
  for (let point = 1; ; point += 1) {
    const { died, memory } = dieAt(point, way)
    if (!died) break
    places += 1
    const [zero, one] = memory.blocks.map(({ books }) => books) as [Float64Array, Float64Array]
    const raw = [one[PUT], one[TAKEN]].join()
    recoverBooks(memory, 1)
    recoverBooks(memory, 1)
    if (raw !== [one[PUT], one[TAKEN]].join()) wrongBefore += 1
    // The reader of this ring is core 0, which has taken nothing since.
    expect({ point, put: one[PUT] }).toEqual({ point, put: countWholeMessages(memory, 1, 0) })
    // What has gone was counted as sent before: no message can end that the books know nothing of.
    expect({ point, sent: Math.min(one[SENT] as number, one[PUT] as number) }).toEqual({ point, sent: one[PUT] })
    // A successor goes on behind the record in hand, which counts as taken.
    expect({ point, unread: (zero[PUT] as number) - (one[TAKEN] as number) }).toEqual({
      point,
      unread: countWholeMessages(memory, 0, 1),
    })
  }
  expect(places).toBeGreaterThan(10)
  expect(wrongBefore).toBeGreaterThan(2)
})
