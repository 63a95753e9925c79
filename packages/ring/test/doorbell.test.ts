/** Units of the doorbell on one thread: a peer acts inside `hasWork`, which runs exactly between "parked" and the wait. */
import { expect, test } from 'vitest'
import { BELL_BUSY, BELL_IDLE, BELL_PARKED, BELL_RUNG, createDoorbell } from '../src/index.ts'

const never = (): boolean => false
const makeWord = (): Int32Array => new Int32Array(new SharedArrayBuffer(4))

test('ring wins only against a parked owner, and only once', () => {
  const word = makeWord()
  const bell = createDoorbell(word)
  expect([bell.state, bell.ring()]).toEqual([BELL_BUSY, false])
  bell.idle()
  expect([bell.state, bell.ring(), bell.state]).toEqual([BELL_IDLE, false, BELL_IDLE])
  word[0] = BELL_PARKED
  expect([bell.ring(), bell.state, bell.ring()]).toEqual([true, BELL_RUNG, false])
  bell.busy()
  expect(bell.state).toBe(BELL_BUSY)
})

test('park says work at once when the second look finds some; the bell was parked during that look', () => {
  const bell = createDoorbell(makeWord())
  let during = -1
  const outcome = bell.park(() => {
    during = bell.state
    return true
  }, Infinity)
  expect([outcome, during, bell.state]).toEqual(['work', BELL_PARKED, BELL_BUSY])
})

test('a ring between the second look and the wait is not lost', () => {
  const bell = createDoorbell(makeWord())
  // Infinity: were the ring lost, this would hang.
  const outcome = bell.park(() => {
    expect(bell.ring()).toBe(true)
    return false
  }, Infinity)
  expect([outcome, bell.state]).toEqual(['woken', BELL_BUSY])
})

test('park times out, and is busy again; also when the look throws', () => {
  const bell = createDoorbell(makeWord())
  expect([bell.park(never, 0), bell.state]).toEqual(['timeout', BELL_BUSY])
  const fail = (): never => {
    throw new Error('look')
  }
  expect(() => bell.park(fail, Infinity)).toThrow('look')
  expect(bell.state).toBe(BELL_BUSY)
})

test('parkAsync: work at once without a promise; woken; timeout', async () => {
  const bell = createDoorbell(makeWord())
  expect(bell.parkAsync(() => true, Infinity)).toBe('work')
  const parked = bell.parkAsync(never, 60_000)
  expect(parked).toBeInstanceOf(Promise)
  expect([bell.state, bell.ring(), bell.ring()]).toEqual([BELL_PARKED, true, false])
  expect([await parked, bell.state]).toEqual(['woken', BELL_BUSY])
  expect(await bell.parkAsync(never, 1)).toBe('timeout')
  const rungEarly = bell.parkAsync(() => !bell.ring(), 60_000)
  expect([await rungEarly, bell.state]).toEqual(['woken', BELL_BUSY])
})

test('a notify that comes late, from the winner of an earlier park, wakes for nothing: no timeout', async () => {
  const word = makeWord()
  const bell = createDoorbell(word)
  const parked = bell.parkAsync(never, 20_000)
  // The winner's 1 → 2 was for the park before.
  expect(Atomics.notify(word, 0, 1)).toBe(1)
  expect(await parked).toBe('woken')
  expect(bell.state).toBe(BELL_BUSY)
})

test('busy ends an async park, whose end does not disturb the next one', async () => {
  const bell = createDoorbell(makeWord())
  const first = bell.parkAsync(never, 60_000)
  bell.busy()
  const second = bell.parkAsync(never, 60_000)
  expect(await first).toBe('work')
  // Had the first wait written the word at its end, this ring would find nobody parked: a lost wake-up.
  expect([bell.state, bell.ring()]).toEqual([BELL_PARKED, true])
  expect(await second).toBe('woken')
})

test('a second parkAsync, a park and idle each end the wait before', async () => {
  const bell = createDoorbell(makeWord())
  const first = bell.parkAsync(never, 60_000)
  const second = bell.parkAsync(never, 60_000)
  expect(await first).toBe('work')
  expect(bell.park(never, 0)).toBe('timeout')
  expect(await second).toBe('work')
  const third = bell.parkAsync(never, 60_000)
  bell.idle()
  expect([await third, bell.state]).toEqual(['work', BELL_IDLE])
})

test('a word that is not shared, or is no Int32, or is missing is ERR_DOORBELL_WORD', () => {
  const wrong = [new Int32Array(1), new Int32Array(new SharedArrayBuffer(0)), new Uint32Array(new SharedArrayBuffer(4)) as never]
  for (const word of wrong) expect(() => createDoorbell(word)).toThrow(expect.objectContaining({ code: 'ERR_DOORBELL_WORD' }))
})
