/** Wait strategies: each ends at once with work, ends in time without, and shows its peers the right bell meanwhile. */
import { describe, expect, test } from 'vitest'
import {
  adaptive,
  backoff,
  BELL_BUSY,
  BELL_IDLE,
  BELL_PARKED,
  blocking,
  busySpin,
  createDoorbell,
  yielding,
} from '../src/index.ts'
import type { ClockOptions, Doorbell, WaitStrategy } from '../src/index.ts'

const factories: Record<string, (bell: Doorbell, options: ClockOptions) => WaitStrategy> = {
  busySpin: (_bell, options) => busySpin(options),
  yielding: (_bell, options) => yielding(options),
  backoff: (_bell, options) => backoff(options),
  blocking,
  adaptive,
}
const CLOCK: ClockOptions = { now: () => performance.now() }
const makeBell = (): Doorbell => createDoorbell(new Int32Array(new SharedArrayBuffer(4)))

describe.each(Object.entries(factories))('%s', (name, make) => {
  test('carries its name; returns at once when there is work, even with no time', () => {
    const strategy = make(makeBell(), CLOCK)
    expect(strategy.name).toBe(name)
    expect([strategy.waitFor(() => true, 0), strategy.waitFor(() => true, Infinity)]).toEqual([true, true])
  })

  test('R2.2 without work it ends when its time is up, not before, and leaves the bell busy', () => {
    const bell = makeBell()
    const strategy = make(bell, CLOCK)
    const begin = performance.now()
    expect(strategy.waitFor(() => false, 5)).toBe(false)
    expect(performance.now() - begin).toBeGreaterThanOrEqual(5)
    expect(bell.state).toBe(BELL_BUSY)
  })

  test('finds work that comes while it waits', () => {
    const bell = makeBell()
    let looks = 0
    expect(make(bell, CLOCK).waitFor(() => ++looks > 3 || (bell.ring() && false), Infinity)).toBe(true)
    expect(bell.state).toBe(BELL_BUSY)
  })

  test('without a clock it is refused, naming the option', () => {
    for (const options of [undefined, {}, { now: 5 }]) {
      const wrong = options as unknown as ClockOptions
      expect(() => make(makeBell(), wrong)).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining('now') }),
      )
    }
  })

  test('reads no clock but the one it was given', () => {
    let readings = 0
    const strategy = make(makeBell(), { now: () => readings++ })
    expect(strategy.waitFor(() => false, 20)).toBe(false)
    expect(readings).toBeGreaterThanOrEqual(2)
  })
})

test('R2.8 adaptive never spins when mayspin says no: every look but the first is made parked', () => {
  const bell = makeBell()
  const states = new Set<number>()
  let looks = 0
  const strategy = adaptive(bell, { ...CLOCK, mayspin: () => false })
  strategy.waitFor(() => {
    if (looks++ > 0) states.add(bell.state)
    return false
  }, 2)
  expect(states.has(BELL_IDLE)).toBe(false)
  expect(states.has(BELL_PARKED)).toBe(true)
})

describe('adaptive, on a clock that only its looks and parks advance', () => {
  /** Looks of one wait while it spins; its work comes `parkedMs` after it has parked. Spinning time is counted in looks, on any machine. */
  const world = (): { spinLooks: (parkedMs: number) => number; strategy: WaitStrategy } => {
    const bell = makeBell()
    let time = 0
    const strategy = adaptive(bell, { mayspin: () => true, spinMsMax: 1, now: () => time })
    const spinLooks = (parkedMs: number): number => {
      let looks = 0
      strategy.waitFor(() => {
        if (bell.state === BELL_PARKED) time += parkedMs
        if (bell.state !== BELL_IDLE) return looks > 0 || bell.state === BELL_PARKED
        looks++
        time += 0.001
        return false
      }, Infinity)
      return looks
    }
    return { spinLooks, strategy }
  }
  const LONG_MS = 10

  test('it spins less and less while work comes late, and as long as before after reset', () => {
    const { spinLooks, strategy } = world()
    const waits = [spinLooks(LONG_MS), spinLooks(LONG_MS), spinLooks(LONG_MS), spinLooks(LONG_MS)]
    expect(waits).toEqual(waits.toSorted((a, b) => b - a))
    expect(waits[3]).toBeLessThan(waits[0]! / 4)
    strategy.reset?.()
    expect(spinLooks(LONG_MS)).toBe(waits[0])
  })

  test('it spins longer again when its parks are short, though no spin finds anything', () => {
    const { spinLooks } = world()
    const longest = spinLooks(LONG_MS)
    for (let wait = 0; wait < 20; wait++) spinLooks(LONG_MS)
    const looks = Array.from({ length: 20 }, () => spinLooks(0.02))
    expect(looks[0]).toBeLessThan(longest / 4)
    expect(Math.max(...looks)).toBe(longest)
  })

  test('it judges a park by the whole wait: one that ends a wake-up after the longest spin is short, a later one long', () => {
    const [short, long] = [world(), world()]
    const longest = short.spinLooks(LONG_MS)
    expect(long.spinLooks(LONG_MS)).toBe(longest)
    short.spinLooks(0.5)
    long.spinLooks(0.6)
    expect(short.spinLooks(LONG_MS)).toBe(longest)
    expect(long.spinLooks(LONG_MS)).toBeLessThan(longest / 2)
  })

  test('it stops spinning when the longest spin is in vain and the work comes as soon as it parks, but tries again', () => {
    const { spinLooks } = world()
    const longest = spinLooks(0.001)
    const waits = Array.from({ length: 4 + 1 + 8 + 1 }, () => spinLooks(0.001))
    const none = (count: number): number[] => Array.from({ length: count }, () => 0)
    expect(waits).toEqual([...none(4), longest, ...none(8), longest])
  })
})

test('backoff refuses a sleep of no length or of more than a second', () => {
  for (const sleepMsMax of [0, -1, 1001, Number.NaN]) {
    expect(() => backoff({ ...CLOCK, sleepMsMax })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  }
})
