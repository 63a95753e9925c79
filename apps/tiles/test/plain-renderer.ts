/**
 * The plain renderer that the service is compared with, written to be obvious: the definitions of the sets, without short cuts, slices or actors.
 */
import { crc32 } from 'node:zlib'
import { decode } from 'fast-png'
import type { SetName } from '../src/fractal-sets.ts'
import { PALETTES } from '../src/palettes.ts'
import type { PaletteName } from '../src/palettes.ts'

const PIXELS = 256
const WORLD = 4
const CORNERS: Readonly<Record<SetName, readonly [number, number]>> = {
  mandelbrot: [-2.5, -2],
  julia: [-2, -2],
  'burning-ship': [-2.5, -2.5],
  tricorn: [-2.5, -2],
  multibrot: [-2, -2],
}

/** Smooth number of steps to the escape of the point a + bi, or -1. */
export function plainEscape(set: SetName, a: number, b: number, stepsMax: number): number {
  let x = set === 'julia' ? a : 0
  let y = set === 'julia' ? b : 0
  for (let step = 0; step < stepsMax; step += 1) {
    const [oldX, oldY] = [x, y]
    switch (set) {
      case 'mandelbrot':
        x = oldX * oldX - oldY * oldY + a
        y = 2 * oldX * oldY + b
        break
      case 'julia':
        x = oldX * oldX - oldY * oldY - 0.8
        y = 2 * oldX * oldY + 0.156
        break
      case 'burning-ship':
        x = oldX * oldX - oldY * oldY + a
        y = Math.abs(2 * oldX * oldY) + b
        break
      case 'tricorn':
        x = oldX * oldX - oldY * oldY + a
        y = -2 * oldX * oldY + b
        break
      case 'multibrot':
        x = oldX * (oldX * oldX - 3 * (oldY * oldY)) + a
        y = oldY * (3 * (oldX * oldX) - oldY * oldY) + b
    }
    const squared = x * x + y * y
    if (squared <= 256 * 256) continue
    const degree = set === 'multibrot' ? 3 : 2
    return Math.max(0, step + 1 - Math.log2(Math.log2(squared) / 2 / 8) / Math.log2(degree))
  }
  return -1
}

/** Smooth numbers of steps of all pixels, row by row. */
function plainSteps(set: SetName, z: number, x: number, y: number): Float32Array {
  const [left, top] = CORNERS[set]
  const pixel = WORLD / (PIXELS * 2 ** z)
  const coordinate = (origin: number, index: number, at: number): number => origin + (index * PIXELS + at + 0.5) * pixel
  return Float32Array.from({ length: PIXELS * PIXELS }, (_, at) =>
    plainEscape(set, coordinate(left, x, at % PIXELS), coordinate(top, y, Math.floor(at / PIXELS)), 300 + 60 * z),
  )
}

const known = new Map<string, Float32Array>()

function plainPixels(set: SetName, z: number, x: number, y: number, palette: PaletteName): Uint8Array {
  const key = `${set}/${z}/${x}/${y}`
  const field = known.get(key) ?? plainSteps(set, z, x, y)
  known.set(key, field)
  const pixels = new Uint8Array(PIXELS * PIXELS * 3)
  for (const [at, steps] of field.entries()) {
    const entry = Math.floor(Math.sqrt(steps) * 128) % 2048
    if (steps >= 0) pixels.set(PALETTES[palette].subarray(entry * 3, entry * 3 + 3), at * 3)
  }
  return pixels
}

/** Checksum of the pixels of a PNG. */
export function checksumOf(png: Uint8Array): number {
  const { width, height, channels, depth, data } = decode(png)
  if (width !== PIXELS || height !== PIXELS || channels !== 3 || depth !== 8)
    throw new Error(`not such a picture: ${width} × ${height} × ${channels} × ${depth}`)
  return crc32(data as Uint8Array)
}

export function plainChecksum(set: SetName, z: number, x: number, y: number, palette: PaletteName): number {
  return crc32(plainPixels(set, z, x, y, palette))
}
