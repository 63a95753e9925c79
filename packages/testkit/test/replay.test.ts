/** Replay: a seed is a run, in this process and in any other; and a run that fails is told with the least faults it takes. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { defineActor } from '@cambium/actor'
import type { Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import { renderMermaid, renderText, seedOfRun, simulate } from '@cambium/testkit'
import type { Fault, RunReport, Simulation } from '@cambium/testkit'
import { describe, expect, test } from 'vitest'
import { account, shiftMoney } from './fixtures/bank.ts'

const execute = promisify(execFile)

/** Passes on what it is told. */
const forwarder = defineActor<Ref<unknown>, unknown, never, Ref<unknown>>(import.meta.url, 'forwarder', {
  init: (to) => to,
  receive(to, message) {
    to.tell(message)
  },
})
const options = { seed: 11, runs: 4, cores: 3, faults: true } as const
const key = ({ seed, hash, steps, virtualMs }: RunReport): object => ({ seed, hash, steps, virtualMs })

describe('a seed', () => {
  test('gives the same run again, traced or not, and another one for another seed', async () => {
    const first = await simulate(shiftMoney, options)
    expect((await simulate(shiftMoney, options)).map(key)).toEqual(first.map(key))
    expect((await simulate(shiftMoney, { ...options, trace: true })).map(key)).toEqual(first.map(key))
    expect(new Set(first.map(({ hash }) => hash)).size).toBe(4)
    const [alone] = await simulate(shiftMoney, { ...options, seed: (first[2] as RunReport).seed, runs: 1 })
    expect(key(alone as RunReport)).toEqual(key(first[2] as RunReport))
  })

  test('gives the same run in another process', async () => {
    const first = await simulate(shiftMoney, options)
    const { stdout } = await execute(process.execPath, [join(import.meta.dirname, 'fixtures/print-hashes.ts'), '11'])
    expect((JSON.parse(stdout) as { money: unknown }[])[0]?.money).toEqual(first.map(key))
  })

  test('has no run in common with the next one', async () => {
    const seeds = new Set([1, 2, 3].flatMap((seed) => Array.from({ length: 1000 }, (_, run) => seedOfRun(seed, run))))
    expect(seeds.size).toBe(3000)
    const run = async (seed: number): Promise<number[]> =>
      (await simulate(() => {}, { seed, runs: 4 })).map((report) => report.seed)
    expect(await run(1)).toEqual([0, 1, 2, 3].map((number) => seedOfRun(1, number)))
    expect((await run(2))[0]).toBe(2)
  })

  test.each([
    ['a number', { type: 'credit', amount: 1 }, { type: 'credit', amount: 2 }],
    ['a text', 'good', 'goop'],
    ['the length of a long text', 'x'.repeat(500), 'x'.repeat(501)],
    ['something deep inside', { a: [{ b: new Map([[1, { c: 1.5 }]]) }] }, { a: [{ b: new Map([[1, { c: 1.25 }]]) }] }],
    ['a buffer', new Uint8Array([1, 2]), new Uint8Array([1, 3])],
    ['a date', new Date(1), new Date(2)],
    ['a name', { left: 1 }, { right: 1 }],
  ])('is told apart by %s in a message', async (_, one, other) => {
    const deliver = async (message: unknown, core: number): Promise<string> => {
      const [report] = await simulate(
        async (sim) => {
          const probe = await sim.probe()
          const ref = core === 0 ? probe.ref : await sim.spawn(forwarder, probe.ref, { core })
          ref.tell(message as never)
          await probe.expectMessage()
        },
        { seed: 1 },
      )
      return (report as RunReport).hash
    }
    for (const core of [0, 1]) {
      expect(await deliver(one, core)).toBe(await deliver(structuredClone(one), core))
      expect(await deliver(one, core)).not.toBe(await deliver(other, core))
    }
  })

  test('is told apart by one delivery more', async () => {
    const deliver = async (messages: number): Promise<string> => {
      const [report] = await simulate(
        async (sim) => {
          const ref = await sim.spawn(account, 0, { core: 1 })
          for (let i = 0; i < messages; i += 1) ref.tell({ type: 'credit', amount: 1 })
          await sim.settle()
        },
        { seed: 1 },
      )
      return (report as RunReport).hash
    }
    expect(await deliver(5)).toBe(await deliver(5))
    expect(await deliver(6)).not.toBe(await deliver(5))
  })
})

