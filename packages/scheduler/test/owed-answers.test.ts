/** Answers that are owed for later: forgotten with their asks, told of the end, bounded in number (R1.9, C-42). */
import { describe, expect, test } from 'vitest'
import { RemoteAsker } from '../src/asks.ts'
import { OWED_MAX, OwedAnswers } from '../src/owed-answers.ts'
import { handler, outcomeOf, World } from './harness.ts'

type Answer = (value: unknown) => void

/** An actor that defers every answer; `answers` gives them. */
function debtor(world: World, core: number): { ref: ReturnType<typeof world.spawn<null, string, unknown>>; answers: Answer[] } {
  const answers: Answer[] = []
  const behaviour = handler<string>((_, context) => {
    answers.push(context.deferReply())
  }, 'debtor')
  return { ref: world.spawn(core, behaviour, null), answers }
}

describe.each([
  { where: 'on one core', core: 0, left: 0 },
  { where: 'across cores', core: 1, left: 2 },
])('$where', ({ core, left }) => {
  test('asks that time out or are aborted are forgotten where their end is known; their late answers are dead letters', async () => {
    const world = new World()
    const { ref, answers } = debtor(world, core)
    const controller = new AbortController()
    const asks = [outcomeOf(ref.ask('a', { timeoutMs: 10 })), outcomeOf(ref.ask('b', { signal: controller.signal }))]
    await world.run()
    expect(world.cell(ref)?.owed?.count).toBe(2)
    controller.abort(new Error('not wanted'))
    await world.advance(20)
    expect(await Promise.all(asks)).toEqual(['ERR_ASK_TIMEOUT', controller.signal.reason])
    expect(world.cell(ref)?.owed?.count).toBe(left)
    expect(world.core(core).outstandingCount).toBe(left)
    for (const answer of answers) answer('too late')
    await world.run()
    expect(world.cell(ref)?.owed?.count).toBe(0)
    expect(world.core(core).outstandingCount).toBe(0)
    expect(world.dead()).toEqual({ late_reply: 2 })
    world.expectBalanced()
  })

  test('an answer that is given, and the end of the actor, leave nothing owed', async () => {
    const world = new World()
    const { ref, answers } = debtor(world, core)
    const asks = ['a', 'b'].map((message) => outcomeOf(ref.ask(message)))
    await world.run()
    answers[0]?.('given')
    const stopped = world.stop(ref)
    await world.run()
    await stopped
    expect(await Promise.all(asks)).toEqual(['given', 'ERR_NO_SUCH_ACTOR'])
    expect(world.core(core).outstandingCount).toBe(0)
    answers[1]?.('too late')
    await world.run()
    expect(world.dead()).toEqual({ late_reply: 1 })
    world.expectBalanced()
  })
})

test('beyond the bound the oldest are given up, and their askers are told; the youngest are still answered', () => {
  const told: number[] = []
  let outstanding = 0
  const owed = new OwedAnswers({
    replyError: (asker, error) => {
      expect(error).toMatchObject({ code: 'ERR_NO_REPLY', message: expect.stringContaining('actor=debtor') as string })
      told.push((asker as RemoteAsker).correlation)
    },
    outstanding: (change) => {
      outstanding += change
    },
  })
  const askers = Array.from({ length: OWED_MAX + 50_000 }, (_, i) => new RemoteAsker(1, i))
  let most = 0
  for (const asker of askers) {
    owed.add(asker, 'debtor')
    most = Math.max(most, owed.count)
  }
  expect(most).toBe(OWED_MAX)
  expect(told).toEqual(Array.from({ length: told.length }, (_, i) => i)) // the oldest first
  expect(told.length + owed.count).toBe(askers.length)
  expect(outstanding).toBe(owed.count)
  expect(owed.take(askers[0] as RemoteAsker)).toBe(false)
  expect(owed.take(askers.at(-1) as RemoteAsker)).toBe(true)
})
