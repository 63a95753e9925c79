/** What is told of the death of a core, by whom it concerns: the core's own actors, its guests, and those that the root does not know. */
import type { ActorAddress } from '@cambium/base'
import { expect, it } from 'vitest'
import type { CoreLoss } from '../src/core-settlement.ts'
import { publishLoss } from '../src/loss-news.ts'
import type { LossNewsRoot } from '../src/loss-news.ts'

const RESIDENT: ActorAddress = { core: 2, slot: 3, generation: 1 }
const HOME: ActorAddress = { core: 1, slot: 4, generation: 7 }
const PLACE: ActorAddress = { core: 2, slot: 9, generation: 5 }

const named = (name: string, address: ActorAddress) => ({ address, start: { name } }) as never
const root: LossNewsRoot = {
  roster: {
    on: (core) => (core === 2 ? [named('resident', RESIDENT)] : [named('traveller', HOME)]),
    find: ({ core, slot }) =>
      core === 1 && slot === 4 ? named('traveller', HOME) : slot === 3 ? named('resident', RESIDENT) : undefined,
  },
  moves: { guestsOn: (core) => (core === 2 ? [{ place: PLACE, home: HOME }] : []) },
}

function tell(loss: Partial<CoreLoss>) {
  const told: [string, unknown][] = []
  const events = { publish: (name: string, what: unknown) => told.push([name, what]) } as never
  publishLoss(
    events,
    { core: 2, error: { name: 'Error' } as never, inHand: [], blamed: undefined, lost: 0, mailboxes: [], ...loss },
    root,
  )
  return told
}

it('a guest is told of by its ref and its name: as blamed, with the message in hand, with what lay in its mailbox', () => {
  const [lost, ...letters] = tell({
    blamed: PLACE,
    inHand: [{ ...PLACE, type: 'add' }],
    lost: 8,
    mailboxes: [
      { slot: 3, messages: 1 },
      { slot: 9, messages: 4 },
      { slot: 11, messages: 2 },
    ],
  })
  expect(lost).toEqual([
    'core_lost',
    expect.objectContaining({
      core: 2,
      blamed: HOME,
      blamedName: 'traveller',
      inHand: [{ ...HOME, type: 'add', name: 'traveller' }],
      mailboxes: [
        { actor: RESIDENT, name: 'resident', messages: 1 },
        { actor: HOME, name: 'traveller', messages: 4 },
        { actor: { core: 2, slot: 11, generation: 0 }, name: undefined, messages: 2 },
      ],
      actors: 2,
      lost: 8,
    }),
  ])
  const letter = (reason: string, target: ActorAddress, count: number, name?: string) => [
    'dead_letter',
    { reason, target, core: 2, count, ...(name === undefined ? {} : { name }) },
  ]
  expect(letters).toEqual([
    letter('in_hand', HOME, 1, 'traveller'),
    letter('lost_with_core', HOME, 4, 'traveller'),
    letter('lost_with_core', { core: 2, slot: 11, generation: 0 }, 2),
    letter('lost_with_core', RESIDENT, 1, 'resident'),
    letter('lost_with_core', { core: 2, slot: 0, generation: 0 }, 1),
  ])
})

it('another incarnation of a slot is not taken for the guest that was there', () => {
  const other = { ...PLACE, generation: 6 }
  const [lost] = tell({ blamed: other, inHand: [{ ...other, type: undefined }] })
  expect(lost?.[1]).toMatchObject({ blamed: other, blamedName: undefined, inHand: [{ ...other, name: undefined }] })
})
