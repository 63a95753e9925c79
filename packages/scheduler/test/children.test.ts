import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ActorCell } from '../src/actor-cell.ts'
import { Children } from '../src/children.ts'

test('children are listed the youngest first, whichever of them come and go', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ isBorn: fc.boolean(), which: fc.nat() }), { maxLength: 60 }), (steps) => {
      const children = new Children()
      const model: ActorCell[] = []
      for (const [slot, { isBorn, which }] of steps.entries()) {
        if (isBorn) {
          const cell = new ActorCell({ core: 1, slot, generation: 1 }, { name: undefined, owner: undefined, parent: undefined })
          children.add(cell)
          model.unshift(cell)
        } else if (model.length > 0) children.remove(model.splice(which % model.length, 1)[0] as ActorCell)
        expect(children.list().map((cell) => cell.slot)).toEqual(model.map((cell) => cell.slot))
        expect(children).toMatchObject({ size: model.length })
        expect(children.youngest?.slot).toBe(model[0]?.slot)
        model.forEach((cell, at) =>
          expect([cell.younger?.slot, cell.older?.slot]).toEqual([model[at - 1]?.slot, model[at + 1]?.slot]),
        )
      }
    }),
  )
})
