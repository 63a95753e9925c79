/** Faults of the codec: what an encoder refuses is its sender's error, what arrives damaged is a dead letter, and a death in between loses nothing uncounted. */
import { defineActor } from '@cambium/actor'
import type { Behaviour, Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import { simulate } from '@cambium/testkit'
import type { RunReport, Simulation } from '@cambium/testkit'
import { describe, expect, test } from 'vitest'

type Way = 'tell' | 'trySend' | 'send' | 'ask'
interface Order {
  readonly way: Way
  readonly to: Ref<unknown>
  readonly count: number
}

/** By itself, when it has started, sends something many times in one way. Calls `done` with the codes of the errors that it got. */
const sender = (done: (codes: readonly string[]) => void): Behaviour<Order, 'go'> =>
  defineActor<Order, 'go', never, Order>(import.meta.url, 'sender', {
    init(order, context) {
      context.setTimer('start', 1, 'go')
      return order
    },
    async receive({ way, to, count }) {
      const codes: string[] = []
      for (let i = 0; i < count; i += 1) {
        try {
          await to[way]({ number: i })
        } catch (error) {
          codes.push(error instanceof CambiumError ? error.code : String(error))
        }
      }
      done(codes)
    },
  })

/** What a sender on one core meets that sends to a keeper on another; and what the keeper has at the end. */
async function exchange(
  faults: object,
  order: { readonly way: Way; readonly from: number; readonly to: number; readonly count: number; readonly seed?: number },
): Promise<{ readonly codes: readonly string[]; readonly kept: readonly unknown[]; readonly report: RunReport }> {
  let codes: readonly string[] = []
  let kept: readonly unknown[] = []
  const report = await run(
    async (sim) => {
      const to = await sim.spawn(keeper, [], { core: order.to })
      const done = new Promise<void>((resolve) => {
        const behaviour = sender((met) => {
          codes = met
          resolve()
        })
        void sim.spawn(behaviour, { way: order.way, to, count: order.count }, { core: order.from })
      })
      await done
      await sim.settle()
      kept = await look(sim, to)
    },
    faults,
    order.seed,
  )
  return { codes, kept, report }
}

/** Keeps what it is given; an ask is answered with it. */
const keeper = defineActor<readonly unknown[], unknown, unknown, unknown[]>(import.meta.url, 'keeper', {
  init: (first) => [...first],
  receive(kept, message, context) {
    if (message === 'what do you have?') context.reply(kept)
    else {
      kept.push(message)
      if (context.isAsked) context.reply(message)
    }
  },
})

const run = async (scenario: (sim: Simulation) => Promise<void>, faults: object, seed = 1): Promise<RunReport> => {
  const [report] = await simulate(scenario, { seed, cores: 3, faults, shrinkRuns: 0 })
  return report as RunReport
}

/** With faults off, so that it is told the truth. */
const look = async (sim: Simulation, ref: Ref<unknown>): Promise<unknown[]> => {
  sim.heal()
  return (await ref.ask('what do you have?')) as unknown[]
}

describe('an encoder that throws', () => {
  test.each(['tell', 'trySend', 'send', 'ask'] as const)(
    'is the error of %s, and nothing of the message is counted',
    async (way) => {
      const { codes, kept, report } = await exchange({ encodeCrash: 0.3 }, { way, from: 1, to: 0, count: 40 })
      expect(codes.length).toBeGreaterThan(3)
      expect(new Set(codes)).toEqual(new Set(['ERR_SIM_CRASH']))
      expect(kept.length).toBe(40 - codes.length)
      // What got through, with an ask an answer for each; and the scenario's last question with its answer.
      const sent = kept.length * (way === 'ask' ? 2 : 1) + 2
      expect(report.books).toMatchObject({ sent, processed: sent, deadTotal: 0, queued: 0 })
      expect(report.faults).toBe(codes.length)
    },
  )

  test('of an answer crashes who gave it, and is the asker’s error', async () => {
    const report = await run(
      async (sim) => {
        const to = await sim.spawn(keeper, [], { core: 2 })
        await expect(to.ask('ping')).rejects.toMatchObject({ code: 'ERR_SIM_CRASH' })
        expect(await look(sim, to)).toEqual([])
      },
      { encodeCrash: 1 },
    )
    expect(report.books).toMatchObject({ dead: { crashed: 1 }, deadTotal: 1, queued: 0 })
  })

  test('spares the first start of an actor, core 0, and what the runtime says to itself', async () => {
    const greeter = defineActor<Ref<unknown>, never, never, null>(import.meta.url, 'greeter', {
      init(to) {
        to.tell('hello')
        return null
      },
      receive() {},
    })
    const report = await run(
      async (sim) => {
        const to = await sim.spawn(keeper, [], { core: 2 })
        await sim.spawn(greeter, to, { core: 1 })
        await sim.settle()
        expect(await look(sim, to)).toEqual(['hello'])
      },
      { encodeCrash: 1 },
    )
    expect(report.faults).toBe(0)
    const { codes, kept } = await exchange({ encodeCrash: 1 }, { way: 'ask', from: 0, to: 0, count: 10 })
    expect([codes.length, kept.length]).toEqual([0, 10])
  })
})

describe('a message that arrives damaged', () => {
  test('is a dead letter with its reason, and all others arrive', async () => {
    const reasons: string[] = []
    const report = await run(
      async (sim) => {
        const to = await sim.spawn(keeper, [], { core: 2 })
        sim.system.events.on('dead_letter', ({ reason, target, count }) => {
          expect(target.core).toBe(2)
          for (let i = 0; i < count; i += 1) reasons.push(reason)
        })
        for (let i = 0; i < 200; i += 1) {
          to.tell({ number: i })
          if (i % 4 === 0) await sim.settle()
        }
        await sim.settle()
        const numbers = ((await look(sim, to)) as { number: number }[]).map(({ number }) => number)
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
        expect(numbers.length).toBe(200 - reasons.length)
      },
      { decodeCrash: 0.3 },
    )
    expect(reasons.length).toBeGreaterThan(3)
    expect(new Set(reasons)).toEqual(new Set(['not_decodable']))
    expect(report.books.dead.not_decodable).toBe(reasons.length)
    expect(report.books.deadTotal).toBe(reasons.length)
  })

  test('fails the ask that it was', async () => {
    const { codes, kept, report } = await exchange({ decodeCrash: 0.3 }, { way: 'ask', from: 0, to: 2, count: 60 })
    expect(codes.length).toBeGreaterThan(3)
    expect(new Set(codes)).toEqual(new Set(['ERR_NOT_DECODABLE']))
    expect(kept.length).toBe(60 - codes.length)
    expect(report.books.dead.not_decodable).toBe(codes.length)
  })

  test('fails the ask that it answers', async () => {
    const { codes, kept, report } = await exchange({ decodeCrash: 0.3 }, { way: 'ask', from: 2, to: 0, count: 60 })
    expect(codes.length).toBeGreaterThan(3)
    expect(new Set(codes)).toEqual(new Set(['ERR_NOT_DECODABLE']))
    expect(kept.length).toBe(60)
    expect(report.books).toMatchObject({ deadTotal: 0, queued: 0 })
  })

  test('cannot be decoded whatever it was, and however long', async () => {
    const values: unknown[] = [
      0,
      -1,
      200,
      70_000,
      1.5,
      2n ** 40n,
      null,
      undefined,
      true,
      '',
      'a',
      'ab',
      'abcd',
      [],
      [1],
      {},
      { a: 1 },
    ]
    for (const length of [5, 31, 32, 217, 219, 255, 256, 1000, 4079, 4096, 5000, 7000]) values.push('x'.repeat(length))
    values.push(new Uint8Array(3), new Uint8Array(6000), new Map([[1, 2]]), new Date(5), 'é'.repeat(400))
    const report = await run(
      async (sim) => {
        const to = await sim.spawn(keeper, [], { core: 2 })
        for (const value of values) {
          to.tell(value)
          await sim.settle()
        }
        expect(await look(sim, to)).toEqual([])
      },
      { decodeCrash: 1 },
    )
    expect(report.books.dead.not_decodable).toBe(values.length)
  })

  test('spares what comes in pieces, and core 0', async () => {
    const report = await run(
      async (sim) => {
        const far = await sim.spawn(keeper, [], { core: 2 })
        far.tell('x'.repeat(100_000))
        await sim.settle()
        expect(await look(sim, far)).toEqual(['x'.repeat(100_000)])
      },
      { decodeCrash: 1 },
    )
    expect(report.books.deadTotal).toBe(0)
    const { codes, kept } = await exchange({ decodeCrash: 1 }, { way: 'tell', from: 1, to: 0, count: 10 })
    expect([codes.length, kept.length]).toEqual([0, 10])
  })
})

describe('a core that dies in its codec', () => {
  /** Every third message has a shape of its own; a shape is written into the shape area when it comes for the second time. */
  const shaped = (i: number): object => ({ [`name-${Math.floor(i / 6)}`]: i, of: i })

  const shapes = defineActor<{ readonly to: Ref<unknown> }, number, never, Ref<unknown>>(import.meta.url, 'shapes', {
    init: ({ to }) => to,
    receive(to, i) {
      to.tell(shaped(i))
    },
  })

  test('takes nothing along uncounted, and its successor’s shapes mean what they say', async () => {
    let kills = 0
    let inHand = 0
    let arrived = 0
    for (let seed = 1; seed <= 30; seed += 1) {
      const report = await run(
        async (sim) => {
          const probe = await sim.probe<{ of: number }>()
          const from = await sim.spawn(shapes, { to: probe.ref as Ref<unknown> }, { core: 1, intensity: 100 })
          for (let i = 0; i < 120; i += 1) {
            from.tell(i)
            if (i % 10 === 0) await sim.advance(1)
          }
          await sim.advance('1s')
          sim.heal()
          await sim.advance('1s')
          for (const message of probe.messages) expect(message).toEqual(shaped(message.of))
          arrived += probe.messages.length
        },
        { killInCodec: 0.3 },
        seed,
      )
      kills += report.kills
      inHand += report.books.dead.in_hand
    }
    expect(kills).toBeGreaterThan(20)
    expect(inHand).toBeGreaterThan(5)
    // Of one run all may be lost with the heap of a core.
    expect(arrived).toBeGreaterThan(1000)
  })
})
