/** The sets point by point: the short cuts of the renderer change no value. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { beginField, computeField, continueField } from '../src/escape-field.ts'
import { FRACTAL_SETS, INSIDE, SET_NAMES } from '../src/fractal-sets.ts'
import { plainEscape } from './plain-renderer.ts'

describe.each(SET_NAMES)('%s', (set) => {
  const { left, top, escape } = FRACTAL_SETS[set]

  test('every point has the value of the plain definition', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 4, noNaN: true }), fc.double({ min: 0, max: 4, noNaN: true }), (re, im) => {
        expect(escape(left + re, top + im, 400)).toBe(plainEscape(set, left + re, top + im, 400))
      }),
      { numRuns: 2000 },
    )
  })

  test('points close to the edge too', () => {
    let inside = 0
    for (let i = 0; i < 1500; i += 1) {
      // A spiral through the middle of the world, where the edges are.
      const angle = i * 0.37
      const [re, im] = [left + 2 + (i / 900) * Math.cos(angle), top + 2 + (i / 900) * Math.sin(angle)]
      const value = escape(re, im, 1000)
      expect(value).toBe(plainEscape(set, re, im, 1000))
      if (value === INSIDE) inside += 1
    }
    if (set !== 'julia') expect(inside).toBeGreaterThan(10) // that one has no inside
    expect(inside).toBeLessThan(1490)
  })
})

test('a field computed in slices is the field', () => {
  const tile = { set: 'mandelbrot', z: 3, x: 2, y: 3 } as const
  const work = beginField(tile)
  let slices = 1
  while (!continueField(work, () => work.rows % 7 === 0)) slices += 1
  expect(slices).toBeGreaterThan(30)
  expect(work.field).toEqual(computeField(tile))
})
