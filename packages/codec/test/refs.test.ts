/** D8: refs travel by core, slot and generation, through the hooks, and come out at the right host. */
import { describe, expect, test } from 'vitest'
import { assertTravels, createDecoder, createEncoder, createShapeArea, SHAPE_AREA_BYTES } from '../src/index.ts'
import { createLink } from './link.ts'

class Ref {
  readonly host: string
  readonly parts: readonly unknown[]
  readonly tell = (): void => {}
  constructor(host: string, ...parts: readonly unknown[]) {
    this.host = host
    this.parts = parts
  }
}

const isRef = (value: object): boolean => value instanceof Ref
const packRef = (value: object): { core: number; slot: number; generation: number; name?: string } => {
  const [core, slot, generation, name] = (value as Ref).parts as [number, number, number, string?]
  return name === undefined ? { core, slot, generation } : { core, slot, generation, name }
}

describe('D8 refs in messages', () => {
  test('arrive through the hook of the receiver, anywhere in a message', () => {
    const link = createLink({ isRef, packRef, unpackRef: (...parts) => new Ref('here', ...parts) })
    const ref = new Ref('there', 3, 17, -5)
    const named = new Ref('there', 0, 1, 2 ** 31 - 1, 'bank')
    for (let i = 0; i < 4; i += 1) {
      expect(link.carry({ to: ref, all: [named], by: new Map([[ref, new Set([named])]]) })).toMatchObject({
        to: { host: 'here', parts: [3, 17, -5] },
        all: [{ host: 'here', parts: [0, 1, 2 ** 31 - 1, 'bank'] }],
      })
      expect(link.carry(ref)).toMatchObject({ host: 'here', parts: [3, 17, -5] })
    }
  })

  test('bind to the decoder that reads them, also when one decodes while another does', () => {
    const area = createShapeArea(new Uint8Array(new SharedArrayBuffer(SHAPE_AREA_BYTES)))
    const encoder = createEncoder({ area, isRef, packRef })
    const record = encoder.encodeCopy([new Ref('x', 1, 1, 1), new Ref('x', 2, 2, 2)])
    const inner = createDecoder({ area, unpackRef: (core) => `inner ${core}` })
    const outer = createDecoder({ area, unpackRef: (core) => [`outer ${core}`, inner.decode(record, 0, record.length)] })
    expect(outer.decode(record, 0, record.length)).toEqual([
      ['outer 1', ['inner 1', 'inner 2']],
      ['outer 2', ['inner 1', 'inner 2']],
    ])
  })

  test('may even be decoded by the decoder that is decoding', () => {
    const area = createShapeArea(new Uint8Array(new SharedArrayBuffer(SHAPE_AREA_BYTES)))
    const encoder = createEncoder({ area, isRef, packRef })
    const plain = encoder.encodeCopy({ plain: 'x'.repeat(9000) })
    for (const filler of ['', 'y'.repeat(9000)]) {
      const record = encoder.encodeCopy([new Ref('x', 1, 1, 1), filler, 'tail'])
      const decoder = createDecoder({ area, unpackRef: () => decoder.decode(plain, 0, plain.length) })
      expect(decoder.decode(record, 0, record.length)).toEqual([{ plain: 'x'.repeat(9000) }, filler, 'tail'])
    }
  })

  test('are not decodable without a host, or when the host throws', () => {
    const link = createLink({ isRef, packRef })
    expect(() => link.carry(new Ref('x', 1, 1, 1))).toThrow(expect.objectContaining({ code: 'ERR_NOT_DECODABLE' }) as Error)
    const failing = createLink({ isRef, packRef, unpackRef: () => { throw new Error('no core') } }) // oxfmt-ignore
    expect(() => failing.carry(new Ref('x', 1, 1, 1))).toThrow(/no core/)
    expect(failing.carry({ a: 1 })).toEqual({ a: 1 })
  })

  test('out of range are not handed to the host', () => {
    const link = createLink({ isRef, packRef, unpackRef: () => 'handed out' })
    for (const parts of [
      [256, 0, 0],
      [-1, 0, 0],
      [0, 1 << 24, 0],
      [0, 0.5, 0],
      [0, 0, NaN],
      ['0', 0, 0],
    ]) {
      expect(() => link.carry(new Ref('x', ...parts))).toThrow(expect.objectContaining({ code: 'ERR_NOT_DECODABLE' }) as Error)
    }
    expect(link.carry(new Ref('x', 255, (1 << 24) - 1, 0xffff_ffff))).toBe('handed out')
  })

  test('pass the check of local sends with the same hook, and only with it', () => {
    const message = { to: new Ref('x', 1, 2, 3) }
    expect(() => assertTravels(message)).toThrow(/path=to\.tell, found function/)
    expect(assertTravels(message, isRef)).toBeUndefined()
  })
})
