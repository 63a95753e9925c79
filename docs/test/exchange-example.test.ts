/** The telephone exchange, docs/examples/exchange: one call line by line, whole exchanges under seeds, and the process. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { simulate } from '@cambium/testkit'
import { drawMachine, runMachine } from 'cambium'
import type { Ref } from 'cambium'
import { describe, expect, test } from 'vitest'
import type { Simulation } from '@cambium/testkit'
import { crowd } from '../examples/exchange/crowd.ts'
import { exchange } from '../examples/exchange/exchange.ts'
import { line } from '../examples/exchange/line.ts'
import type { LineEvent, LineRef } from '../examples/exchange/line.ts'
import { toll } from '../examples/exchange/toll.ts'
import type { Toll, TollRef } from '../examples/exchange/toll.ts'
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
        if (callee === undefined) event.caller.tell({ type: 'refused', call: event.call, tone: 'unanswered' })
        else callee.run.tell({ type: 'incoming', call: event.call, caller: event.caller, core: 0 })
      })
    })
    const subscriber = { number, index: number, core: 0, lines: 2, exchange: office as never, crowd: people as never }
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
    expect([a.state, b.state]).toEqual(['ended', 'onHook'])
    a.tell({ type: 'hangUp' })
    expect(heard).toEqual([
      '0 hears dial',
      '1 hears bell',
      '0 hears ringback',
      '1 hears calleeTalk',
      '0 hears callerTalk',
      '1 hears silence',
      '0 hears over',
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
    expect(a.state).toBe('ended')
  })

  test('R1.11 who does not dial, does not dial on, or is not answered, is given up', () => {
    const { a, b, deliver, dial } = twoLines()
    a.tell({ type: 'lift' })
    a.advance(20_000)
    expect(a.state).toBe('ended')
    a.tell({ type: 'hangUp' })
    dial('12')
    a.advance(19_999)
    a.tell({ type: 'digit', digit: 3 })
    a.advance(19_999)
    expect(a.state).toBe('dialling')
    a.advance(1)
    expect(a.state).toBe('ended')
    a.tell({ type: 'hangUp' })
    dial('0000001')
    deliver()
    a.advance(60_000)
    deliver()
    expect([a.state, b.state]).toEqual(['ended', 'onHook'])
  })
})

/** Its core may die before it has started. */
async function patiently<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start()
    } catch (error) {
      if (attempt === 20 || (error as { code?: string }).code !== 'ERR_CORE_LOST') throw error
    }
  }
}

/** Exchanges on cores 1 and 2, whose people call each other. */
async function twoExchanges(sim: Simulation) {
  sim.learn(line as never)
  sim.learn(crowd as never)
  const office: TollRef = await sim.spawn(toll, undefined, { core: 0 })
  const habits = { pauseMs: 400, talkMs: 1000, impatience: 0.1, numbers: 60 }
  const options = { core: 0, lines: 30, habits, toll: office, others: [] }
  const lasting = { restart: 'permanent', intensity: 100 } as const
  const first = await patiently(() => sim.spawn(exchange, options, { core: 1, ...lasting }))
  const second = await patiently(() => sim.spawn(exchange, { ...options, core: 1, others: [first] }, { core: 2, ...lasting }))
  return {
    look: (): Promise<Toll> => office.ask({ type: 'report' }),
    goHome: async (): Promise<Toll> => {
      for (const each of [first, second]) each.tell({ type: 'goHome' })
      await sim.advance('130s')
      return office.ask({ type: 'report' })
    },
  }
}

/** Every line is back, nobody is in a call, and of each call it is known how it ended. */
function expectAllAtHome({ placed, ended, failed, ...rest }: Toll): void {
  expect(rest).toMatchObject({ lines: 60, underWay: 0, inSession: 0, talking: 0, wrong: 0 })
  expect([...Object.values(ended), ...Object.values(failed)].reduce((sum, count) => sum + count, 0)).toBe(placed)
}

test('R3.3 exchanges on two cores: calls go on when one dies, and when all go home no line is left in a call', async () => {
  await simulate(
    async (sim) => {
      const { look, goHome } = await twoExchanges(sim)
      await sim.advance('3s')
      const before = await look()
      expect(before.connected).toBeGreaterThan(0)
      expect(before.inSession).toBeGreaterThan(0)
      expect(before.failed).toMatchObject({ cut: 0, lost: 0 })
      sim.killCore(2)
      await sim.advance('4s')
      const after = await look()
      expect(after.connected).toBeGreaterThan(before.connected + 10)
      expect(after.failed.cut).toBeGreaterThan(0)
      expect(after.failed.lost).toBeGreaterThan(0)
      const last = await goHome()
      expectAllAtHome(last)
      expect(last.failed).toEqual(after.failed)
    },
    { seed: 1, runs: 4, cores: 2 },
  )
})

test('R3.3 exchanges whose cores die again and again, wherever they are', async () => {
  await simulate(
    async (sim) => {
      const { goHome } = await twoExchanges(sim)
      await sim.advance('3s')
      sim.heal()
      await sim.advance('1s')
      expectAllAtHome(await goHome())
    },
    { seed: 1, runs: 8, cores: 2, faults: { kill: 0.002, killInside: 0.002, failedStart: 0.2, lateNews: 0.5 } },
  )
})

const run = async (...args: readonly string[]): Promise<string> => {
  const main = join(REPOSITORY, 'docs/examples/exchange/main.ts')
  return (await promisify(execFile)(process.execPath, [main, ...args], { timeout: 60_000 })).stdout
}

test('R3.3 as a process on real cores, one of which is killed half way', async () => {
  const stdout = await run('2000', '2', '2')
  expect(stdout).toMatch(/^2000 lines on 2 cores, ready in [\d.]+ s$/m)
  expect(stdout).toContain('core 2 is killed\n')
  expect(stdout).toMatch(/^2 s: \d+ calls\/s, \d+ busy\/s, \d+ failed\/s, [1-9]\d* sessions/m)
  expect(stdout).toContain('all receivers down\n')
  expect(stdout).toMatch(/, 1 deaths of cores: \d+ cut, \d+ unreached, [1-9]\d* lost\n$/)
})

test('R3.3 it stays up while a core is killed each second, and prints which calls failed', { timeout: 60_000 }, async () => {
  const stdout = await run('1000', '4', '2', '--kill-each-second')
  for (let second = 1; second <= 4; second += 1)
    expect(stdout).toMatch(new RegExp(`^${second} s: [1-9]\\d* calls/s, .* [1-9]\\d* sessions`, 'm'))
  expect(stdout).toMatch(/^\d+ calls tried, .*: [1-9]\d* done, \d+ busy, \d+ unanswered, \d+ givenUp$/m)
  expect(stdout).toMatch(/^[\d.]+ % failed, 3 deaths of cores: \d+ cut, \d+ unreached, [1-9]\d* lost\n$/m)
})
