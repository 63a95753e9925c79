/** The mailbox against an array, its growth, and the checks of its options. Policies are the dispatcher's: see the scheduler's tests. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkMailboxOptions, Mailbox, MAILBOX_CAPACITY_DEFAULT } from '../src/index.ts'

function takeAll(mailbox: Mailbox<string>): [unknown, string | undefined][] {
  const taken: [unknown, string | undefined][] = []
  while (mailbox.length > 0) {
    taken.push([mailbox.peek(), mailbox.peekAsker()])
    mailbox.shift()
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
        mailbox.shift()
      }
      for (let i = 0; i < 100; i += 1) mailbox.push(i, `asker ${i}`)
      expect(takeAll(mailbox)).toEqual(Array.from({ length: 100 }, (_, i) => [i, `asker ${i}`]))
    }
  })

  test('a handled message is let go of', () => {
    const mailbox = new Mailbox<string>()
    mailbox.push({ large: true }, 'asker')
    mailbox.shift()
    expect(mailbox.messageAt(-1)).toBeUndefined() // the place where it lay
    expect(mailbox.askerAt(-1)).toBeUndefined()
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

  test('is an array, for every sequence of push, shift and removeAt', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('push' as const), at: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('shift' as const), at: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('removeAt' as const), at: fc.nat() }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const mailbox = new Mailbox<string>()
        const model: [unknown, string][] = []
        for (const [i, { do: what, at }] of steps.entries()) {
          if (what === 'push') {
            mailbox.push(i, `asker ${i}`)
            model.push([i, `asker ${i}`])
          } else if (model.length > 0) {
            const index = what === 'shift' ? 0 : at % model.length
            if (what === 'shift') mailbox.shift()
            else mailbox.removeAt(index)
            model.splice(index, 1)
          }
          expect(mailbox.length).toBe(model.length)
          expect(model.map((_, index) => [mailbox.messageAt(index), mailbox.askerAt(index)])).toEqual(model)
        }
        expect(takeAll(mailbox)).toEqual(model)
      }),
    )
  })
})

describe('mailbox options', () => {
  test('are completed by the defaults', () => {
    expect(checkMailboxOptions({})).toEqual({ capacity: MAILBOX_CAPACITY_DEFAULT, overflow: 'backpressure' })
    expect(checkMailboxOptions({ capacity: 1, overflow: 'drop-oldest' })).toEqual({ capacity: 1, overflow: 'drop-oldest' })
  })

  test.each([
    [{ capacity: 0 }, 'mailbox.capacity'],
    [{ capacity: 1.5 }, 'mailbox.capacity'],
    [{ capacity: Infinity }, 'mailbox.capacity'],
    [{ capacity: (1 << 20) + 1 }, 'mailbox.capacity'],
    [{ capacity: '8' }, 'mailbox.capacity'],
    [{ overflow: 'drop' }, 'mailbox.overflow'],
    [{ size: 7 }, 'mailbox.size'],
    [null, 'mailbox'],
    [[], 'mailbox'],
  ])('that are wrong are named: %j', (options, option) => {
    expect(() => checkMailboxOptions(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', fields: expect.objectContaining({ option }) }),
    )
  })
})
