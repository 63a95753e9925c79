/** Large data by reference: what share and transfer mark, what the bytes hold instead, and what a parcel does to its sender. */
import { describe, expect, test } from 'vitest'
import { assertTravels, PARCEL_BUFFERS_MAX, share, transfer, TRANSFER_BYTES_MIN } from '../src/index.ts'
import { createLink } from './link.ts'
import type { Link } from './link.ts'

/** To the other side as a core does it: what is shared or moved goes beside the bytes. */
function carry(link: Link, message: unknown): unknown {
  const record = link.encoder.encodeCopy(message)
  const { layout, parcel } = link.encoder
  parcel?.seize()
  return link.decoder.decode(record, 0, record.length, layout, parcel?.buffers)
}

const LARGE = TRANSFER_BYTES_MIN

describe('share', () => {
  test('R2.1 gives back what it was given, and the receiver gets the same memory', () => {
    const link = createLink()
    const buffer = new SharedArrayBuffer(64)
    expect(share(buffer)).toBe(buffer)
    const arrived = carry(link, { pixels: buffer, list: [{ again: buffer }] }) as {
      pixels: SharedArrayBuffer
      list: { again: unknown }[]
    }
    expect(arrived.pixels).toBeInstanceOf(SharedArrayBuffer)
    expect(arrived.list[0]?.again).toBe(arrived.pixels)
    new Uint8Array(buffer)[3] = 7
    expect(new Uint8Array(arrived.pixels)[3]).toBe(7)
  })

  test.each<[string, ArrayBufferView, string]>([
    ['a typed array', new Float64Array(new SharedArrayBuffer(64), 8, 3), 'Float64Array'],
    ['a DataView', new DataView(new SharedArrayBuffer(64), 4, 5), 'DataView'],
    ['a Buffer', Buffer.from(new SharedArrayBuffer(64), 2, 9), 'Uint8Array'],
    ['an empty view', new Int32Array(new SharedArrayBuffer(64), 16, 0), 'Int32Array'],
  ])('%s arrives as a view of the same part of the same memory', (_, view, name) => {
    const arrived = carry(createLink(), { view: share(view as ArrayBufferView<SharedArrayBuffer>) }) as { view: ArrayBufferView }
    expect(arrived.view.constructor.name).toBe(name)
    expect([arrived.view.byteOffset, arrived.view.byteLength]).toEqual([view.byteOffset, view.byteLength])
    expect(arrived.view.buffer).toBe(view.buffer)
  })

  test('what has arrived may be sent on', () => {
    const link = createLink()
    const first = carry(link, share(new SharedArrayBuffer(8))) as SharedArrayBuffer
    expect(carry(link, { forwarded: first })).toEqual({ forwarded: first })
  })

  test('memory that was not given to share does not travel', () => {
    expect(() => carry(createLink(), { a: new SharedArrayBuffer(8) })).toThrow(
      'message cannot travel: path=a, found SharedArrayBuffer that was not given to share',
    )
  })

  test.each<[unknown, string]>([
    [new ArrayBuffer(8), 'ArrayBuffer'],
    [new Uint8Array(8), 'Uint8Array of ArrayBuffer'],
    ['text', 'string'],
    [null, 'null'],
    [undefined, 'undefined'],
    [{}, 'Object'],
  ])('%o cannot be shared', (data, found) => {
    expect(() => share(data as never)).toThrow(expect.objectContaining({ code: 'ERR_SHARE' }))
    expect(() => share(data as never)).toThrow(`found ${found}, expected a SharedArrayBuffer`)
  })
})

