/** The mailbox against arrays, its order of taking, its growth, and the checks of its options. Policies are the dispatcher's: see the scheduler's tests. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkMailboxOptions,
  defineActor,
  HIGH,
  LOW,
  Mailbox,
  MAILBOX_CAPACITY_DEFAULT,
  NORMAL,
  PASSES_MAX,
} from '../src/index.ts'
import { MessageQueue } from '../src/message-queue.ts'

function takeAll(mailbox: Mailbox<string>): [unknown, string | undefined][] {
  const taken: [unknown, string | undefined][] = []
  while (mailbox.length > 0) {
    taken.push([mailbox.take(), mailbox.takenAsker])
  }
  return taken
}

describe('a mailbox', () => {
  test('gives messages in order of arrival, each with its asker', () => {
    const mailbox = new Mailbox<string>()
    mailbox.push('a', undefined)
    mailbox.push('b', 'asker of b')
    mailbox.push(undefined, 'asker of undefined')
    expect(mailbox.length).toBe(3)
    expect(takeAll(mailbox)).toEqual([
      ['a', undefined],
      ['b', 'asker of b'],
      [undefined, 'asker of undefined'],
    ])
    expect(mailbox.length).toBe(0)
  })

  test('grows without losing order, wherever its head lies', () => {
    for (let head = 0; head < 20; head += 1) {
      const mailbox = new Mailbox<string>()
      for (let i = 0; i < head; i += 1) {
        mailbox.push('filler', undefined)
        mailbox.take()
      }
      for (let i = 0; i < 100; i += 1) mailbox.push(i, `asker ${i}`)
      expect(takeAll(mailbox)).toEqual(Array.from({ length: 100 }, (_, i) => [i, `asker ${i}`]))
    }
  })

  test('a handled message is let go of', () => {
    const queue = new MessageQueue<string>()
    queue.push({ large: true }, 'asker')
    queue.take()
    expect(queue.messageAt(-1)).toBeUndefined() // the place where it lay
    expect(queue.askerAt(-1)).toBeUndefined()
  })

  test('gives the memory of a flood back once it is empty, and keeps that of an everyday one (R1.9)', () => {
    const mailbox = new Mailbox<string>()
    for (let i = 0; i < MAILBOX_CAPACITY_DEFAULT; i += 1) mailbox.push(i, undefined)
    takeAll(mailbox)
    mailbox.trim()
    expect(mailbox.room).toBe(MAILBOX_CAPACITY_DEFAULT)
    for (let i = 0; i < 100_000; i += 1) mailbox.push(i, undefined)
    mailbox.trim() // not empty: nothing may be lost
    expect(mailbox.length).toBe(100_000)
    expect(mailbox.room).toBeGreaterThanOrEqual(100_000)
    takeAll(mailbox)
    mailbox.trim()
    expect(mailbox.room).toBeLessThanOrEqual(MAILBOX_CAPACITY_DEFAULT)
    for (let i = 0; i < 20; i += 1) mailbox.push(i, `asker ${i}`)
    expect(takeAll(mailbox)).toEqual(Array.from({ length: 20 }, (_, i) => [i, `asker ${i}`]))
  })

  test('is an array, for every sequence of push, unshift, take and takeAt', () => {
    const step = fc.record({
      do: fc.constantFrom('push' as const, 'push' as const, 'unshift' as const, 'take' as const, 'takeAt' as const),
      at: fc.nat(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new MessageQueue<string>()
        const model: [unknown, string][] = []
        for (const [i, { do: what, at }] of steps.entries()) {
          if (what === 'push' || what === 'unshift') {
            queue[what](i, `asker ${i}`)
            model[what]([i, `asker ${i}`])
          } else if (model.length > 0) {
            const index = what === 'take' ? 0 : at % model.length
            const message = what === 'take' ? queue.take() : queue.takeAt(index)
            expect([[message, queue.takenAsker]]).toEqual(model.splice(index, 1))
          }
          expect(queue.length).toBe(model.length)
          expect(model.map((_, index) => [queue.messageAt(index), queue.askerAt(index)])).toEqual(model)
        }
      }),
    )
  })
})

describe('priorities (D4)', () => {
  const take = (mailbox: Mailbox<string>, count = Infinity): unknown[] => {
    const taken: unknown[] = []
    while (mailbox.length > 0 && taken.length < count) taken.push(mailbox.take())
    return taken
  }

  test('what was put back comes first, then high before normal before low, each in order of arrival', () => {
    const mailbox = new Mailbox<string>()
    for (const [priority, name] of [
      [LOW, 'l'],
      [NORMAL, 'n'],
      [HIGH, 'h'],
    ] as const)
      for (const i of [1, 2]) mailbox.pushAs(priority, `${name}${i}`, undefined)
    mailbox.putBack('b2', undefined)
    mailbox.putBack('b1', undefined)
    expect([HIGH, NORMAL, LOW].map((priority) => mailbox.lengthOf(priority))).toEqual([2, 2, 2])
    expect(take(mailbox)).toEqual(['b1', 'b2', 'h1', 'h2', 'n1', 'n2', 'l1', 'l2'])
    expect(mailbox.length).toBe(0)
  })

  test('R2.7 nobody starves: the oldest of a priority is passed over so many times, and served next', () => {
    const mailbox = new Mailbox<string>()
    for (let i = 0; i < 200; i += 1) mailbox.pushAs(HIGH, 'h', undefined)
    for (let i = 0; i < 3; i += 1) mailbox.pushAs(NORMAL, `n${i}`, undefined)
    for (let i = 0; i < 3; i += 1) mailbox.pushAs(LOW, `l${i}`, undefined)
    const order = take(mailbox)
    const at = order.flatMap((each, i) => (each === 'h' ? [] : [[each, i]]))
    // Low before normal should both be due.
    expect(at.slice(0, 4)).toEqual([
      ['l0', PASSES_MAX],
      ['n0', PASSES_MAX + 1],
      ['l1', 2 * PASSES_MAX + 1],
      ['n1', 2 * PASSES_MAX + 2],
    ])
  })

  test('no message is passed over more than its limit, and each priority keeps its order, for every mix', () => {
    const step = fc.constantFrom(HIGH, HIGH, NORMAL, LOW, 0)
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
        const mailbox = new Mailbox<string>()
        const waiting = new Map([HIGH, NORMAL, LOW].map((priority) => [priority, [] as { id: number; passed: number }[]]))
        for (const [id, priority] of steps.entries()) {
          if (priority !== 0) {
            mailbox.pushAs(priority, id, String(priority))
            waiting.get(priority)?.push({ id, passed: 0 })
          } else if (mailbox.length > 0) {
            const message = mailbox.take()
            const taken = Number(mailbox.takenAsker)
            expect(waiting.get(taken)?.shift()?.id).toBe(message)
            for (const [other, [first]] of waiting) {
              if (other === taken || first === undefined) continue
              first.passed += 1
              expect(first.passed).toBeLessThanOrEqual(other === HIGH ? 2 : PASSES_MAX + 1)
            }
          }
        }
      }),
    )
  })

  test('the first that matches is taken from anywhere, and the others keep their order', () => {
    const mailbox = new Mailbox<string>()
    for (let i = 0; i < 6; i += 1) mailbox.pushAs(i % 2 === 0 ? NORMAL : HIGH, i, `asker ${i}`)
    expect(mailbox.takeFirst((message) => (message as number) > 1)).toEqual({ message: 3 }) // 1, 3 and 5 go first
    expect(mailbox.takenAsker).toBe('asker 3')
    expect(mailbox.takeFirst((message) => message === 7)).toBeUndefined()
    expect(mailbox.takeOf(NORMAL, 'newest', () => true)).toEqual({ message: 4 })
    expect(mailbox.takeOf(NORMAL, 'oldest', (asker) => asker !== 'asker 0')).toEqual({ message: 2 })
    expect(mailbox.takeOf(LOW, 'oldest', () => true)).toBeUndefined()
    expect(take(mailbox)).toEqual([1, 5, 0])
  })
})

describe('mailbox options', () => {
  test('are completed by the defaults', () => {
    const stashCapacity = 1024
    expect(checkMailboxOptions({})).toEqual({ capacity: MAILBOX_CAPACITY_DEFAULT, overflow: 'backpressure', stashCapacity })
    expect(checkMailboxOptions({ capacity: 1, overflow: 'fail' })).toEqual({ capacity: 1, overflow: 'fail', stashCapacity })
    expect(checkMailboxOptions({ overflow: 'shed-low', stashCapacity: 2 })).toEqual({
      capacity: 1000, // R0.7
      overflow: 'shed-low',
      stashCapacity: 2,
    })
  })

  test('the priority is the behaviour’s alone: a function does not travel', () => {
    const program = { init: () => null, receive: () => null }
    const priority = (): 'high' => 'high'
    expect(defineActor('test:a', 'a', program, { mailbox: { priority } }).priority).toBe(priority)
    expect(() => checkMailboxOptions({ priority } as never)).toThrow('option mailbox.priority is wrong')
    expect(() => defineActor('test:a', 'a', program, { mailbox: { priority: 'high' as never } })).toThrow(
      'option mailbox.priority is wrong: value="high", expected a function',
    )
  })

  test.each([
    [{ capacity: 0 }, 'mailbox.capacity'],
    [{ capacity: 1.5 }, 'mailbox.capacity'],
    [{ capacity: Infinity }, 'mailbox.capacity'],
    [{ capacity: (1 << 20) + 1 }, 'mailbox.capacity'],
    [{ capacity: '8' }, 'mailbox.capacity'],
    [{ overflow: 'drop' }, 'mailbox.overflow'],
    [{ stashCapacity: 0 }, 'mailbox.stashCapacity'],
    [{ size: 7 }, 'mailbox.size'],
    [null, 'mailbox'],
    [[], 'mailbox'],
  ])('that are wrong are named: %j', (options, option) => {
    expect(() => checkMailboxOptions(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', fields: expect.objectContaining({ option }) }),
    )
  })
})
