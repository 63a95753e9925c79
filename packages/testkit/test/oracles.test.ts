/** The oracles object to what they are there for. That they find it in a run is shown by the planted bugs. */
import type { ActorContext } from '@cambium/actor'
import { formatAddress } from '@cambium/base'
import type { Core } from '@cambium/scheduler'
import { describe, expect, test } from 'vitest'
import { CoreStateOracle } from '../src/oracles/core-state.ts'
import { IncarnationOracle } from '../src/oracles/incarnations.ts'
import { MailboxBounds } from '../src/oracles/mailbox-bounds.ts'
import { Journal } from '../src/workloads/journal.ts'

/** As much of a context as the oracle asks for. */
class FakeContext {
  readonly core: number
  readonly incarnation: number
  readonly name: string | undefined
  readonly self: { toString(): string; core: number; slot: number; generation: number }
  isOver = false

  constructor(slot: number, incarnation: number, name?: string) {
    const address = { core: 1, slot, generation: 7 }
    this.core = 1
    this.incarnation = incarnation
    this.name = name
    this.self = { ...address, toString: () => formatAddress(address) }
  }

  cancelTimer(): boolean {
    if (this.isOver) throw new Error('over')
    return false
  }

  get context(): ActorContext {
    return this as unknown as ActorContext
  }
}

describe('incarnations', () => {
  test('one after the other is good', () => {
    const oracle = new IncarnationOracle(() => 0)
    const [first, second] = [new FakeContext(3, 0, 'ada'), new FakeContext(3, 1, 'ada')]
    oracle.starting(first.context)
    expect(oracle.receiving(first.context, first.context)).toBe(1)
    first.isOver = true
    oracle.starting(second.context)
    expect(oracle.receiving(second.context, second.context)).toBe(2)
    expect([...oracle.names]).toEqual(['ada'])
  })

  test('two at a time', () => {
    const oracle = new IncarnationOracle(() => 0)
    oracle.starting(new FakeContext(3, 0).context)
    expect(() => {
      oracle.starting(new FakeContext(3, 1).context)
    }).toThrow('two incarnations of one actor are alive')
  })

  test('the one of a dead core is not alive', () => {
    let life = 0
    const oracle = new IncarnationOracle(() => life)
    oracle.starting(new FakeContext(3, 0).context)
    life = 1
    expect(() => {
      oracle.starting(new FakeContext(3, 1).context)
    }).not.toThrow()
  })

  test('two actors of one name', () => {
    const oracle = new IncarnationOracle(() => 0)
    oracle.starting(new FakeContext(3, 0, 'ada').context)
    expect(() => {
      oracle.starting(new FakeContext(4, 0, 'ada').context)
    }).toThrow('two actors of one name are alive')
  })

  test('an address given twice', () => {
    const oracle = new IncarnationOracle(() => 0)
    const first = new FakeContext(3, 0)
    oracle.starting(first.context)
    first.isOver = true
    expect(() => {
      oracle.starting(new FakeContext(3, 0).context)
    }).toThrow('an address was given twice')
  })

  test('a message with the state of another incarnation, and one after the end', () => {
    const oracle = new IncarnationOracle(() => 0)
    const [first, second] = [new FakeContext(3, 0), new FakeContext(3, 1)]
    oracle.starting(first.context)
    first.isOver = true
    oracle.starting(second.context)
    expect(() => oracle.receiving(first.context, second.context)).toThrow('reached the state of another incarnation')
    expect(() => oracle.receiving(first.context, first.context)).toThrow('an incarnation that is over')
  })
})

describe('the journal', () => {
  const found = (act: (journal: Journal) => void): string | undefined => {
    const journal = new Journal(1)
    act(journal)
    journal.close()
    try {
      journal.check()
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }

  test('losses are no violation, and pairs do not disturb each other', () => {
    const what = found((journal) => {
      const [a1, b1, a2] = [journal.stamp('a', 'z'), journal.stamp('b', 'z'), journal.stamp('a', 'z')]
      journal.stamp('a', 'z')
      const a4 = journal.stamp('a', 'z')
      for (const stamp of [a1, b1, a2, a4]) journal.take(stamp, 'z')
      expect(journal.aheadMax('a', 'z')).toBe(4)
    })
    expect(what).toBeUndefined()
  })

  test.each([
    ['twice', [0, 0]],
    ['late', [1, 0]],
  ])('a message that comes %s', (_, order) => {
    const what = found((journal) => {
      const stamps = [journal.stamp('a', 'z'), journal.stamp('a', 'z')]
      for (const i of order) journal.take(stamps[i] as (typeof stamps)[0], 'z')
    })
    expect(what).toContain('a message came late or twice')
  })

  test('a message that reaches another actor', () => {
    expect(
      found((journal) => {
        journal.take(journal.stamp('a', 'z'), 'y')
      }),
    ).toBe('a message reached another actor: from=a, to=z, reached=y')
  })
})

test('a counter that decreases', () => {
  const oracle = new CoreStateOracle(new MailboxBounds())
  const books = new Float64Array(32)
  const core = { coreNumber: 1, books } as unknown as Core
  books[2] = 5
  oracle.checkCounters(core)
  books[2] = 6
  oracle.checkCounters(core)
  books[2] = 4
  expect(() => {
    oracle.checkCounters(core)
  }).toThrow('a counter has decreased: core=1, lane=2, before=6, after=4')
})
