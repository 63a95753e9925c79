/** Pictures: against the plain renderer, pixel by pixel, and against what this version of the renderer has always drawn. */
import { decode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { computeField } from '../src/escape-field.ts'
import { PALETTE_ENTRIES, PALETTE_NAMES, PALETTES } from '../src/palettes.ts'
import { RENDERER_VERSION } from '../src/tile-address.ts'
import { colourField, encodePicture } from '../src/tile-image.ts'
import { checksumOf, plainChecksum } from './plain-renderer.ts'

/** Count {@link RENDERER_VERSION} up, and put new sums here, when pictures become others: clients keep them by that version. */
const CHECKSUMS = { version: 1, sums: [['mandelbrot', 2, 1, 1, 0], ['julia', 4, 6, 9, 0], ['burning-ship', 0, 0, 0, 0], ['multibrot', 5, 20, 9, 0]] } as const // prettier-ignore

test.each(CHECKSUMS.sums)('%s/%i/%i/%i has the pixels of the plain renderer', (set, z, x, y) => {
  const png = encodePicture(computeField({ set, z, x, y }), 'ember')
  expect(checksumOf(png)).toBe(plainChecksum(set, z, x, y, 'ember'))
})

test('what this version draws stays as it is', () => {
  expect(RENDERER_VERSION).toBe(CHECKSUMS.version)
  const drawn = CHECKSUMS.sums.map(([set, z, x, y]) => checksumOf(encodePicture(computeField({ set, z, x, y }), 'ocean')))
  expect(drawn).toMatchInlineSnapshot(`
    [
      3721497830,
      3741065888,
      1131437868,
      195852346,
    ]
  `)
})

describe.each(PALETTE_NAMES)('%s', (palette) => {
  test('goes over smoothly from each entry to the next, round the circle', () => {
    const table = PALETTES[palette]
    for (let entry = 0; entry < PALETTE_ENTRIES; entry += 1) {
      for (let channel = 0; channel < 3; channel += 1) {
        const next = table[((entry + 1) % PALETTE_ENTRIES) * 3 + channel] as number
        expect(Math.abs(next - (table[entry * 3 + channel] as number))).toBeLessThanOrEqual(1)
      }
    }
  })
})

test('the inside is black, and PNG loses nothing', () => {
  const field = computeField({ set: 'mandelbrot', z: 1, x: 0, y: 0 })
  const pixels = new Uint8Array(field.length * 3).fill(77)
  colourField(field, 'violet', pixels)
  expect(decode(encodePicture(field, 'violet')).data).toEqual(pixels)
  const inside = field.findIndex((steps) => steps < 0)
  expect([...pixels.subarray(inside * 3, inside * 3 + 3)]).toEqual([0, 0, 0])
})
