/** D3, D7: either end can be replaced in mid-stream, and every record keeps its meaning. */
import { isDeepStrictEqual } from 'node:util'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createDecoder, createShapeArea, SHAPE_AREA_BYTES } from '../src/index.ts'
import { createLink } from './link.ts'

const message = (shape: number, n: number): Record<string, unknown> => ({
  [`id${shape}`]: n,
  [`name${shape}`]: `n${n}`,
  [`in${shape}`]: { [`x${shape}`]: n },
})

describe('D3 replacement of the ends of a link', () => {
  test('encoder, decoder or both, at any point: all records decode, old ones too', () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ send: fc.nat(60) }) },
      { weight: 1, arbitrary: fc.constantFrom('encoder', 'decoder', 'failed send' as const) },
      { weight: 2, arbitrary: fc.record({ receive: fc.nat(5) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.constantFrom(SHAPE_AREA_BYTES, 512, 64, 4), (steps, areaSize) => {
        const link = createLink({ areaSize })
        const ring: { record: Buffer; sent: unknown }[] = []
        const everything: { record: Buffer; sent: unknown }[] = []
        const receive = (): void => {
          const next = ring.shift()
          if (next !== undefined) expect(link.decoder.decode(next.record, 0, next.record.length)).toEqual(next.sent)
        }
        for (const [n, action] of steps.entries()) {
          if (action === 'encoder') link.replaceEncoder()
          else if (action === 'decoder') link.replaceDecoder()
          else if (action === 'failed send')
            expect(() => link.encoder.encode({ [`new${n}`]: { bad: () => 1 } })).toThrow(/cannot travel/)
          else if ('receive' in action) for (let i = 0; i < action.receive; i += 1) receive()
          else {
            const sent = message(action.send, n)
            const entry = { record: link.encoder.encodeCopy(sent), sent }
            ring.push(entry)
            everything.push(entry)
          }
        }
        while (ring.length > 0) receive()
        link.replaceDecoder()
        for (const { record, sent } of everything) expect(link.decoder.decode(record, 0, record.length)).toEqual(sent)
      }),
      { numRuns: 200 },
    )
  })

  test('a successor uses the shapes of its predecessor: nothing is appended twice', () => {
    const link = createLink()
    for (let i = 0; i < 3; i += 1) link.carry(message(1, i))
    const published = createShapeArea(link.areaBytes).publishedBytes()
    const size = link.encoder.encode(message(1, 9)).length
    link.replaceEncoder()
    expect(link.encoder.encode(message(1, 9)).length).toBe(size)
    for (let i = 0; i < 3; i += 1) link.carry(message(1, i))
    expect(createShapeArea(link.areaBytes).publishedBytes()).toBe(published)
  })

  test('a core that dies while it writes shapes leaves nothing that a reader sees', () => {
    const link = createLink()
    for (let i = 0; i < 3; i += 1) link.carry(message(1, i))
    const record = link.encoder.encodeCopy(message(1, 5))
    // As left by a writer that was ended between the entry and its publication.
    link.areaBytes.fill(0x5a, 4 + createShapeArea(link.areaBytes).publishedBytes())
    link.replaceEncoder()
    link.replaceDecoder()
    for (let shape = 2; shape < 20; shape += 1)
      for (let i = 0; i < 3; i += 1) expect(link.carry(message(shape, i))).toEqual(message(shape, i))
    expect(link.decoder.decode(record, 0, record.length)).toEqual(message(1, 5))
  })

  test('a record whose shape was never published is not decodable, rather than something else', () => {
    const link = createLink()
    for (let i = 0; i < 3; i += 1) link.carry({ a: 1 })
    const record = link.encoder.encodeCopy({ a: 1 })
    const stranger = createDecoder({ area: createShapeArea(new Uint8Array(new SharedArrayBuffer(64))) })
    expect(() => stranger.decode(record, 0, record.length)).toThrow(/not in the area/)
  })
})

test('D3 shapes taken by one thread are read by another, record by record', async () => {
  const areaBytes = new Uint8Array(new SharedArrayBuffer(SHAPE_AREA_BYTES))
  const slot = new SharedArrayBuffer(4096)
  const turn = new Int32Array(slot, 0, 2)
  const record = Buffer.from(slot, 8)
  const decoder = createDecoder({ area: createShapeArea(areaBytes) })
  const worker = new Worker(new URL('./fixtures/encoding-worker.ts', import.meta.url), {
    workerData: { areaBytes, slot, rounds: 2400 },
  })
  const ended = new Promise<never>((_resolve, reject) => {
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('the worker ended early')))
  })
  ended.catch(() => {})
  let wrong = 0
  for (let n = 0; n < 2400; n += 1) {
    while (Atomics.load(turn, 0) === 0) {
      const waiting = Atomics.waitAsync(turn, 0, 0)
      if (waiting.async) await Promise.race([waiting.value, ended])
    }
    const arrived = decoder.decode(record, 0, Atomics.load(turn, 1))
    if (!isDeepStrictEqual(arrived, { [`k${n % 800}`]: n, nested: { [`v${n % 800}`]: [n] } })) wrong += 1
    Atomics.store(turn, 0, 0)
    Atomics.notify(turn, 0)
  }
  expect(wrong).toBe(0)
  expect(createShapeArea(areaBytes).publishedBytes()).toBeGreaterThan(10_000)
  worker.removeAllListeners('exit')
  await worker.terminate()
})
