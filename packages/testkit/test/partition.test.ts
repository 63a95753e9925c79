/** Cores that do not see each other: nothing is lost by it alone, senders feel it, asks time out, and when it is over all goes on in order. */
import { defineActor } from '@cambium/actor'
import type { Ref } from '@cambium/actor'
import { simulate } from '@cambium/testkit'
import type { RunReport, Simulation, SimulateOptions } from '@cambium/testkit'
import { describe, expect, test } from 'vitest'
import { shiftMoney } from './fixtures/bank.ts'

type Order = { readonly to: Ref<number>; readonly count: number }

/** Keeps numbers; told to, it sends some to another one. */
const keeper = defineActor<undefined, number | Order | 'read', readonly number[], number[]>(import.meta.url, 'keeper', {
  init: () => [],
  receive(kept, message, context) {
    if (message === 'read') context.reply(kept)
    else if (typeof message === 'number') kept.push(message)
    else for (let i = 0; i < message.count; i += 1) message.to.tell(i)
  },
})

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

const run = async (scenario: (sim: Simulation) => Promise<void>, more: SimulateOptions = {}): Promise<RunReport> => {
  const [report] = await simulate(scenario, { seed: 5, cores: 3, shrinkRuns: 0, ...more })
  return report as RunReport
}
const pair = async (sim: Simulation): Promise<{ near: Ref<number | Order | 'read', readonly number[]>; far: typeof near }> => {
  const near = await sim.spawn(keeper, undefined, { core: 1 })
  const far = await sim.spawn(keeper, undefined, { core: 2 })
  return { near, far }
}

describe('while cores are cut off from each other', () => {
  test('messages wait, asks time out, and after it all arrive in order', async () => {
    const report = await run(async (sim) => {
      const { near, far } = await pair(sim)
      const heal = sim.partition([
        [0, 1],
        [2, 3],
      ])
      near.tell({ to: far, count: 500 })
      far.tell(500)
      await expect(far.ask('read', { timeoutMs: 800 })).rejects.toMatchObject({ code: 'ERR_ASK_TIMEOUT' })
      expect(await near.ask('read')).toEqual([])
      await sim.advance('1s')
      // 500 of the one side, one of the other, and the question that nobody waits for any more.
      expect(sim.system.books()).toMatchObject({ queued: 502, deadTotal: 0 })
      heal()
      await sim.settle()
      const kept = await far.ask('read')
      expect(kept.filter((number) => number < 500)).toEqual(numbers(500))
      expect(kept).toHaveLength(501)
      heal() // once is enough
    })
    // The answer to the first question.
    expect(report.books).toMatchObject({ dead: { late_reply: 1 }, deadTotal: 1, queued: 0 })
  })

  test('senders feel it as they feel a full ring, up to the limits of their waits', async () => {
    const report = await run(
      async (sim) => {
        const { near, far } = await pair(sim)
        const heal = sim.partition([[0], [1, 2, 3]])
        let sent = 0
        while (far.trySend(sent) === 'sent') sent += 1
        expect(sent).toBeGreaterThan(20)
        const patient = far.send(sent, { timeoutMs: 60_000 })
        await expect(far.send(-1, { timeoutMs: 500 })).rejects.toMatchObject({ code: 'ERR_SEND_TIMEOUT' })
        await sim.advance('3s')
        // A tell has no timeout of its own: the system's ends its wait.
        far.tell(-2)
        await sim.advance('2s')
        expect(sim.system.books().dead.send_timeout).toBe(1)
        near.tell(1)
        heal()
        await patient
        expect(await far.ask('read')).toEqual(numbers(sent + 1))
      },
      { options: { ringBytes: 4096, sendTimeoutMs: 1000 } },
    )
    // A send that timed out was refused; only what had been told is dead.
    expect(report.books).toMatchObject({ dead: { send_timeout: 1 }, deadTotal: 1, queued: 0 })
  })

  test('what was under way before has arrived, and cores of one side go on', async () => {
    await run(async (sim) => {
      const { near, far } = await pair(sim)
      far.tell(7)
      sim.partition([[0, 2, 3], [1]])
      expect(await far.ask('read')).toEqual([7])
      await expect(near.ask('read', { timeoutMs: 100 })).rejects.toMatchObject({ code: 'ERR_ASK_TIMEOUT' })
    })
  })

  test('a core on no side sees all', async () => {
    await run(async (sim) => {
      const { near, far } = await pair(sim)
      sim.partition([[1], [2]])
      near.tell({ to: far, count: 3 })
      await sim.advance('1s')
      expect(await far.ask('read')).toEqual([])
      expect(await near.ask('read')).toEqual([])
    })
  })

  test('a large message is torn by it and whole after it', async () => {
    const big = 'x'.repeat(200_000)
    await run(async (sim) => {
      const probe = await sim.probe<string>()
      const relay = defineActor<Ref<string>, string, never, Ref<string>>(import.meta.url, 'relay', {
        init: (to) => to,
        receive(to, message) {
          to.tell(message)
        },
      })
      const ref = await sim.spawn(relay, probe.ref, { core: 1 })
      ref.tell(big)
      const heal = sim.partition([[0], [1, 2, 3]])
      await sim.advance('1s')
      expect(probe.messages).toHaveLength(0)
      heal()
      expect(await probe.expectMessage()).toBe(big)
    })
  })

  test('a core that dies takes along what it had not published, counted', async () => {
    const report = await run(async (sim) => {
      const { near, far } = await pair(sim)
      const heal = sim.partition([
        [0, 1],
        [2, 3],
      ])
      near.tell({ to: far, count: 100 })
      await sim.advance('1s')
      sim.killCore(1)
      await sim.advance('1s')
      heal()
      expect(await far.ask('read')).toEqual([])
    })
    expect(report.books).toMatchObject({ dead: { lost_with_core: 100 }, deadTotal: 100, queued: 0 })
  })

  test('a core that dies on the other side is put back when it is over', async () => {
    await run(async (sim) => {
      const { near } = await pair(sim)
      const restarted: number[] = []
      sim.system.events.on('core_restarted', () => restarted.push(sim.now()))
      const heal = sim.partition([[0], [1, 2, 3]])
      sim.killCore(1)
      near.tell(1)
      await sim.advance('2s')
      expect(restarted).toEqual([])
      heal()
      expect(await near.ask('read')).toEqual([1])
      expect(restarted).toHaveLength(1)
    })
  })

  test('a system can be shut down, and counts what it could not deliver', async () => {
    const report = await run(async (sim) => {
      const { near } = await pair(sim)
      sim.partition([[0], [1, 2, 3]])
      near.tell(1)
      const { isDrained, undrained } = await sim.system.shutdown({ timeoutMs: 2000 })
      expect({ isDrained, undrained }).toEqual({ isDrained: false, undrained: 1 })
    })
    expect(report.books).toMatchObject({ dead: { shut_down: 1 }, queued: 0 })
  })
})

