/** A picture from an escape field: colours by a palette, then PNG. */
import { encode } from 'fast-png'
import { PALETTE_ENTRIES, PALETTES } from './palettes.ts'
import type { PaletteName } from './palettes.ts'
import { TILE_PIXELS } from './tile-address.ts'

/** Entries of the palette for the square root of the number of steps: colours change more slowly the deeper one is. */
const ENTRIES_PER_ROOT = 128
/** The least that compresses well; more costs much time for few bytes. */
const DEFLATE_LEVEL = 3

/** Where pictures of this thread are coloured before they are encoded: one at a time, so one place will do. */
const canvas = new Uint8Array(TILE_PIXELS * TILE_PIXELS * 3)

/** Red, green and blue of each pixel, written to `pixels`. The inside of a set is black. */
export function colourField(field: Float32Array, palette: PaletteName, pixels: Uint8Array): void {
  const table = PALETTES[palette]
  for (let at = 0, to = 0; at < field.length; at += 1, to += 3) {
    const steps = field[at] as number
    if (steps < 0) {
      pixels[to] = 0
      pixels[to + 1] = 0
      pixels[to + 2] = 0
      continue
    }
    const entry = ((Math.sqrt(steps) * ENTRIES_PER_ROOT) & (PALETTE_ENTRIES - 1)) * 3
    pixels[to] = table[entry] as number
    pixels[to + 1] = table[entry + 1] as number
    pixels[to + 2] = table[entry + 2] as number
  }
}

export function encodePicture(field: Float32Array, palette: PaletteName): Uint8Array {
  colourField(field, palette, canvas)
  const picture = { width: TILE_PIXELS, height: TILE_PIXELS, data: canvas, channels: 3, depth: 8 } as const
  return encode(picture, { zlib: { level: DEFLATE_LEVEL } })
}
