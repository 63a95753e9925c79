/** What the root remembers of actors that move, step by step: answers, deaths of cores and successors come as the test says (D8, R3.2). */
import type { ActorAddress } from '@cambium/base'
import { expect, it } from 'vitest'
import { ActorMoves } from '../src/actor-moves.ts'
import type { ActorMovesRoot } from '../src/actor-moves.ts'

type Answer = Parameters<Parameters<ActorMovesRoot['core']['requests']['send']>[3]>[0]

const HOME: ActorAddress = { core: 1, slot: 4, generation: 7 }
const SLOT = { slot: 4, generation: 7, name: undefined, mailbox: undefined }
/** A core without a thread. */
const DEAD = 3
const GONE: Answer = { type: 'stopped', request: 0, reason: { kind: 'shutdown' } }
const LOST: Answer = {
  type: 'start_failed',
  request: 0,
  error: { name: 'Error', code: 'ERR_CORE_LOST', message: 'lost' } as never,
}

function world() {
  const answers: ((answer: Answer) => void)[] = []
  const moves = new ActorMoves(
    {
      core: {
        coreCount: 4,
        sender: undefined as never, // for refs from outside only
        requestTurn() {},
        requests: {
          send(_core, _isStep, _make, done) {
            answers.push(done)
          },
        },
      },
      pool: { started() {}, thread: (core) => (core === DEAD ? undefined : {}) },
      roster: { find: () => undefined },
      now: () => 0,
    },
    () => {},
  )
  return {
    moves,
    answers,
    move: async (to: number, slot: number): Promise<void> => {
      const moved = moves.migrate(HOME, to, 1000, 'request')
      answers.shift()?.({ type: 'started', request: 0, slot, generation: 1 })
      await moved
    },
  }
}

it('an actor that nobody adopts when its home dies is ended where it is, and forgotten; others are not', async () => {
  const { moves, answers, move } = world()
  await move(2, 9)
  expect([moves.count, moves.homeAt({ core: 2, slot: 9, generation: 1 })]).toEqual([1, HOME])
  expect(moves.adopted(3, [])).toEqual([])
  expect(moves.count).toBe(1)
  expect(moves.adopted(1, [{ ...SLOT, slot: 5 }])).toEqual([{ ...SLOT, slot: 5 }])
  expect([moves.count, answers.length]).toEqual([1, 1])
  answers.shift()?.(GONE)
  expect([moves.count, moves.placeOf(HOME)]).toEqual([0, HOME])
  moves.settled(HOME, [2])
  expect(moves.count).toBe(0)
})

it('the successor of a home is told where its actor may be, until it says that it is nowhere else', async () => {
  const { moves, answers, move } = world()
  await move(2, 9)
  const failed = moves.migrate(HOME, 3, 1000, 'request')
  expect(moves.adopted(1, [SLOT])).toEqual([{ ...SLOT, hosts: [2, 3] }])
  answers.shift()?.(LOST)
  await expect(failed).rejects.toMatchObject({ code: 'ERR_CORE_LOST' })
  expect(moves.adopted(1, [SLOT])).toEqual([{ ...SLOT, hosts: [2, 3] }]) // it died before it could say so
  moves.settled(HOME, [2, 3])
  expect([moves.count, moves.placeOf(HOME)]).toEqual([0, HOME])
})

it('the answer for an actor that was forgotten with its home does not bring it back', async () => {
  const { moves, answers } = world()
  const failed = moves.migrate(HOME, 2, 1000, 'request')
  expect([moves.adopted(1, []), moves.count]).toEqual([[], 1])
  answers.shift()?.(LOST)
  await expect(failed).rejects.toMatchObject({ code: 'ERR_CORE_LOST' })
  let ended = 0
  moves.endGuest(HOME, () => {
    ended += 1
  })
  // The request may have been carried out: the core that it went to has been asked.
  expect([moves.count, answers.length, ended]).toEqual([1, 1, 0])
  answers.shift()?.(GONE)
  expect([moves.count, ended]).toEqual([0, 1])
})

it('a system that ends waits for the guests of a dead home, where they may be and where anybody is left to answer', async () => {
  const { moves, answers, move } = world()
  await move(2, 9)
  void moves.migrate(HOME, DEAD, 1000, 'request').catch(() => {})
  void moves.migrate(HOME, 0, 1000, 'request').catch(() => {})
  answers.splice(0).forEach((fail) => {
    fail(LOST)
  })
  let ended = 0
  const done = (): void => {
    ended += 1
  }
  moves.endGuest(HOME, done)
  expect([answers.length, ended, moves.count]).toEqual([1, 0, 1])
  answers.shift()?.(GONE)
  expect([ended, moves.count]).toEqual([1, 0])
  moves.endGuest(HOME, done) // it is nowhere
  expect([answers.length, ended]).toEqual([0, 2])
})
