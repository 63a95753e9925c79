/** The words that name the running callback: what a reader sees at every instruction of the writer. */
import { expect, it } from 'vitest'
import { ActorCell } from '../src/actor-cell.ts'
import { HANDLER_WORDS, HandlerInHand, leastBudgetMs, readHandler } from '../src/handler-in-hand.ts'
import type { HandlerReading } from '../src/handler-in-hand.ts'

function cellAt(slot: number, generation: number, budgetMs: number): ActorCell {
  const cell = new ActorCell({ core: 1, slot, generation }, { name: undefined, isSupervised: true, parent: undefined } as never)
  cell.budgetMs = budgetMs
  return cell
}

/** Words that call back after each store, as a thread does that reads between any two of them. */
function watchedWords(onStore: (words: Int32Array) => void): Int32Array {
  const words = new Int32Array(HANDLER_WORDS)
  return new Proxy(words, {
    get: (target, key) => Reflect.get(target, key, target) as unknown,
    set(target, key, value) {
      const isSet = Reflect.set(target, key, value, target)
      onStore(target)
      return isSet
    },
  })
}

it('nothing runs before the first callback and after the turn', () => {
  const words = new Int32Array(HANDLER_WORDS)
  const hand = new HandlerInHand(words)
  expect(readHandler(words)).toBeUndefined()
  hand.enter(cellAt(0, 7, 0))
  expect(readHandler(words)).toEqual({ serial: 1, slot: 0, generation: 7, budgetMs: undefined })
  hand.clear()
  expect(readHandler(words)).toBeUndefined()
})

it('a callback inside another one gives way to it again', () => {
  const words = new Int32Array(HANDLER_WORDS)
  const hand = new HandlerInHand(words)
  const [outer, inner] = [cellAt(3, 1, 50), cellAt(4, 2, 0)]
  hand.enter(outer)
  hand.enter(inner)
  expect(readHandler(words)).toMatchObject({ slot: 4 })
  hand.leave(outer)
  expect(readHandler(words)).toMatchObject({ slot: 3, generation: 1, budgetMs: 50 })
  hand.leave(undefined)
  expect(readHandler(words)).toBeUndefined()
})

it('whatever mixture of two callbacks a reader sees, it does not see it twice with the serial of a third look', () => {
  const seen: (HandlerReading | undefined)[] = []
  const hand = new HandlerInHand(watchedWords((words) => seen.push(readHandler(words))))
  const [a, b] = [cellAt(1, 10, 20), cellAt(2, 11, 0)]
  hand.enter(a)
  hand.enter(b)
  hand.enter(a)
  hand.clear()
  const whole = [
    { slot: 1, generation: 10, budgetMs: 20 },
    { slot: 2, generation: 11, budgetMs: undefined },
  ]
  // Torn readings exist, each only until the store that counts the serial up.
  const torn = seen.filter(
    (reading) =>
      reading !== undefined && !whole.some((one) => one.slot === reading.slot && one.generation === reading.generation),
  )
  for (const reading of torn) {
    const at = seen.indexOf(reading)
    const settled = seen.slice(at + 1).find((later) => later?.serial !== reading?.serial)
    expect(settled).toMatchObject(whole.find(({ slot }) => slot === settled?.slot) as object)
  }
  expect(new Set(seen.map((reading) => reading?.serial)).size).toBeGreaterThanOrEqual(3)
  expect(seen.at(-1)).toBeUndefined()
})

it('the least budget of the actors that start is known', () => {
  const words = new Int32Array(HANDLER_WORDS)
  const hand = new HandlerInHand(words)
  expect(leastBudgetMs(words)).toBeUndefined()
  for (const budgetMs of [0, 500, 40, 100]) hand.expect(budgetMs)
  expect(leastBudgetMs(words)).toBe(40)
})