describe('several', () => {
  test('overlap: what one of them cuts stays cut', async () => {
    await run(async (sim) => {
      const { near, far } = await pair(sim)
      const first = sim.partition([[1], [2]])
      const second = sim.partition([
        [0, 1],
        [2, 3],
      ])
      near.tell({ to: far, count: 5 })
      await sim.settle()
      second()
      expect(await far.ask('read')).toEqual([])
      first()
      await sim.settle()
      expect(await far.ask('read')).toEqual(numbers(5))
    })
  })

  test.each([
    ['sim.heal()', true],
    ['the end of the scenario', false],
  ])('end by %s', async (_, isHealed) => {
    const report = await run(async (sim) => {
      const { near, far } = await pair(sim)
      sim.partition([[0], [1], [2, 3]])
      near.tell({ to: far, count: 3 })
      far.tell(1)
      if (!isHealed) return
      sim.heal()
      expect(await far.ask('read')).toContain(1)
    })
    expect(report.books).toMatchObject({ deadTotal: 0, queued: 0 })
  })
})

test('one that is never healed is named where the scenario is stuck', async () => {
  const error: unknown = await run(async (sim) => {
    const { far } = await pair(sim)
    sim.partition([
      [0, 1],
      [2, 3],
    ])
    await far.ask('read', { timeoutMs: 3_600_000 })
  }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({
    cause: {
      code: 'ERR_SIM_STUCK',
      fields: { pending: ['cores are cut off from each other: 0,1 | 2,3', 'ask from core-0 to core-2/0#1'] },
    },
  })
})

test.each([
  ['sides', undefined],
  ['sides', []],
  ['sides', [[0, 1]]],
  ['sides[1]', [[0], []]],
  ['sides[1]', [[0], 1]],
  ['sides[0][1]', [[0, 4], [1]]],
  ['sides[1][0]', [[0], [-1]]],
  ['sides[1][0]', [[0], ['1']]],
  ['sides[2][0]', [[0, 1], [2], [1]]],
])('wrong %s: %j', async (option, sides) => {
  await run(async (sim) => {
    expect(() => sim.partition(sides as number[][])).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', fields: expect.objectContaining({ option }) }),
    )
  })
})

describe('as a fault', () => {
  const faults = { partition: 0.05 }

  test('it strikes, replays, and is charted', async () => {
    const [report] = await simulate(shiftMoney, { seed: 4, cores: 3, faults, trace: true })
    const [again] = await simulate(shiftMoney, { seed: 4, cores: 3, faults })
    expect(report?.faults).toBeGreaterThan(0)
    expect(again?.hash).toBe(report?.hash)
    const notes = report?.chart?.filter(({ text }) => text.startsWith('partition')).map(({ text }) => text) ?? []
    expect(notes[0]).toMatch(/^partition [\d,]+ \| [\d,]+$/)
    expect(notes[1]).toMatch(/^partition [\d,]+ \| [\d,]+ is healed$/)
    expect(report?.books.deadTotal).toBe(0)
  })

  test('a run that fails by it is shrunk to it', async () => {
    const hasty = async (sim: Simulation): Promise<void> => {
      const far = await sim.spawn(keeper, undefined, { core: 2 })
      for (let i = 0; i < 200; i += 1) await far.ask('read', { timeoutMs: 20 })
    }
    const error: unknown = await simulate(hasty, { seed: 2, cores: 3, faults: { partition: 0.02, lateWake: 0.3 } }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({
      code: 'ERR_SIMULATION',
      cause: { code: 'ERR_ASK_TIMEOUT' },
      fields: { faults: [{ kind: 'partition' }] },
    })
  })
})
