/**
 * The sets that can be drawn: for a point of the plane how soon its orbit escapes, as a smooth number, or {@link INSIDE} for a point that has not
 * escaped within the limit.
 *
 * Two short cuts change no value: the two largest parts of the Mandelbrot set are known by formula, and an orbit that comes back to exactly where it
 * was goes round for ever. Where it was is remembered anew at 8, 16, 32 … steps (Brent's way to find cycles).
 */

export interface FractalSet {
  /** The corner with the smallest coordinates of the square that zoom 0 shows. */
  readonly left: number
  readonly top: number
  /** Smooth number of steps until the orbit of the point has escaped, at least 0; or {@link INSIDE}. */
  readonly escape: (re: number, im: number, stepsMax: number) => number
}

export type SetName = 'mandelbrot' | 'julia' | 'burning-ship' | 'tricorn' | 'multibrot'

export const INSIDE = -1
/** Side of the square that zoom 0 shows, for each of the sets. */
export const WORLD_SIDE = 4
/** An orbit has escaped when it is 256 from the origin; so far out the smooth number is smooth. */
const ESCAPE_SQUARED = 65_536
const ESCAPE_LOG2 = 8
const JULIA_RE = -0.8
const JULIA_IM = 0.156

export const FRACTAL_SETS: Readonly<Record<SetName, FractalSet>> = {
  mandelbrot: { left: -2.5, top: -2, escape: mandelbrot },
  julia: { left: -2, top: -2, escape: (re, im, stepsMax) => quadratic(re, im, JULIA_RE, JULIA_IM, stepsMax) },
  'burning-ship': { left: -2.5, top: -2.5, escape: burningShip },
  tricorn: { left: -2.5, top: -2, escape: tricorn },
  multibrot: { left: -2, top: -2, escape: multibrot },
}

export const SET_NAMES: readonly SetName[] = Object.keys(FRACTAL_SETS) as SetName[]

function mandelbrot(re: number, im: number, stepsMax: number): number {
  const imSquared = im * im
  const q = (re - 0.25) * (re - 0.25) + imSquared
  // The cardioid and the disc left of it, without their edges, where rounding might say otherwise.
  if (q * (q + (re - 0.25)) < 0.249_999 * imSquared || (re + 1) * (re + 1) + imSquared < 0.062_499) return INSIDE
  return quadratic(0, 0, re, im, stepsMax)
}

/** z → z² + c from a given z. */
function quadratic(startRe: number, startIm: number, re: number, im: number, stepsMax: number): number {
  let x = startRe
  let y = startIm
  let xx = x * x
  let yy = y * y
  let oldX = x
  let oldY = y
  let rememberAt = 8
  for (let step = 0; step < stepsMax; step += 1) {
    y = 2 * x * y + im
    x = xx - yy + re
    xx = x * x
    yy = y * y
    if (xx + yy > ESCAPE_SQUARED) return smooth(step, xx + yy, 1)
    if (x === oldX && y === oldY) return INSIDE
    if (step === rememberAt) {
      oldX = x
      oldY = y
      rememberAt *= 2
    }
  }
  return INSIDE
}

/** z → (|Re z| + i |Im z|)² + c */
function burningShip(re: number, im: number, stepsMax: number): number {
  let x = 0
  let y = 0
  let xx = 0
  let yy = 0
  let oldX = 0
  let oldY = 0
  let rememberAt = 8
  for (let step = 0; step < stepsMax; step += 1) {
    y = Math.abs(2 * x * y) + im
    x = xx - yy + re
    xx = x * x
    yy = y * y
    if (xx + yy > ESCAPE_SQUARED) return smooth(step, xx + yy, 1)
    if (x === oldX && y === oldY) return INSIDE
    if (step === rememberAt) {
      oldX = x
      oldY = y
      rememberAt *= 2
    }
  }
  return INSIDE
}

/** z → conj(z)² + c */
function tricorn(re: number, im: number, stepsMax: number): number {
  let x = 0
  let y = 0
  let xx = 0
  let yy = 0
  let oldX = 0
  let oldY = 0
  let rememberAt = 8
  for (let step = 0; step < stepsMax; step += 1) {
    y = -2 * x * y + im
    x = xx - yy + re
    xx = x * x
    yy = y * y
    if (xx + yy > ESCAPE_SQUARED) return smooth(step, xx + yy, 1)
    if (x === oldX && y === oldY) return INSIDE
    if (step === rememberAt) {
      oldX = x
      oldY = y
      rememberAt *= 2
    }
  }
  return INSIDE
}

/** z → z³ + c */
function multibrot(re: number, im: number, stepsMax: number): number {
  let x = 0
  let y = 0
  let xx = 0
  let yy = 0
  let oldX = 0
  let oldY = 0
  let rememberAt = 8
  for (let step = 0; step < stepsMax; step += 1) {
    const cubeRe = x * (xx - 3 * yy) + re
    y = y * (3 * xx - yy) + im
    x = cubeRe
    xx = x * x
    yy = y * y
    if (xx + yy > ESCAPE_SQUARED) return smooth(step, xx + yy, LOG2_OF_3)
    if (x === oldX && y === oldY) return INSIDE
    if (step === rememberAt) {
      oldX = x
      oldY = y
      rememberAt *= 2
    }
  }
  return INSIDE
}

const LOG2_OF_3: number = Math.log2(3)

/** How far beyond the circle the escaping step led, as a fraction of a step: the logarithm of the distance grows by the degree each step. */
function smooth(step: number, squared: number, log2OfDegree: number): number {
  const beyond = Math.log2(Math.log2(squared) / 2 / ESCAPE_LOG2) / log2OfDegree
  return Math.max(0, step + 1 - beyond)
}
