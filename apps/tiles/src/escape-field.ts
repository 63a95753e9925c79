/**
 * The escape field of a tile: for each pixel the smooth number of steps. It is the costly part of a picture, and the same for every palette.
 * It is computed row by row, so that whoever does it can stop between any two rows to look after something else.
 */
import { FRACTAL_SETS } from './fractal-sets.ts'
import { pixelCentre, stepsMax, TILE_PIXELS } from './tile-address.ts'
import type { Tile } from './tile-address.ts'

/** A field under way. */
export interface FieldWork {
  readonly tile: Tile
  readonly field: Float32Array
  /** Rows that are done. */
  rows: number
}

export function beginField(tile: Tile): FieldWork {
  return { tile, field: new Float32Array(TILE_PIXELS * TILE_PIXELS), rows: 0 }
}

/** Computes rows until the field is complete or `isEnough` says so after a row; answers whether it is complete. */
export function continueField(work: FieldWork, isEnough: () => boolean): boolean {
  const { set, z, x, y } = work.tile
  const { left, top, escape } = FRACTAL_SETS[set]
  const steps = stepsMax(z)
  while (work.rows < TILE_PIXELS) {
    const im = pixelCentre(top, z, y, work.rows)
    const start = work.rows * TILE_PIXELS
    for (let column = 0; column < TILE_PIXELS; column += 1) {
      work.field[start + column] = escape(pixelCentre(left, z, x, column), im, steps)
    }
    work.rows += 1
    if (isEnough()) break
  }
  return work.rows === TILE_PIXELS
}

/** The whole field in one go. */
export function computeField(tile: Tile): Float32Array {
  const work = beginField(tile)
  continueField(work, () => false)
  return work.field
}
