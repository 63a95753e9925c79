/** Slots and generations: no name is given twice, by a successor neither (D8). */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ActorCell } from '../src/actor-cell.ts'
import { OWNED_BY_ROOT } from '../src/ownership.ts'
import { SlotTable } from '../src/slot-table.ts'

function take(table: SlotTable): ActorCell {
  const { slot, generation } = table.reserve()
  const cell = new ActorCell({ core: 1, slot, generation }, { name: undefined, owner: OWNED_BY_ROOT, parent: undefined })
  table.put(cell)
  return cell
}

const memory = (): Int32Array => new Int32Array(new SharedArrayBuffer(4))

test('slots are used again, generations never', () => {
  const table = new SlotTable(memory())
  const first = take(table)
  table.free(first)
  const second = take(table)
  expect(second.slot).toBe(first.slot)
  expect(second.generation).not.toBe(first.generation)
  expect(table.find(first.slot, first.generation)).toBeUndefined()
  expect(table.find(second.slot, second.generation)).toBe(second)
  expect(table.count).toBe(1)
})

test('a successor goes on with the generations, and takes no slot that it has adopted', () => {
  const generation = memory()
  const old = new SlotTable(generation)
  const cells = Array.from({ length: 5 }, () => take(old))
  const table = new SlotTable(generation)
  const adopted = [cells[3], cells[1]] as ActorCell[]
  for (const cell of adopted) table.put(cell)
  const fresh = Array.from({ length: 6 }, () => take(table))
  const all = [...adopted, ...fresh]
  expect(new Set(all.map((cell) => cell.slot)).size).toBe(8)
  const seen = new Set(cells.map((cell) => cell.generation))
  expect(fresh.filter((cell) => seen.has(cell.generation))).toEqual([])
  expect(table.count).toBe(8)
})

test('the generation wraps behind 2^32 starts without an error', () => {
  const generation = memory()
  generation[0] = 2 ** 31 - 1
  const table = new SlotTable(generation)
  expect(take(table).generation).toBe(-(2 ** 31))
})

test('whatever is started, stopped and adopted: one cell a slot, one name a cell', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const), at: fc.nat(30) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('free' as const), at: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('adopt' as const), at: fc.nat(30) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const table = new SlotTable(memory())
      const live: ActorCell[] = []
      const names = new Set<string>()
      for (const { do: what, at } of steps) {
        if (what === 'free' && live.length > 0) table.free(live.splice(at % live.length, 1)[0] as ActorCell)
        else if (what === 'take') {
          const cell = take(table)
          expect(names.has(`${cell.slot}/${cell.generation}`)).toBe(false)
          names.add(`${cell.slot}/${cell.generation}`)
          live.push(cell)
        } else if (what === 'adopt' && table.cells[at] === undefined) {
          const cell = new ActorCell(
            { core: 1, slot: at, generation: -1 - names.size },
            { name: undefined, owner: OWNED_BY_ROOT, parent: undefined },
          )
          names.add(`${cell.slot}/${cell.generation}`)
          table.put(cell)
          live.push(cell)
        }
        expect(table.count).toBe(live.length)
        for (const cell of live) expect(table.find(cell.slot, cell.generation)).toBe(cell)
      }
    }),
  )
})