describe('transfer', () => {
  test('moves the memory: detached here, whole there', () => {
    const buffer = new ArrayBuffer(LARGE)
    new Uint8Array(buffer)[5] = 9
    expect(transfer(buffer)).toBe(buffer)
    const arrived = carry(createLink(), { buffer }) as { buffer: ArrayBuffer }
    expect(buffer.detached).toBe(true)
    expect(arrived.buffer.byteLength).toBe(LARGE)
    expect(new Uint8Array(arrived.buffer)[5]).toBe(9)
  })

  test('a view moves its whole buffer, and arrives as the same part of it', () => {
    const view = new Uint16Array(new ArrayBuffer(LARGE), 32, 100)
    view[0] = 513
    const arrived = carry(createLink(), [transfer(view), view]) as Uint16Array[]
    expect(view.buffer.detached).toBe(true)
    expect(arrived[0]?.byteOffset).toBe(32)
    expect(arrived[0]?.[0]).toBe(513)
    expect(arrived[1]?.buffer).toBe(arrived[0]?.buffer)
  })

  test('a small one is copied, and its sender loses it all the same', () => {
    const link = createLink()
    const small = transfer(new Uint8Array([1, 2, 3]))
    const arrived = carry(link, { small })
    expect(arrived).toEqual({ small: new Uint8Array([1, 2, 3]) })
    expect(small.buffer.detached).toBe(true)
  })

  test('nothing is moved before the message is on its way, or when it cannot be', () => {
    const link = createLink()
    const buffer = transfer(new ArrayBuffer(LARGE))
    expect(() => link.encoder.encode({ buffer, bad: () => {} })).toThrow('path=bad')
    link.encoder.encode({ buffer })
    expect(buffer.detached).toBe(false)
    link.encoder.parcel?.seize()
    expect(buffer.detached).toBe(true)
  })

  test('of what its owner keeps nothing is moved, large or small; what is shared is shared', () => {
    const link = createLink()
    const value = {
      large: transfer(new ArrayBuffer(LARGE)),
      small: transfer(new Uint8Array([1, 2, 3])),
      shared: share(new SharedArrayBuffer(8)),
    }
    const kept = Buffer.from(link.encoder.encodeKept(value))
    const { layout, parcel } = link.encoder
    parcel?.seize()
    const arrived = link.decoder.decode(kept, 0, kept.length, layout, parcel?.buffers) as typeof value
    expect(arrived).toEqual(value)
    expect(arrived.shared).toBe(value.shared)
    expect([value.large.detached, value.small.buffer.detached]).toEqual([false, false])
    carry(link, value)
    expect([value.large.detached, value.small.buffer.detached]).toEqual([true, true])
  })

  test('of what others may hold a copy goes beside the bytes, unless it is moved', () => {
    const link = createLink()
    const held = new Uint8Array(2 * LARGE).fill(7)
    const moved = transfer(new Uint8Array(LARGE).fill(8))
    const value = { held, part: held.subarray(3, 5), moved, plain: new Uint8Array(LARGE).fill(9) }
    const bytes = Buffer.from(link.encoder.encodeBeside(value, [held.buffer, moved.buffer]))
    const { layout, parcel } = link.encoder
    expect(bytes.length).toBeLessThan(LARGE + 200)
    parcel?.seize()
    const arrived = link.decoder.decode(bytes, 0, bytes.length, layout, parcel?.buffers) as typeof value
    expect([arrived.held.length, arrived.held[0], arrived.moved[0], arrived.plain[0]]).toEqual([2 * LARGE, 7, 8, 9])
    expect(arrived.part.buffer).toBe(arrived.held.buffer)
    expect([held.length, moved.length]).toEqual([2 * LARGE, 0])
    carry(link, { held })
    expect(link.encoder.parcel).toBeUndefined()
  })

  test('what has been moved cannot be sent or moved again', () => {
    const link = createLink()
    const buffer = transfer(new ArrayBuffer(LARGE))
    carry(link, buffer)
    expect(() => carry(link, { buffer })).toThrow('path=buffer, found detached ArrayBuffer')
    expect(() => transfer(buffer)).toThrow(expect.objectContaining({ code: 'ERR_TRANSFERRED' }))
  })

  test('a field whose messages are compiled otherwise', () => {
    const link = createLink()
    for (let i = 0; i < 20; i += 1) carry(link, { id: i, data: new Uint8Array(100) })
    expect(link.encoder.layout).toBeGreaterThan(0)
    for (const bytes of [100, LARGE]) {
      const data = transfer(new Uint8Array(bytes))
      expect(carry(link, { id: 1, data })).toEqual({ id: 1, data: new Uint8Array(bytes) })
      expect(data.buffer.detached).toBe(true)
    }
  })

  test('memory that the engine keeps is copied', () => {
    const { WebAssembly: Wasm } = globalThis as unknown as {
      WebAssembly: { Memory: new (size: { initial: number }) => { buffer: ArrayBuffer } }
    }
    const { buffer } = new Wasm.Memory({ initial: 1 })
    new Uint8Array(buffer)[1] = 5
    const arrived = carry(createLink(), transfer(buffer)) as ArrayBuffer
    expect(new Uint8Array(arrived)[1]).toBe(5)
    expect(buffer.detached).toBe(false)
  })

  test.each<[unknown, string]>([
    [new SharedArrayBuffer(8), 'found SharedArrayBuffer, expected an ArrayBuffer'],
    [7, 'found number'],
    [Buffer.from('a piece of the pool'), 'a Buffer in a larger one that others may use'],
  ])('%o cannot be moved', (data, part) => {
    expect(() => transfer(data as never)).toThrow(expect.objectContaining({ code: 'ERR_TRANSFER' }))
    expect(() => transfer(data as never)).toThrow(part)
  })
})

test('buffers of one message are bounded', () => {
  const many = (count: number) => Array.from({ length: count }, () => share(new SharedArrayBuffer(8)))
  expect(carry(createLink(), many(PARCEL_BUFFERS_MAX))).toHaveLength(PARCEL_BUFFERS_MAX)
  const error = `path=[${PARCEL_BUFFERS_MAX}], found more than ${PARCEL_BUFFERS_MAX} buffers that are shared or moved`
  expect(() => carry(createLink(), many(PARCEL_BUFFERS_MAX + 1))).toThrow(error)
})

test('bytes that name a buffer which did not come are not decodable', () => {
  const link = createLink()
  const record = link.encoder.encodeCopy({ a: share(new SharedArrayBuffer(8)) })
  for (const buffers of [undefined, []]) {
    expect(() => link.decoder.decode(record, 0, record.length, 0, buffers)).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_DECODABLE' }),
    )
  }
  expect(() => link.decoder.decode(record, 0, record.length, 0, [new ArrayBuffer(8)])).not.toThrow()
  const view = link.encoder.encodeCopy(share(new Float64Array(new SharedArrayBuffer(64))))
  expect(() => link.decoder.decode(view, 0, view.length, 0, [new SharedArrayBuffer(8)])).toThrow('not decodable')
})

test('what is shared or moved travels, for checks within a core', () => {
  expect(() => {
    assertTravels({ a: share(new SharedArrayBuffer(8)), b: transfer(new ArrayBuffer(8)) })
  }).not.toThrow()
})
