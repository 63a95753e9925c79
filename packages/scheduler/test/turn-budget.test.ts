/** A turn ends soon after its time, whether its messages are quick or slow, and looks at the clock seldom while they are quick. */
import { describe, expect, test } from 'vitest'
import { TurnBudget } from '../src/turn-budget.ts'

/** A turn of messages that take so long each: how many were done, and how often the clock was looked at. */
function turn(messageMs: (index: number) => number): { messages: number; looks: number; tookMs: number } {
  let nowMs = 0
  let looks = 0
  const budget = new TurnBudget(() => {
    looks += 1
    return nowMs
  })
  budget.begin()
  let messages = 0
  do {
    nowMs += messageMs(messages)
    messages += 1
  } while (!budget.isSpent())
  return { messages, looks, tookMs: nowMs }
}

describe('the budget of a turn (R1.15)', () => {
  test('one slow message ends it', () => {
    expect(turn(() => 40)).toEqual({ messages: 1, looks: 2, tookMs: 40 })
  })

  test('quick messages cost few looks', () => {
    const { messages, looks, tookMs } = turn(() => 0.0001)
    expect(tookMs).toBeLessThan(1.01)
    expect(messages / looks).toBeGreaterThan(25)
  })

  test('messages that become slow are noticed after 32 at most', () => {
    const { messages } = turn((index) => (index < 100 ? 0.001 : 40))
    expect(messages).toBeLessThanOrEqual(100 + 32)
  })

  test('once they are slow, each is looked at', () => {
    const { tookMs } = turn((index) => (index === 0 ? 0.1 : 0.3))
    expect(tookMs).toBeLessThan(1.5)
  })
})
