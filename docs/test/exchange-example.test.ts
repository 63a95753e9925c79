/** The telephone exchange, docs/examples/exchange: one call line by line, whole exchanges under seeds, and the process. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { simulate } from '@cambium/testkit'
import { drawMachine, runMachine } from 'cambium'
import type { Ref } from 'cambium'
import { describe, expect, test } from 'vitest'
import { crowd } from '../examples/exchange/crowd.ts'
import type { CrowdReport } from '../examples/exchange/crowd.ts'
import { AT_ONCE, exchange } from '../examples/exchange/exchange.ts'
import { line } from '../examples/exchange/line.ts'
import type { LineEvent, LineRef } from '../examples/exchange/line.ts'
import { made } from '../examples/exchange/made.ts'
import { REPOSITORY } from './source-file.ts'

/** Two lines on one exchange, without a runtime: what they tell each other is delivered when the test says so. */
function twoLines() {
  const heard: string[] = []
  const posted: (() => void)[] = []
  const refTo = (tell: (event: never) => void): Ref<never> => ({ tell }) as unknown as Ref<never>
  const create = (number: number) => {
    const self = refTo((event: LineEvent) => {
      posted.push(() => {
        run.tell(event)
      })
    }) as unknown as LineRef
    const people = refTo((event: { tone: string }) => {
      heard.push(`${number} hears ${event.tone}`)
    })
    const office = refTo((event: { number: number; call: number; caller: LineRef }) => {
      posted.push(() => {
        const callee = lines[event.number]
        if (callee === undefined) event.caller.tell({ type: 'refused', call: event.call })
        else callee.run.tell({ type: 'incoming', call: event.call, caller: event.caller, core: 0 })
      })
    })
    const subscriber = { number, index: number, core: 0, exchange: office as never, crowd: people as never }
    const run = runMachine(line, subscriber, { context: { self } })
    return { run, self }
  }
  const lines: ReturnType<typeof create>[] = []
  lines.push(create(0), create(1))
  const [a, b] = lines as [ReturnType<typeof create>, ReturnType<typeof create>]
  return {
    a: a.run,
    b: b.run,
    heard,
    deliver: () => {
      for (let next = posted.shift(); next !== undefined; next = posted.shift()) next()
    },
    dial: (digits: string) => {
      a.run.tell({ type: 'lift' })
      for (const digit of digits) a.run.tell({ type: 'digit', digit: Number(digit) })
    },
  }
}

describe('a call', () => {
  test('R1.5 from lifting the receiver to laying it down', () => {
    const { a, b, heard, deliver, dial } = twoLines()
    dial('0000001')
    deliver()
    expect([a.state, b.state]).toEqual(['ringback', 'ringing'])
    b.tell({ type: 'lift' })
    deliver()
    expect([a.state, b.state]).toEqual(['talking', 'talking'])
    b.tell({ type: 'hangUp' })
    deliver()
    expect([a.state, b.state]).toEqual(['busyTone', 'onHook'])
    a.tell({ type: 'hangUp' })
    expect(heard).toEqual([
      '0 hears dial',
      '1 hears bell',
      '0 hears ringback',
      '1 hears calleeTalk',
      '0 hears callerTalk',
      '1 hears silence',
      '0 hears busy',
      '0 hears silence',
    ])
    const drawn = drawMachine(line, a, b)
    expect(drawn).toContain('    dialling --> ringback : digit\n')
    expect(drawn).toContain('    ringing --> talking : lift\n')
  })

  test.each(['before it is answered', 'before the other end is found'])(
    'the caller lays down %s: nobody is left ringing',
    (when) => {
      const { a, b, deliver, dial } = twoLines()
      dial('0000001')
      if (when === 'before it is answered') deliver()
      a.tell({ type: 'hangUp' })
      deliver()
      expect([a.state, b.state]).toEqual(['onHook', 'onHook'])
    },
  )

  test.each([
    ['oneself', '0000000'],
    ['nobody', '7777777'],
  ])('to %s is refused', (_whom, number) => {
    const { a, deliver, dial } = twoLines()
    dial(number)
    deliver()
    expect(a.state).toBe('busyTone')
  })

  test('R1.11 who does not dial, does not dial on, or is not answered, is given up', () => {
    const { a, b, deliver, dial } = twoLines()
    a.tell({ type: 'lift' })
    a.advance(20_000)
    expect(a.state).toBe('busyTone')
    a.tell({ type: 'hangUp' })
    dial('12')
    a.advance(19_999)
    a.tell({ type: 'digit', digit: 3 })
    a.advance(19_999)
    expect(a.state).toBe('dialling')
    a.advance(1)
    expect(a.state).toBe('busyTone')
    a.tell({ type: 'hangUp' })
    dial('0000001')
    deliver()
    a.advance(60_000)
    deliver()
    expect([a.state, b.state]).toEqual(['busyTone', 'onHook'])
  })
})

