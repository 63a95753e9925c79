/** The queue of what waits: an array for every sequence of its calls, and as small as what it holds (R1.9). */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fifo } from '../src/fifo.ts'

test('is an array, for every sequence of push, shift, pop, take and extract', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.constant('push' as const) },
    { weight: 4, arbitrary: fc.constant('shift' as const) },
    { weight: 1, arbitrary: fc.constantFrom('pop' as const, 'take' as const) },
    { weight: 1, arbitrary: fc.constant('extract' as const) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), fc.integer({ min: 2, max: 5 }), (steps, modulus) => {
      const queue = new Fifo<number>()
      let model: number[] = []
      for (const [i, what] of steps.entries()) {
        if (what === 'push') {
          queue.push(i)
          model.push(i)
        } else if (what === 'shift') {
          expect(queue.shift()).toBe(model.shift())
        } else if (what === 'pop') {
          expect(queue.pop()).toBe(model.pop())
        } else if (what === 'take') {
          expect(queue.take(modulus)).toEqual(model.splice(0, modulus))
        } else if (what === 'extract') {
          // Up to the first multiple of 7, those that the modulus divides.
          const end = model.findIndex((item) => item % 7 === 0)
          const looked = end < 0 ? model : model.slice(0, end)
          const taken = looked.filter((item) => item % modulus === 0)
          expect(queue.extract((item) => (item % 7 === 0 ? 'rest' : item % modulus === 0 ? 'take' : 'keep'))).toEqual(taken)
          model = model.filter((item) => !taken.includes(item))
        }
        expect(queue.length).toBe(model.length)
        expect(queue.first).toBe(model[0])
      }
    }),
  )
})

test('that is never empty keeps no place for what went through it', () => {
  const queue = new Fifo<number>()
  let places = 0
  for (let i = 0; i < 100_000; i += 1) {
    queue.push(i)
    if (queue.length > 10) queue.shift()
    places = Math.max(places, queue.places)
  }
  expect(queue.first).toBe(100_000 - 10)
  expect(places).toBeLessThanOrEqual(10 + 1 + 64 + 1)
})
