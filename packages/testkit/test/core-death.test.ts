/** A death inside a turn: nothing that comes after its point reaches shared memory, whoever catches what. */
import { expect, test } from 'vitest'
import { CoreDeath, DeathWatch } from '../src/core-death.ts'

test('puts the memory back to the point of death, though the turn went on', () => {
  const memory = new SharedArrayBuffer(16)
  const words = new Int32Array(memory)
  const watch = new DeathWatch()
  watch.arm(memory, 2)
  words[0] = 1
  watch.point()
  words[1] = 2
  expect(() => {
    watch.point()
  }).toThrow(CoreDeath)
  expect(watch.isDying).toBe(true)
  words[2] = 3
  expect(() => {
    watch.point()
  }).toThrow(CoreDeath)
  expect(watch.settle()).toBe(true)
  expect([...words]).toEqual([1, 2, 0, 0])
  expect(watch.isDying).toBe(false)
})

test('a turn with fewer points survives, and so does the next', () => {
  const watch = new DeathWatch()
  watch.arm(new SharedArrayBuffer(8), 3)
  watch.point()
  watch.point()
  expect(watch.settle()).toBe(false)
  expect(() => {
    watch.point()
  }).not.toThrow()
})

test('a death in the codec comes at its own point, and leaves the memory as it is in the middle', () => {
  const memory = new SharedArrayBuffer(8)
  const words = new Int32Array(memory)
  const watch = new DeathWatch()
  watch.arm(memory, 0, 2)
  for (let i = 0; i < 10; i += 1) watch.point()
  words[0] = 1
  watch.codecPoint(() => {
    words[0] = 7
  })
  words[1] = 2
  expect(() => {
    watch.codecPoint(() => {
      words[1] = 9
    })
  }).toThrow(CoreDeath)
  words[0] = 3
  expect(watch.settle()).toBe(true)
  expect([...words]).toEqual([1, 9])
})

test('points of the codec are points like any other', () => {
  const watch = new DeathWatch()
  watch.arm(new SharedArrayBuffer(8), 3)
  watch.point()
  watch.codecPoint()
  expect(() => {
    watch.codecPoint()
  }).toThrow(CoreDeath)
  expect(watch.settle()).toBe(true)
})
