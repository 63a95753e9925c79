/** Palettes: gradients that close in a circle, as tables of colours. */

export type PaletteName = 'ember' | 'ocean' | 'forest' | 'violet' | 'slate'

export const PALETTE_DEFAULT: PaletteName = 'ember'

/** Entries of a table; a power of two, so that a number of steps finds its entry by a mask. */
export const PALETTE_ENTRIES = 2048

/** Red, green and blue of evenly spaced points of the circle; between them colours go over linearly. */
const STOPS: Readonly<Record<PaletteName, readonly (readonly [number, number, number])[]>> = {
  ember: [[8, 6, 22], [64, 10, 60], [168, 32, 44], [240, 120, 26], [255, 226, 130], [255, 255, 240], [140, 110, 120], [40, 30, 60]],
  ocean: [[2, 8, 30], [6, 50, 110], [20, 130, 180], [130, 220, 230], [250, 255, 250], [240, 200, 120], [120, 90, 70], [20, 24, 50]],
  forest: [[6, 16, 10], [18, 70, 40], [90, 150, 50], [220, 220, 110], [255, 250, 220], [180, 120, 70], [70, 50, 40], [16, 24, 24]],
  violet: [[12, 4, 30], [70, 20, 120], [170, 60, 190], [250, 150, 200], [255, 240, 250], [150, 170, 240], [50, 70, 150], [18, 14, 60]],
  slate: [[10, 10, 12], [60, 64, 72], [130, 136, 146], [210, 214, 220], [250, 250, 250], [180, 182, 188], [96, 98, 106], [34, 34, 40]],
} // prettier-ignore

/** Red, green and blue of each entry, one after the other. */
export const PALETTES: Readonly<Record<PaletteName, Uint8Array>> = Object.fromEntries(
  Object.entries(STOPS).map(([name, stops]) => [name, tableOf(stops)]),
) as Record<PaletteName, Uint8Array>

export const PALETTE_NAMES: readonly PaletteName[] = Object.keys(STOPS) as PaletteName[]

function tableOf(stops: readonly (readonly [number, number, number])[]): Uint8Array {
  const table = new Uint8Array(PALETTE_ENTRIES * 3)
  for (let entry = 0; entry < PALETTE_ENTRIES; entry += 1) {
    const place = (entry / PALETTE_ENTRIES) * stops.length
    const index = Math.floor(place)
    const from = stops[index] as readonly number[]
    const to = stops[(index + 1) % stops.length] as readonly number[]
    for (let channel = 0; channel < 3; channel += 1) {
      const start = from[channel] as number
      table[entry * 3 + channel] = Math.round(start + ((to[channel] as number) - start) * (place - index))
    }
  }
  return table
}
