/** A picture from an escape field: colours by a palette, then PNG. */
import { encode } from 'fast-png'
import { PALETTE_ENTRIES, PALETTES } from './palettes.ts'
import type { PaletteName } from './palettes.ts'
import { TILE_PIXELS } from './tile-address.ts'

/** Entries of the palette for the square root of the number of steps: colours change more slowly the deeper one is. */
const ENTRIES_PER_ROOT = 128
/** The least that compresses well; more costs much time for few bytes. */
const DEFLATE_LEVEL = 3

/** Red, green and blue of each pixel. The inside of a set is black. */
export function colourField(field: Float32Array, palette: PaletteName): Uint8Array {
  const table = PALETTES[palette]
  const pixels = new Uint8Array(field.length * 3)
  for (let at = 0; at < field.length; at += 1) {
    const steps = field[at] as number
    if (steps < 0) continue
    const entry = ((Math.sqrt(steps) * ENTRIES_PER_ROOT) & (PALETTE_ENTRIES - 1)) * 3
    pixels[at * 3] = table[entry] as number
    pixels[at * 3 + 1] = table[entry + 1] as number
    pixels[at * 3 + 2] = table[entry + 2] as number
  }
  return pixels
}

export function encodePicture(field: Float32Array, palette: PaletteName): Uint8Array {
  const data = colourField(field, palette)
  return encode({ width: TILE_PIXELS, height: TILE_PIXELS, data, channels: 3, depth: 8 }, { zlib: { level: DEFLATE_LEVEL } })
}
