/** The timer wheel: against a sorted list, and the corners by name. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CallbackTimer, TimerWheel } from '../src/index.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** What the wheel promises, in a sorted list. */
class ModelTimers {
  #timers: { id: number; due: number; order: number }[] = []
  #orders = 0

  start(id: number, due: number): void {
    this.cancel(id)
    this.#orders += 1
    this.#timers.push({ id, due, order: this.#orders })
  }

  cancel(id: number): boolean {
    const before = this.#timers.length
    this.#timers = this.#timers.filter((timer) => timer.id !== id)
    return this.#timers.length < before
  }

  /** Ids by tick and order of start; a timer fires in the first whole millisecond at or after its time, and after the one in which it was started. */
  advance(now: number): number[] {
    const due = this.#timers.filter((timer) => timer.due <= Math.floor(now)).sort((a, b) => a.due - b.due || a.order - b.order)
    this.#timers = this.#timers.filter((timer) => timer.due > Math.floor(now))
    return due.map((timer) => timer.id)
  }

  get earliest(): number {
    return Math.min(...this.#timers.map((timer) => timer.due))
  }

  get size(): number {
    return this.#timers.length
  }
}

const delay = fc.oneof(
  fc.constantFrom(1, 128, 255, 256, 512, 65_280, 65_536),
  fc.integer({ min: 0, max: 10 }),
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 0, max: 70_000 }),
  fc.integer({ min: 0, max: 6 * HOUR }),
  fc.constantFrom(255, 256, 257, 65_535, 65_536, 65_537, 1 << 24),
)
const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('start' as const), id: fc.nat(12), ms: delay }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), id: fc.nat(12), ms: fc.constant(0) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), id: fc.constant(0), ms: delay }) },
)

test('start, cancel and advance agree with a sorted list, at any origin', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 120 }), fc.double({ min: 0, max: 1e12, noNaN: true }), (commands, origin) => {
      const wheel = new TimerWheel(origin)
      const model = new ModelTimers()
      const fired: number[] = []
      const timers = Array.from({ length: 13 }, (_, id) => new CallbackTimer(() => fired.push(id)))
      let now = Math.floor(origin)
      for (const { do: what, id, ms } of commands) {
        const timer = timers[id] as CallbackTimer
        if (what === 'start') {
          // At once means the next tick: never inside the tick of the start.
          wheel.start(timer, now + ms)
          model.start(id, now + Math.max(1, ms))
        } else if (what === 'cancel') expect(wheel.cancel(timer)).toBe(model.cancel(id))
        else {
          now += ms
          fired.length = 0
          const expected = model.advance(now)
          expect(wheel.advance(now)).toBe(expected.length)
          expect(fired).toEqual(expected)
        }
        expect(wheel.size).toBe(model.size)
        expect(wheel.nextDueMs()).toBeLessThanOrEqual(model.earliest)
        if (model.size === 0) expect(wheel.nextDueMs()).toBe(Infinity)
      }
    }),
    { numRuns: 300 },
  )
})

