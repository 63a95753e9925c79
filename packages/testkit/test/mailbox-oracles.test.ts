/** What the oracles object to in mailboxes: order by priority, drops, bounds. That they find it in a run is shown by the planted bugs. */
import { HIGH, LOW, Mailbox, NORMAL, PASSES_MAX, UNSET } from '@cambium/actor'
import type { OverflowPolicy } from '@cambium/actor'
import { describe, expect, test } from 'vitest'
import { Marked } from '../src/marked.ts'
import { MailboxBounds } from '../src/oracles/mailbox-bounds.ts'
import type { Cell } from '../src/oracles/mailbox-content.ts'
import { MailboxDrops } from '../src/oracles/mailbox-drops.ts'
import { MessageOrder } from '../src/oracles/message-order.ts'
import { PriorityOrder } from '../src/oracles/priority-order.ts'

const [ada, bob] = [
  { core: 1, slot: 2, generation: 3 },
  { core: 2, slot: 4, generation: 5 },
]
const order = new MessageOrder()
const message = (priority: number): Marked => new Marked(order.sent(1, ada, bob, priority), 'text', priority)

/** A mailbox that is watched, and what was found in it. */
function watched(mailbox: Mailbox<never> = new Mailbox()): {
  readonly mailbox: Mailbox<never>
  readonly put: (...priorities: number[]) => void
  readonly found: string[]
} {
  const found: string[] = []
  new PriorityOrder().watch(mailbox, (error) => found.push(error.message))
  return {
    mailbox,
    put(...priorities) {
      for (const priority of priorities) mailbox.pushAs(priority, message(priority), undefined)
    },
    found,
  }
}