describe('a run that fails', () => {
  /** Fails when an account was restarted and a core was paused: which only faults bring about. */
  const fragile = async (sim: Simulation): Promise<void> => {
    let restarts = 0
    sim.system.events.on('actor_restarted', () => {
      restarts += 1
    })
    await shiftMoney(sim)
    await sim.advance('1s')
    if (restarts > 0) throw new CambiumError('ERR_FRAGILE', `an account was restarted: restarts=${restarts}`)
  }
  const faults = { handlerCrash: 0.01, pause: 0.05, lateWake: 0.3, spuriousWake: 0.1, slow: 0.5 }
  const fail = async (more: object = {}): Promise<CambiumError> => {
    const error: unknown = await simulate(fragile, { seed: 21, cores: 3, faults, ...more }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(CambiumError)
    return error as CambiumError
  }

  test('is shrunk to the one fault it takes, which replays', async () => {
    const error = await fail()
    const {
      faults: least,
      faultsBefore,
      chart,
      mermaid,
    } = error.fields as { faults: readonly Fault[]; faultsBefore: number; chart: string; mermaid: string }
    expect(least.map(({ kind }) => kind)).toEqual(['handlerCrash'])
    expect(faultsBefore).toBeGreaterThan(20)
    expect(error.message).toMatch(
      /faults that it takes: 1 of \d+, found in \d+ re-runs\nhandlerCrash at \d+\.\d{3} ms, turn \d+\n/,
    )
    expect(error.message).toContain(`replay: simulate(scenario, { seed: 21, cores: 3, faults: ${JSON.stringify(faults)} }) with `)
    expect(error.message).toContain(chart)
    expect(chart).toMatch(/account-\d+ ended: crash, crashed by the simulation: handlerCrash/)
    expect(mermaid).toMatch(/^sequenceDiagram\n {2}participant p0 as /)
    const again = await fail({ faults: least, shrinkRuns: 0 })
    expect((again.cause as CambiumError).message).toBe('an account was restarted: restarts=1')
  })

  test('is not mixed up with another failure of the same code', async () => {
    const scenario = async (sim: Simulation): Promise<void> => {
      let restarts = 0
      sim.system.events.on('actor_restarted', () => {
        restarts += 1
      })
      await shiftMoney(sim)
      await sim.advance('1s')
      if (restarts > 1) throw new CambiumError('ERR_FRAGILE', `2 or more accounts were restarted: restarts=${restarts}`)
      throw new CambiumError('ERR_FRAGILE', `hardly any account was restarted: restarts=${restarts}`)
    }
    const error: unknown = await simulate(scenario, { seed: 21, cores: 3, faults: { handlerCrash: 0.05 } }).catch(
      (thrown: unknown) => thrown,
    )
    const { cause, fields } = error as CambiumError & { readonly fields: { readonly faults: readonly Fault[] } }
    expect((cause as CambiumError).message).toContain('2 or more accounts were restarted')
    expect(fields.faults.map(({ kind }) => kind)).toEqual(['handlerCrash', 'handlerCrash'])
  })

  test('keeps to its re-runs', async () => {
    expect((await fail({ shrinkRuns: 3 })).fields['tries']).toBe(3)
    const unshrunk = await fail({ shrinkRuns: 0 })
    expect(unshrunk.fields['tries']).toBe(0)
    expect((unshrunk.fields['faults'] as unknown[]).length).toBe(unshrunk.fields['faultsBefore'])
  })

  test('that does not fail again says so', async () => {
    let runs = 0
    const error: unknown = await simulate(() => {
      runs += 1
      if (runs === 1) throw new Error('only once')
    }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: expect.stringContaining('the replay did not fail in the same way') })
  })
})

describe('a chart', () => {
  const record = async (): Promise<RunReport> => {
    const [report] = await simulate(
      async (sim) => {
        const [a, b] = [await sim.spawn(account, 10, { name: 'a', core: 1 }), await sim.spawn(account, 0, { name: 'b', core: 2 })]
        a.tell({ type: 'transfer', to: b, amount: 3 })
        await sim.settle()
        await b.ask({ type: 'read' })
        await sim.system.stop(b)
        a.tell({ type: 'transfer', to: b, amount: 4 })
        await sim.settle()
      },
      { seed: 1, trace: true },
    )
    return report as RunReport
  }
  const withoutTimes = (text: string): string[] => text.split('\n').map((line) => line.replace(/^ +\d+\.\d{3} {2}/, ''))

  test('in text has a lane for each participant', async () => {
    const { chart } = await record()
    expect(withoutTimes(renderText(chart ?? [])).filter((line) => !line.includes('●'))).toEqual([
      '        ms  scenario   a   b',
      '│──────────▶   │   {type: "transfer", to: b, amount: 3}',
      '│          │───▶   {type: "credit", amount: 3}',
      '│──────────────▶   {type: "read"}',
      '◀╌╌╌╌╌╌╌╌╌╌╌╌╌╌│   3',
      '│──────────▶   │   {type: "transfer", to: b, amount: 4}',
      '│          │───×   {type: "credit", amount: 4} (not handled)',
    ])
  })

  test('for Mermaid has participants and arrows', async () => {
    const lines = renderMermaid((await record()).chart ?? []).split('\n')
    expect(lines.slice(0, 4)).toEqual([
      'sequenceDiagram',
      '  participant p0 as scenario',
      '  participant p1 as a',
      '  participant p2 as b',
    ])
    expect(lines).toEqual(
      expect.arrayContaining([
        '  p0->>p1: {type: "transfer", to: b, amount: 3}',
        '  p1->>p2: {type: "credit", amount: 3}',
        '  p2-->>p0: 3',
        '  p1-xp2: {type: "credit", amount: 4} (not handled)',
      ]),
    )
    expect(lines.some((line) => /^ {2}Note over p0,p2: core-2: dead letter/.test(line))).toBe(true)
  })

  test('of many is a list', () => {
    const events = Array.from({ length: 12 }, (_, i) => ({
      atMs: i,
      kind: i === 3 ? ('timer' as const) : ('message' as const),
      from: `actor-${i}`,
      to: `actor-${i + 1}`,
      text: 'go; <b>#1',
      count: i === 5 ? 2 : 1,
    }))
    const lines = withoutTimes(renderText(events))
    expect(lines).toHaveLength(12)
    expect(lines[3]).toBe('actor-3 ◷ actor-4: go; <b>#1 (timer)')
    expect(lines[5]).toBe('actor-5 → actor-6: go; <b>#1 ×2')
    expect(renderMermaid(events)).toContain('p0->>p1: go#59; #60;b#62;#35;1')
  })

  test('of nothing is its head', () => {
    expect(renderText([])).toBe('        ms')
    expect(renderMermaid([])).toBe('sequenceDiagram')
  })
})