describe('a timer', () => {
  const wheelAt = (
    now = 0,
  ): { wheel: TimerWheel; fired: string[]; timer: (name: string, then?: () => void) => CallbackTimer } => {
    const fired: string[] = []
    return {
      wheel: new TimerWheel(now),
      fired,
      timer: (name, then) =>
        new CallbackTimer(() => {
          fired.push(name)
          then?.()
        }),
    }
  }

  test('never fires before its time, with fractions either', () => {
    const { wheel, fired, timer } = wheelAt(1000.9)
    wheel.start(timer('a'), 1010.5)
    wheel.advance(1010.99)
    expect(fired).toEqual([])
    wheel.advance(1011)
    expect(fired).toEqual(['a'])
  })

  test('of the same tick fires in the order of its start, at every level', () => {
    for (const due of [5, 300, 70_000, 20_000_000]) {
      const { wheel, fired, timer } = wheelAt()
      for (const name of ['a', 'b', 'c', 'd']) {
        wheel.start(timer(name), due)
        wheel.advance(due / 8)
      }
      wheel.advance(due)
      expect(fired).toEqual(['a', 'b', 'c', 'd'])
    }
  })

  test('can be cancelled by another one that fires in the same tick', () => {
    const { wheel, fired, timer } = wheelAt()
    const second = timer('second')
    let wasScheduled: boolean | undefined
    wheel.start(
      timer('first', () => (wasScheduled = wheel.cancel(second))),
      10,
    )
    wheel.start(second, 10)
    wheel.start(timer('third'), 10)
    expect(wheel.advance(10)).toBe(2)
    expect(fired).toEqual(['first', 'third'])
    expect(wasScheduled).toBe(true)
    expect(wheel.cancel(second)).toBe(false)
    expect(wheel.size).toBe(0)
  })

  test('can be moved by another one that fires in the same tick, and fires once', () => {
    const { wheel, fired, timer } = wheelAt()
    const second = timer('second')
    wheel.start(
      timer('first', () => wheel.start(second, 30)),
      10,
    )
    wheel.start(second, 10)
    wheel.advance(20)
    expect(fired).toEqual(['first'])
    wheel.advance(30)
    expect(fired).toEqual(['first', 'second'])
    expect(wheel.size).toBe(0)
  })

  test('can start itself again while it fires, in a later tick of the same advance', () => {
    const { wheel, fired, timer } = wheelAt()
    let left = 3
    const again: CallbackTimer = timer('again', () => {
      left -= 1
      if (left > 0) wheel.start(again, 0)
    })
    wheel.start(again, 10)
    expect(wheel.advance(10)).toBe(1)
    expect(wheel.size).toBe(1)
    expect(wheel.advance(12)).toBe(2)
    expect(fired).toEqual(['again', 'again', 'again'])
  })

  test('started again before it fired is moved', () => {
    const { wheel, fired, timer } = wheelAt()
    const moved = timer('moved')
    wheel.start(moved, 10)
    wheel.start(moved, 500)
    expect(wheel.size).toBe(1)
    wheel.advance(499)
    expect(fired).toEqual([])
    wheel.advance(500)
    expect(fired).toEqual(['moved'])
  })

  test('farther away than the wheel reaches fires at its time', () => {
    const { wheel, fired, timer } = wheelAt()
    wheel.start(timer('far'), 100 * DAY)
    wheel.start(timer('never'), Infinity)
    for (let day = 1; day < 100; day += 1) {
      wheel.advance(day * DAY)
      expect(wheel.nextDueMs()).toBeLessThanOrEqual(100 * DAY)
    }
    expect(fired).toEqual([])
    wheel.advance(100 * DAY)
    expect(fired).toEqual(['far'])
    expect(wheel.size).toBe(1)
  })

  test('keeps its time across moves of the origin beyond 2^30 ticks, in small steps and in one', () => {
    const dues = Array.from({ length: 200 }, (_, day) => (day + 1) * DAY + day)
    for (const steps of [1, 2, 7, 1000]) {
      const { wheel, timer } = wheelAt(17.5)
      const times: number[] = []
      let now = 0
      for (const due of dues)
        wheel.start(
          timer('', () => times.push(due)),
          due,
        )
      for (let step = 1; step <= steps; step += 1) {
        now = (201 * DAY * step) / steps
        wheel.advance(now)
        expect(times.length).toBe(dues.filter((due) => due <= now).length)
      }
      expect(times).toEqual(dues)
    }
  })

  test('that repeats by itself keeps its period through a jump of two hundred days', () => {
    const { wheel, timer } = wheelAt()
    const times: number[] = []
    const daily: CallbackTimer = timer('', () => {
      times.push(daily.due)
      wheel.start(daily, daily.due + DAY)
    })
    wheel.start(daily, DAY)
    expect(wheel.advance(200 * DAY)).toBe(200)
    expect(times).toEqual(Array.from({ length: 200 }, (_, day) => (day + 1) * DAY))
    expect(wheel.nextDueMs()).toBeLessThanOrEqual(201 * DAY)
  })
})

test('empty time is skipped, not walked: a year takes no time', () => {
  const wheel = new TimerWheel(0)
  let fired = 0
  for (let i = 0; i < 1000; i += 1) wheel.start(new CallbackTimer(() => (fired += 1)), i * 365 * 24 * 3600)
  expect(wheel.advance(365 * DAY)).toBe(1000)
  expect(fired).toBe(1000)
})