test('a crowd that is looked at before its lines are laid answers that it has none', async () => {
  await simulate(async (sim) => {
    const habits = { pauseMs: 400, talkMs: 1000, impatience: 0.1, numbers: 60 }
    const people = await sim.spawn(crowd, habits, { core: 1 })
    expect(await people.ask({ type: 'report' }, AT_ONCE)).toMatchObject({ lines: 0, inSession: 0 })
  })
})

test('R3.3 exchanges on two cores: calls go on when one dies, and when all go home no line is left in a call', async () => {
  await simulate(
    async (sim) => {
      sim.learn(line as never)
      sim.learn(crowd as never)
      const habits = { pauseMs: 400, talkMs: 1000, impatience: 0.1, numbers: 60 }
      const options = { core: 0, lines: 30, habits, others: [] }
      const first = await sim.spawn(exchange, options, { core: 1, restart: 'permanent' })
      const second = await sim.spawn(exchange, { ...options, core: 1, others: [first] }, { core: 2, restart: 'permanent' })
      await sim.advance('3s')
      const before = await first.ask({ type: 'report' })
      expect(before.connected).toBeGreaterThan(0)
      expect(before.inSession).toBeGreaterThan(0)
      sim.killCore(2)
      await sim.advance('4s')
      const after = [await first.ask({ type: 'report' }), await second.ask({ type: 'report' })]
      expect(after[0]?.connected).toBeGreaterThan(before.connected)
      expect(after[1]?.connected).toBeGreaterThan(0)
      for (const each of [first, second]) each.tell({ type: 'goHome' })
      await sim.advance('130s')
      const left = [await first.ask({ type: 'report' }), await second.ask({ type: 'report' })]
      expect(left.map(({ inSession, talking }) => [inSession, talking])).toEqual([
        [0, 0],
        [0, 0],
      ])
    },
    { seed: 1, runs: 4, cores: 2 },
  )
})

test('calls of a second are counted by exchange: one that begins anew hides none of the others', () => {
  const of = (connected: number, busy: number): CrowdReport => ({
    lines: 10,
    connected,
    busy,
    givenUp: 0,
    inSession: 0,
    talking: 0,
  })
  expect(made([of(100, 10), of(1000, 90)], [of(130, 11), of(5, 1)], 'connected')).toBe(35)
  expect(made([of(100, 10), of(1000, 90)], [of(130, 11), of(1010, 95)], 'busy')).toBe(6)
})

test('R3.3 as a process on real cores, one of which is killed half way', async () => {
  const main = join(REPOSITORY, 'docs/examples/exchange/main.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [main, '2000', '4', '2'], { timeout: 60_000 })
  expect(stdout).toMatch(/^2000 lines on 2 cores, ready in [\d.]+ s$/m)
  expect(stdout).toContain('core 2 is killed\n')
  expect(stdout).toMatch(/^4 s: \d+ calls\/s, \d+ busy\/s, [1-9]\d* sessions/m)
  expect(stdout).toMatch(/all receivers down; at best [1-9]\d* calls\/s\n$/)
})
