/** What the root keeps of supervisors' children, and whom it tells of it when a core has died (D8). */
import type { ActorAddress } from '@cambium/base'
import { expect, test } from 'vitest'
import { KeptSlots } from '../src/kept-slots.ts'

const at = (core: number, slot: number, generation: number): ActorAddress => ({ core, slot, generation })

function enlist(slots: KeptSlots, { core, slot, generation }: ActorAddress, supervisor: ActorAddress, id: string): void {
  const owner = { supervisor, id, path: '', isKept: true, life: 0 }
  slots.enlist(core, { slot, generation, name: undefined, mailbox: undefined, owner })
}

test('D8 the children of a supervisor that comes back wait, those of the one that had its slot before are released', () => {
  const slots = new KeptSlots()
  const [before, now] = [at(1, 0, 1), at(1, 0, 2)]
  enlist(slots, at(3, 0, 7), before, 'a')
  enlist(slots, at(3, 1, 8), now, 'a')
  const { adopted, kept, orphans, news } = slots.lost(1, ({ generation }) => generation === now.generation)
  expect(orphans).toEqual([at(3, 0, 7)])
  expect(kept).toEqual([{ type: 'kept', slot: 0, generation: 2, children: [{ id: 'a', address: at(3, 1, 8) }] }])
  expect([adopted, news]).toEqual([[], []])
})

test('D8 supervisors elsewhere are told of the slots that are adopted for them, each of its own', () => {
  const slots = new KeptSlots()
  const [before, now] = [at(2, 0, 1), at(2, 0, 2)]
  enlist(slots, at(1, 0, 7), before, 'a')
  enlist(slots, at(1, 1, 8), now, 'a')
  const { adopted, news } = slots.lost(1, () => false)
  expect(adopted.map(({ slot }) => slot)).toEqual([0, 1])
  expect(news).toEqual([
    { type: 'adopted', supervisor: before, addresses: [at(1, 0, 7)] },
    { type: 'adopted', supervisor: now, addresses: [at(1, 1, 8)] },
  ])
})