describe('order by priority', () => {
  test('a mailbox keeps it, and lets none wait for ever', () => {
    const { mailbox, put, found } = watched()
    put(LOW, NORMAL, NORMAL, LOW)
    for (let i = 0; i < 4 * PASSES_MAX; i += 1) {
      put(HIGH)
      mailbox.take()
    }
    while (mailbox.length > 0) mailbox.take()
    expect(found).toEqual([])
  })

  test('one of lower priority first', () => {
    const { mailbox, found } = watched()
    mailbox.pushAs(LOW, message(HIGH), undefined)
    mailbox.pushAs(HIGH, message(LOW), undefined)
    mailbox.take()
    expect(found).toEqual([
      expect.stringMatching(
        /^a message was taken before one of higher priority: actor=core-2\/4#5, number=\d+, taken=low, waiting=high$/,
      ),
    ])
  })

  test('one that is passed over for ever', () => {
    const starving = new Mailbox<never>()
    starving.take = () => starving.takeFirst(() => true)?.message
    const { put, mailbox, found } = watched(starving)
    put(LOW)
    for (let i = 0; i < PASSES_MAX; i += 1) {
      put(NORMAL)
      mailbox.take()
    }
    expect(found).toEqual([])
    put(NORMAL)
    mailbox.take()
    expect(found).toEqual([
      expect.stringMatching(/^a priority was passed over too often: actor=core-2\/4#5, number=\d+, taken=normal, waiting=low$/),
    ])
  })

  test('what is put back comes first, whatever its priority', () => {
    const { mailbox, put, found } = watched()
    const taken = message(LOW)
    taken.isTaken = true
    put(HIGH)
    mailbox.putBack(taken, undefined)
    expect([mailbox.take(), mailbox.length]).toEqual([taken, 1])
    expect(found).toEqual([])
  })
})

describe('what a policy drops', () => {
  const CAPACITY = 2
  /** Puts a message into a mailbox with such messages in it; `enter` is what the mailbox does with it. */
  const found = (
    overflow: OverflowPolicy,
    held: readonly number[],
    priority: number,
    enter: (at: { readonly mailbox: Mailbox<never>; readonly come: Marked; readonly drop: (dropped: unknown) => void }) => void,
  ): string | undefined => {
    const mailbox = new Mailbox<never>()
    const cell = { capacity: CAPACITY, overflow, label: 'ada', mailbox } as unknown as Cell
    const drops = new MailboxDrops()
    const put = (each: Marked): void => {
      drops.entering(cell, each)
      mailbox.pushAs(each.priority, each, undefined)
      drops.entered(cell)
    }
    for (const each of held) put(message(each))
    const come = message(priority)
    try {
      drops.entering(cell, come)
      enter({
        mailbox,
        come,
        drop: (dropped) => {
          drops.dropping(cell, dropped, overflow === 'shed-low' ? 'shed' : 'overflow')
        },
      })
      drops.entered(cell)
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }
  /** Drops one of what is held for the message that comes. */
  const dropOf = (of: number, which: 'oldest' | 'newest') => (at: Parameters<Parameters<typeof found>[3]>[0]) => {
    at.drop(at.mailbox.takeOf(of, which, () => true)?.message)
    at.mailbox.pushAs(at.come.priority, at.come, undefined)
  }
  const refuse = ({ come, drop }: Parameters<Parameters<typeof found>[3]>[0]): void => {
    drop(come)
  }
  const accept = ({ mailbox, come }: Parameters<Parameters<typeof found>[3]>[0]): void => {
    mailbox.pushAs(come.priority, come, undefined)
  }

  test.each([
    ['drop-newest', [NORMAL, NORMAL], NORMAL, refuse],
    ['drop-newest', [NORMAL, LOW], NORMAL, dropOf(LOW, 'newest')],
    ['drop-oldest', [NORMAL, NORMAL], NORMAL, dropOf(NORMAL, 'oldest')],
    ['drop-oldest', [NORMAL, LOW], HIGH, dropOf(LOW, 'oldest')],
    ['shed-low', [NORMAL, LOW], NORMAL, dropOf(LOW, 'oldest')],
    ['shed-low', [NORMAL, LOW], LOW, refuse],
    ['shed-low', [NORMAL, HIGH], NORMAL, accept], // was under way
    ['fail', [NORMAL, LOW], HIGH, refuse],
    ['fail', [NORMAL], HIGH, accept],
    ['backpressure', [NORMAL, NORMAL], NORMAL, accept],
  ] as const)('%s keeps its promise: %j, %i', (overflow, held, priority, enter) => {
    expect(found(overflow, held, priority, enter)).toBeUndefined()
  })

  test.each([
    ['backpressure', [NORMAL, NORMAL], NORMAL, refuse, 'a mailbox dropped a message that its policy is to hold back'],
    ['drop-newest', [NORMAL], NORMAL, refuse, 'a mailbox that is not full dropped a message'],
    ['drop-newest', [NORMAL, LOW], NORMAL, refuse, 'a mailbox dropped a message while it had one of lower priority'],
    ['drop-newest', [NORMAL, NORMAL], NORMAL, dropOf(NORMAL, 'oldest'), 'a mailbox dropped another message than the newest'],
    ['drop-oldest', [NORMAL, NORMAL], NORMAL, refuse, 'a mailbox dropped another message than the oldest'],
    ['drop-oldest', [HIGH, LOW], LOW, dropOf(HIGH, 'oldest'), 'a mailbox dropped a message while it had one of lower priority'],
    ['drop-oldest', [NORMAL, NORMAL], NORMAL, accept, 'a full mailbox took a message'],
    ['shed-low', [HIGH, LOW], NORMAL, dropOf(HIGH, 'oldest'), 'a mailbox dropped a message that its policy is to keep'],
    ['shed-low', [HIGH, LOW], NORMAL, accept, 'a full mailbox took a message that its policy is to drop, or to make room for'],
    ['shed-low', [HIGH, HIGH], LOW, accept, 'a full mailbox took a message'],
    ['fail', [NORMAL, LOW], HIGH, accept, 'a full mailbox took a message'],
    ['fail', [NORMAL, LOW], HIGH, dropOf(LOW, 'oldest'), 'a mailbox dropped what it had accepted'],
  ] as const)('%s does not: %j, %i', (overflow, held, priority, enter, what) => {
    expect(found(overflow, held, priority, enter)).toContain(what)
  })
})

describe('a full mailbox', () => {
  const cellOf = (length: number, overflow = 'backpressure') =>
    ({ capacity: 3, overflow, status: 1, label: 'ada', stashCapacity: 0, mailbox: { length } }) as never

  test('takes what was under way, and what its own actor sends, and nothing sent later', () => {
    const bounds = new MailboxBounds()
    const cell = cellOf(2) as { mailbox: { length: number } }
    bounds.arriving(cell as never, 1, false, UNSET, 4)
    cell.mailbox.length = 3
    bounds.arriving(cell as never, 4, false, UNSET, 9)
    bounds.arriving(cell as never, 9, true, UNSET, 9)
    bounds.arriving(cell as never, 9, false, HIGH, 9)
    expect(() => {
      bounds.arriving(cell as never, 5, false, UNSET, 9)
    }).toThrow('a mailbox that was full took a message that was sent after that: actor=ada, messages=3, capacity=3')
  })

  test('that sheds holds back as well, once nothing in it gives way', () => {
    const bounds = new MailboxBounds()
    const mailbox = new Mailbox<never>()
    const cell = { capacity: 2, overflow: 'shed-low', status: 1, label: 'ada', stashCapacity: 0, mailbox } as unknown as Cell
    for (const priority of [LOW, NORMAL]) mailbox.pushAs(priority, message(priority), undefined)
    bounds.arriving(cell, 5, false, UNSET, 9)
    bounds.arriving(cell, 9, false, UNSET, 9)
    mailbox.takeOf(LOW, 'oldest', () => true)
    mailbox.pushAs(NORMAL, message(NORMAL), undefined)
    bounds.arriving(cell, 9, false, UNSET, 9) // was under way
    bounds.arriving(cell, 10, false, LOW, 10) // will be dropped
    bounds.arriving(cell, 10, false, UNSET, 10)
    expect(() => {
      bounds.arriving(cell, 11, false, UNSET, 11)
    }).toThrow('a mailbox that was full took a message that was sent after that: actor=ada, messages=2, capacity=2')
  })

  test('that drops keeps its capacity', () => {
    const bounds = new MailboxBounds()
    bounds.check(cellOf(0, 'drop-oldest'), 3)
    expect(() => {
      bounds.check(cellOf(0, 'drop-oldest'), 4)
    }).toThrow('a mailbox is over its bound: actor=ada, messages=4, capacity=3, overflow=drop-oldest')
  })
})
