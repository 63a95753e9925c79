/** Addresses: what is a tile, what is not, and how deep doubles go. */
import { describe, expect, test } from 'vitest'
import { FRACTAL_SETS, SET_NAMES, WORLD_SIDE } from '../src/fractal-sets.ts'
import { entityTag, parsePicture, pixelCentre, regionKey, TILE_PIXELS, ZOOM_MAX } from '../src/tile-address.ts'

const parse = (path: string, palette?: string): ReturnType<typeof parsePicture> => {
  const [set = '', z = '', x = '', y = ''] = path.split('/')
  return parsePicture(set, z, x, y, palette)
}

test('a tile, with the palette that is asked for or the default', () => {
  expect(parse('julia/3/7/0')).toEqual({
    kind: 'picture',
    picture: { tile: { set: 'julia', z: 3, x: 7, y: 0 }, palette: 'ember' },
  })
  expect(parse('mandelbrot/0/0/0', 'ocean')).toMatchObject({ picture: { palette: 'ocean' } })
  const last = 2 ** ZOOM_MAX - 1
  expect(parse(`tricorn/${ZOOM_MAX}/${last}/${last}`)).toMatchObject({ picture: { tile: { x: last, y: last } } })
})

test.each([
  ['nothing/0/0/0', undefined, 'nowhere', 'no such set: set="nothing"'],
  ['toString/0/0/0', undefined, 'nowhere', 'no such set'],
  ['julia/0/1/0', undefined, 'nowhere', 'outside the world: x=1, y=0, expected 0 to 0 at z=0'],
  [`julia/${ZOOM_MAX + 1}/0/0`, undefined, 'nowhere', 'too deep for doubles'],
  ['julia/-1/0/0', undefined, 'malformed', 'whole numbers: got "-1/0/0"'],
  ['julia/1.5/0/0', undefined, 'malformed', 'whole numbers'],
  ['julia/1/01/0', undefined, 'malformed', 'whole numbers'],
  ['julia/1/ 1/0', undefined, 'malformed', 'whole numbers'],
  ['julia/1e1/0/0', undefined, 'malformed', 'whole numbers'],
  [`julia/1/${'9'.repeat(400)}/0`, undefined, 'malformed', '…'],
  ['julia/0/0/0', 'pink', 'malformed', 'no such palette: palette="pink", expected ember, ocean'],
  ['julia/0/0/0', 'constructor', 'malformed', 'no such palette'],
])('%s with palette %s is %s', (path, palette, kind, detail) => {
  const parsed = parse(path, palette)
  expect(parsed.kind).toBe(kind)
  expect('detail' in parsed && parsed.detail).toContain(detail)
  expect('detail' in parsed && parsed.detail.length).toBeLessThan(200)
})

test('one region has 8 by 8 tiles of one zoom of one set', () => {
  const tile = (x: number, y: number) => ({ set: 'julia', z: 10, x, y }) as const
  expect(regionKey(tile(8, 16))).toBe(regionKey(tile(15, 23)))
  expect(new Set([tile(8, 16), tile(7, 16), tile(8, 15), tile(16, 16)].map(regionKey)).size).toBe(4)
  expect(regionKey({ ...tile(8, 16), z: 11 })).not.toBe(regionKey(tile(8, 16)))
})

test('the entity tag is one of HTTP, and tells pictures apart', () => {
  const tag = entityTag({ tile: { set: 'julia', z: 1, x: 0, y: 1 }, palette: 'ocean' })
  expect(tag).toMatch(/^"[\x21\x23-\x7E]+"$/)
  expect(tag).not.toBe(entityTag({ tile: { set: 'julia', z: 1, x: 1, y: 0 }, palette: 'ocean' }))
})

describe('the deepest zoom is the limit of doubles', () => {
  /** Centres of neighbouring pixels as exact integers of half pixels, against what doubles make of them. */
  const errors = (z: number, origin: number): number => {
    const tiles = 2 ** z
    let wrong = 0
    for (const index of [0, 1, tiles / 2 - 1, tiles / 2, tiles - 2, tiles - 1]) {
      for (let pixel = 0; pixel < TILE_PIXELS; pixel += 1) {
        const exact =
          BigInt(origin * 2 ** 54) +
          (((BigInt(index) * 512n + BigInt(pixel) * 2n + 1n) * BigInt(WORLD_SIDE)) << 54n) / 512n / BigInt(tiles)
        if (BigInt(pixelCentre(origin, z, index, pixel) * 2 ** 54) !== exact) wrong += 1
      }
    }
    return wrong
  }

  test.each(SET_NAMES)('%s: there every centre of a pixel is an exact double, one zoom deeper not', (set) => {
    const { left } = FRACTAL_SETS[set]
    expect(errors(ZOOM_MAX, left)).toBe(0)
    expect(errors(ZOOM_MAX + 1, left)).toBeGreaterThan(0)
  })
})
