import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AskTable, PendingAsk } from '../src/asks.ts'

const TARGET = { core: 1, slot: 0, generation: 0 }

function makeAsk(): PendingAsk {
  const nothing = (): void => {}
  return new PendingAsk(TARGET, 1000, nothing, nothing, nothing, undefined)
}

test('an ask is found by its number until it is taken, whatever others come and go', () => {
  const step = fc.tuple(fc.constantFrom('add', 'add', 'take', 'drop'), fc.nat())
  fc.assert(
    fc.property(fc.nat(63), fc.array(step, { size: 'large' }), fc.integer({ min: 0, max: 700 }), (epoch, steps, staying) => {
      const table = new AskTable(epoch)
      const model = new Map<number, PendingAsk>()
      const used = new Set<number>([0])
      const add = (): void => {
        const ask = makeAsk()
        table.add(ask)
        expect(used.has(ask.correlation)).toBe(false)
        used.add(ask.correlation)
        model.set(ask.correlation, ask)
      }
      for (let i = 0; i < staying; i += 1) add()
      for (const [kind, which] of steps) {
        const number = [...model.keys()][which % Math.max(1, model.size)]
        if (kind === 'add' || number === undefined) add()
        else {
          if (kind === 'take') expect(table.take(number)).toBe(model.get(number))
          else table.drop(model.get(number) as PendingAsk)
          model.delete(number)
          expect(table.find(number)).toBeUndefined()
          expect(table.take(number)).toBeUndefined()
        }
        expect(table.size).toBe(model.size)
      }
      for (const [number, ask] of model) expect(table.find(number)).toBe(ask)
      expect(new Set(table.all())).toEqual(new Set(model.values()))
    }),
    { numRuns: 50 },
  )
})

test('an answer to an ask of an earlier life of the core finds nobody', () => {
  const earlier = new AskTable(1)
  const ask = makeAsk()
  earlier.add(ask)
  const table = new AskTable(2)
  for (let i = 0; i < 1000; i += 1) table.add(makeAsk())
  expect(table.find(ask.correlation)).toBeUndefined()
  table.drop(ask)
  expect(table.size).toBe(1000)
})
