/** `simulate` as its users meet it: options, what a scenario may do, and how a run ends that goes wrong. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { defineActor } from '@cambium/actor'
import type { Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import { child } from '@cambium/runtime'
import { simulate } from '@cambium/testkit'
import type { Simulation, SimulateOptions } from '@cambium/testkit'
import { describe, expect, test } from 'vitest'
import { account, shiftMoney } from './fixtures/bank.ts'

const execute = promisify(execFile)

/** Counts; on demand it crashes, hangs, leaves an error to nobody, or keeps an answer for ever. */
const counter = defineActor<number, 'add' | 'read' | 'crash' | 'hang' | 'float' | 'later', number, number>(
  import.meta.url,
  'counter',
  {
    init: (start) => start,
    receive(count, message, context) {
      if (message === 'add') return count + 1
      if (message === 'read') context.reply(count)
      if (message === 'crash') throw new Error('asked to')
      if (message === 'later') context.deferReply()
      if (message === 'float') void Promise.reject(new Error('nobody catches this'))
      if (message === 'hang') return new Promise<number>(() => {})
      return count
    },
  },
)

const failure = async (
  scenario: (sim: Simulation) => Promise<void> | void,
  options: SimulateOptions = {},
): Promise<CambiumError> => {
  const error: unknown = await simulate(scenario, { shrinkRuns: 0, ...options }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(CambiumError)
  return error as CambiumError
}
const causeOf = (error: CambiumError): CambiumError => error.cause as CambiumError

describe('a scenario', () => {
  test('runs actors on several cores and asks them', async () => {
    const [report] = await simulate(
      async (sim) => {
        const refs = await Promise.all([1, 2, 3].map((core) => sim.spawn(counter, 10, { core })))
        for (const ref of refs) ref.tell('add')
        expect(await Promise.all(refs.map((ref) => ref.ask('read')))).toEqual([11, 11, 11])
      },
      { cores: 3, seed: 7 },
    )
    expect(report).toMatchObject({ seed: 7, kills: 0, faults: 0, nonDeterministic: [], books: { queued: 0, processed: 9 } })
    expect(report?.hash).toMatch(/^[0-9a-f]{8}$/)
  })

  test('lets hours pass in no time', async () => {
    const [report] = await simulate(async (sim) => {
      await sim.spawn(counter, 0)
      const before = sim.now()
      await sim.advance('2h')
      expect(sim.now() - before).toBe(7_200_000)
    })
    // Each of three cores looks at the time once a second; nothing else has a turn.
    expect(report?.steps).toBeLessThan(4 * 7200)
  })

  test('settles when nothing is left to do now, whatever is due later', async () => {
    await simulate(async (sim) => {
      const ref = await sim.spawn(counter, 0, { core: 1 })
      const { processed } = sim.system.books()
      for (let i = 0; i < 50; i += 1) ref.tell('add')
      const later = sim.advance('1h')
      const before = sim.now()
      await sim.settle()
      expect(sim.system.books().processed - processed).toBe(50)
      expect(sim.now() - before).toBeLessThan(10)
      await later
    })
  })

  test('crashes an actor, which comes back behind its ref', async () => {
    await simulate(async (sim) => {
      const ref = await sim.spawn(counter, 5, { core: 1 })
      ref.tell('add')
      await sim.settle()
      const exits: string[] = []
      sim.system.events.on('actor_exited', ({ reason }) => exits.push(reason.kind))
      expect(sim.crash(ref)).toBe(true)
      expect(await ref.ask('read')).toBe(5)
      expect(exits).toEqual(['crash'])
      expect(sim.crash({ core: 1, slot: 99, generation: 1 })).toBe(false)
    })
  })

  test('kills a core, which is replaced', async () => {
    await simulate(async (sim) => {
      const ref = await sim.spawn(counter, 5, { core: 2 })
      const lost: number[] = []
      sim.system.events.on('core_lost', ({ core }) => lost.push(core))
      expect(sim.killCore(2)).toBe(true)
      expect(sim.killCore(2)).toBe(false)
      await sim.advance('1s')
      expect(await ref.ask('read')).toBe(5)
      expect(lost).toEqual([2])
      expect(() => sim.killCore(0)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    })
  })

  test('pauses a core, whose messages wait meanwhile', async () => {
    await simulate(async (sim) => {
      const ref = await sim.spawn(counter, 0, { core: 1 })
      sim.pauseCore(1, '300ms')
      const before = sim.now()
      expect(await ref.ask('read')).toBe(0)
      expect(sim.now() - before).toBeGreaterThanOrEqual(300)
      expect(() => {
        sim.pauseCore(9, 1)
      }).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    })
  })

  test('charges an asynchronous handler for what it tells after an await, as in production', async () => {
    const hanging = defineActor<undefined, number, never, null>(
      import.meta.url,
      'hanging',
      { init: () => null, receive: () => new Promise<null>(() => {}) },
      { mailbox: { capacity: 1 } },
    )
    const eager = defineActor<Ref<number>, 'go', never, Ref<number>>(import.meta.url, 'eager', {
      init: (to) => to,
      async receive(to) {
        await Promise.resolve()
        for (let i = 0; i < 40; i += 1) to.tell(i)
      },
    })
    await simulate(
      async (sim) => {
        const slow = await sim.spawn(hanging, undefined, { core: 1, restart: 'temporary' })
        const ref = await sim.spawn(eager, slow, { core: 1 })
        ref.tell('go')
        await sim.settle()
        // One in hand or in the mailbox with its bound, ten in the outbox of the one actor: the rest is too much.
        expect(sim.system.books().dead.outbox_full).toBeGreaterThan(25)
        await sim.system.stop(slow, { shutdown: 'brutal_kill' })
      },
      { options: { outboxCapacity: 10 } },
    )
  })

  test('supervises teams as the system does', async () => {
    await simulate(async (sim) => {
      const team = await sim.supervise(
        { first: child(counter, 1, { core: 1 }), second: child(counter, 2, { core: 2 }) },
        { strategy: 'one_for_all' },
      )
      team.first.tell('add')
      team.second.tell('add')
      await sim.settle()
      sim.crash(team.first)
      await sim.advance('1s')
      expect(await team.first.ask('read')).toBe(1)
      expect(await team.second.ask('read')).toBe(2)
    })
  })

  test('refuses a promise for a state that has travelled, as threads do', async () => {
    const late = defineActor<number, 'read', number, number>(import.meta.url, 'late', {
      init: (start) => start,
      receive(count, _message, context) {
        context.reply(count)
      },
      migrate: { save: (count) => count, load: (async () => 0) as () => never },
    })
    await simulate(async (sim) => {
      const ref = await sim.spawn(late, 7, { core: 1 })
      await expect(sim.system.migrate(ref, 2)).rejects.toThrow('migrate.load returned a promise, expected the state')
      expect(await ref.ask('read')).toBe(7)
    })
  })

  test('heals: no fault strikes after it', async () => {
    await simulate(
      async (sim) => {
        sim.heal()
        const kills: number[] = []
        sim.system.events.on('core_lost', ({ core }) => kills.push(core))
        const ref = await sim.spawn(counter, 0)
        for (let i = 0; i < 500; i += 1) await ref.ask('read')
        expect(kills).toEqual([])
      },
      { seed: 3, faults: { handlerCrash: 1, pause: 0.5 } },
    )
  })

  test('may shut the system down itself', async () => {
    const [report] = await simulate(async (sim) => {
      await sim.spawn(counter, 0)
      expect((await sim.system.shutdown()).isDrained).toBe(true)
    })
    expect(report?.books.queued).toBe(0)
  })

  test('is over when it is over', async () => {
    let kept: Simulation | undefined
    await simulate((sim) => {
      kept = sim
    })
    await expect((kept as Simulation).advance(1)).rejects.toMatchObject({ code: 'ERR_SIM_OVER' })
    expect(() => (kept as Simulation).killCore(1)).toThrow(expect.objectContaining({ code: 'ERR_SIM_OVER' }))
  })
})

describe('a run that fails', () => {
  test('names the seed and the replay, and has what was thrown for its cause', async () => {
    const thrown = new Error('balance is wrong')
    const error = await failure(
      () => {
        throw thrown
      },
      { seed: 12, cores: 1 },
    )
    expect(error.code).toBe('ERR_SIMULATION')
    expect(error.message).toContain('simulation failed: seed=12, Error: balance is wrong')
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
    expect(error.message).toContain(`replay: simulate(scenario, { seed: 12, cores: 1 }) with @cambium/testkit ${version}\n`)
    expect(error.cause).toBe(thrown)
    expect(error.fields).toMatchObject({ seed: 12, version, faults: [] })
  })

  test('names all that it depends on', async () => {
    const options = { strict: false, outboxCapacity: 10 }
    const error = await failure(
      () => {
        throw new Error('no')
      },
      { seed: 12, cores: 1, faults: { kill: 0.5 }, options, stuckAfter: '5s' },
    )
    expect(error.message).toContain(
      'replay: simulate(scenario, { seed: 12, cores: 1, faults: {"kill":0.5}, options: { strict: false, outboxCapacity: 10 }, stuckAfter: 5000 }) with',
    )
  })

  test('is found among many, and fails alone under its seed', async () => {
    const scenario = (sim: Simulation): void => {
      if (sim.random.chance(0.2)) throw new Error('unlucky')
    }
    const error = await failure(scenario, { seed: 1, runs: 100 })
    expect(error.message).toMatch(/run=\d+ of 100/)
    const again = await failure(scenario, { seed: error.fields['seed'] as number })
    expect(causeOf(again).message).toBe('unlucky')
  })

  test('tells a scenario that waits for what never comes', async () => {
    const error = await failure(async () => {
      await new Promise(() => {})
    })
    expect(causeOf(error)).toMatchObject({
      code: 'ERR_SIM_STUCK',
      message: expect.stringMatching(/scenario has waited for 60\d{4} virtual milliseconds.*a promise of the scenario’s own/),
    })
  })

  test('tells which actor it may wait for', async () => {
    const error = await failure(async (sim) => {
      const ref = await sim.spawn(counter, 0, { name: 'slow', core: 1 })
      ref.tell('hang')
      await sim.settle()
      ref.tell('add')
      await new Promise(() => {})
    })
    expect(causeOf(error).fields['pending']).toEqual([
      'actor slow is in an asynchronous handler, message "hang"',
      '1 messages wait for actor slow',
    ])
  })

  test('tells a wait that lasts while the system goes on', async () => {
    const error = await failure(
      async (sim) => {
        const ref: Ref<'read', number> = await sim.spawn(counter, 0)
        const poll = (): void => {
          ref.tell('read')
        }
        setInterval(poll, 100)
        await new Promise(() => {})
      },
      { stuckAfter: '30s' },
    )
    expect(causeOf(error)).toMatchObject({
      code: 'ERR_SIM_STUCK',
      message: expect.stringMatching(/has waited for 30\d\d\d virtual milliseconds.*interval of scenario, 100 ms/),
    })
  })

  test('tells an ask under way by its target', async () => {
    const error = await failure(
      async (sim) => {
        const ref = await sim.spawn(counter, 0, { core: 1 })
        await ref.ask('hang', { timeoutMs: 3_600_000 })
      },
      { stuckAfter: '1m' },
    )
    expect(causeOf(error).message).toMatch(
      /ask from core-0 to core-1\/0#1; actor counter@core-1\/0 is in an asynchronous handler/,
    )
  })

  test('has the error that nobody caught in the scenario', async () => {
    const cause = new Error('floating')
    const error = await failure(async (sim) => {
      void Promise.reject(cause)
      await sim.advance('1s')
    })
    expect(causeOf(error)).toMatchObject({ code: 'ERR_SIM_UNHANDLED', cause })
  })

  test('has the failed ask that nobody looked at', async () => {
    const error = await failure(async (sim) => {
      const ref = await sim.spawn(counter, 0, { core: 1 })
      void ref.ask('crash')
      await sim.advance('1s')
    })
    expect(causeOf(error)).toMatchObject({ code: 'ERR_SIM_UNHANDLED', cause: { code: 'ERR_ACTOR_CRASHED' } })
  })

  test('has the error that a timer of the scenario threw', async () => {
    const error = await failure(async (sim) => {
      setTimeout(() => {
        throw new Error('late')
      }, 5)
      await sim.advance('1s')
    })
    expect(causeOf(error)).toMatchObject({ code: 'ERR_SIM_UNHANDLED', message: 'unhandled error in the scenario: late' })
  })

  test('tells what the scenario threw before what nobody caught', async () => {
    const error = await failure(() => {
      void Promise.reject(new Error('second'))
      throw new Error('first')
    })
    expect(causeOf(error).message).toBe('first')
  })

  test('has the ask that nobody looked at any more when the system ended', async () => {
    const error = await failure(async (sim) => {
      const ref = await sim.spawn(counter, 0, { core: 1 })
      void ref.ask('later', { timeoutMs: 3_600_000 })
      await sim.settle()
    })
    expect(causeOf(error)).toMatchObject({ code: 'ERR_SIM_UNHANDLED' })
  })

  test('ends by its signal', async () => {
    const controller = new AbortController()
    const error: unknown = await simulate(
      async (sim) => {
        controller.abort(new Error('enough'))
        await sim.advance(1)
        await new Promise(() => {})
      },
      { signal: controller.signal },
    ).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: 'enough' })
  })

  test('reports a system that does not come to rest, with who keeps it from that', async () => {
    const error = await failure(async (sim) => {
      const ref = await sim.spawn(counter, 0, { core: 1, name: 'stubborn' })
      ref.tell('hang')
      await sim.settle()
    })
    expect(causeOf(error)).toMatchObject({
      code: 'ERR_ORACLE_BOOKS',
      message: expect.stringContaining('actor stubborn is in an asynchronous handler'),
    })
  })
})

describe('an error that nobody caught in an actor', () => {
  test('ends the core, as it ends a thread', async () => {
    await simulate(async (sim) => {
      const ref = await sim.spawn(counter, 3, { core: 1 })
      const lost: string[] = []
      sim.system.events.on('core_lost', ({ core, error }) => lost.push(`${core} ${error.message}`))
      ref.tell('float')
      await sim.advance('1s')
      expect(lost).toEqual([expect.stringContaining('1 core died: core=1, unhandled error: nobody catches this')])
      expect(await ref.ask('read')).toBe(3)
    })
  })

  test('an ask included', async () => {
    const careless = defineActor<undefined, Ref<'crash'>, never, null>(import.meta.url, 'careless', {
      init: () => null,
      receive(_state, target) {
        void target.ask('crash')
      },
    })
    await simulate(async (sim) => {
      const ref = await sim.spawn(careless, undefined, { core: 1 })
      const lost: string[] = []
      sim.system.events.on('core_lost', ({ error }) => lost.push(error.message))
      ref.tell(await sim.spawn(counter, 0, { core: 2 }))
      await sim.advance('1s')
      expect(lost).toEqual([expect.stringContaining('core=1, unhandled error: actor crashed while handling the message')])
    })
  })

  test('on core 0 fails the run', async () => {
    const error = await failure(async (sim) => {
      const ref = await sim.spawn(counter, 3, { core: 0 })
      ref.tell('float')
      await sim.advance('1s')
    })
    expect(causeOf(error)).toMatchObject({
      code: 'ERR_SIM_UNHANDLED',
      message: expect.stringContaining('of core 0: nobody catches this'),
    })
  })
})

describe('options', () => {
  test.each([
    ['seed', { seed: -1 }],
    ['seed', { seed: 1.5 }],
    ['runs', { runs: 0 }],
    ['cores', { cores: 1000 }],
    ['faults.kill', { faults: { kill: 2 } }],
    ['faults.kil', { faults: { kil: 1 } }],
    ['faults[0]', { faults: [{ kind: 'earthquake', occasion: 1 }] }],
    ['faults[0]', { faults: [{ kind: 'kill', occasion: -5 }] }],
    ['faults', { faults: 'all' }],
    ['options.options', { options: null }],
    ['shrinkRuns', { shrinkRuns: -1 }],
    ['stuckAfter', { stuckAfter: 'soon' }],
    ['trace', { trace: 1 }],
    ['signal', { signal: 1 }],
    ['options.cores', { options: { cores: 3 } }],
    ['options.speed', { speed: 3 }],
  ])('wrong %s', async (option, options) => {
    await expect(simulate(() => {}, options as SimulateOptions)).rejects.toMatchObject({ code: 'ERR_OPTION', fields: { option } })
  })

  test('a wrong option of the system', async () => {
    let hasRun = false
    const call = (options: object): Promise<unknown> =>
      simulate(
        () => {
          hasRun = true
        },
        { options },
      )
    await expect(call({ askTimeoutMs: -1 })).rejects.toMatchObject({ code: 'ERR_OPTION', fields: { option: 'askTimeoutMs' } })
    await expect(call({ bogus: 1 })).rejects.toMatchObject({ code: 'ERR_OPTION', fields: { option: 'options.bogus' } })
    await expect(call({ spares: 3 })).rejects.toMatchObject({ code: 'ERR_OPTION', fields: { option: 'spares' } })
    expect(hasRun).toBe(false)
  })

  test('wrong children of a team, and what is no behaviour', async () => {
    await simulate(async (sim) => {
      await expect(sim.supervise(null as never)).rejects.toMatchObject({ code: 'ERR_OPTION' })
      await expect(sim.supervise({ first: undefined } as never)).rejects.toMatchObject({ code: 'ERR_OPTION' })
      await expect(sim.spawn({} as never, 1)).rejects.toMatchObject({ code: 'ERR_OPTION' })
    })
  })

  test('what is no behaviour to learn, and no actor', async () => {
    await simulate(async (sim) => {
      const wrong = (option: string): unknown =>
        expect.objectContaining({ code: 'ERR_OPTION', message: expect.stringContaining(`option ${option} is wrong`) })
      expect(() => {
        sim.learn({} as never)
      }).toThrow(wrong('behaviour') as Error)
      expect(() => sim.crash(undefined as never)).toThrow(wrong('ref') as Error)
      expect(() => sim.isGone(undefined as never)).toThrow(wrong('ref') as Error)
      const probe = await sim.probe()
      await expect(probe.expectTerminated(undefined as never)).rejects.toMatchObject({
        code: 'ERR_OPTION',
        fields: { option: 'ref' },
      })
    })
  })

  test('a scenario that is none', async () => {
    await expect(simulate('scenario' as never)).rejects.toMatchObject({ code: 'ERR_OPTION', fields: { option: 'scenario' } })
  })

  test('a wrong duration', async () => {
    await simulate(async (sim) => {
      await expect(sim.advance('5 minutes' as never)).rejects.toMatchObject({
        code: 'ERR_OPTION',
        fields: { option: 'duration' },
      })
    })
  })

  test('a simulation inside a simulation', async () => {
    await simulate(async () => {
      await expect(simulate(() => {})).rejects.toMatchObject({ code: 'ERR_SIM_NESTED' })
    })
  })
})

describe('simulations beside each other', () => {
  test('do not disturb each other, nor the process', async () => {
    const alone = await simulate(shiftMoney, { seed: 5, cores: 3, faults: true })
    const other = simulate(
      async (sim) => {
        await sim.spawn(account, 1)
        await sim.advance('1h')
        expect(Date.now()).toBe(946_684_800_000 + Math.floor(sim.now()))
      },
      { seed: 6 },
    )
    const together = simulate(shiftMoney, { seed: 5, cores: 3, faults: true })
    // In this test's own code the clock is real, while both run.
    expect(Date.now()).toBeGreaterThan(1_700_000_000_000)
    expect((await together)[0]?.hash).toBe(alone[0]?.hash)
    await other
  })

  test('leave errors of the process to the process', async () => {
    const ended = execute(process.execPath, [join(import.meta.dirname, 'fixtures/foreign-rejection.ts')])
    await expect(ended).rejects.toMatchObject({ stdout: '', stderr: expect.stringContaining('Error: of the process itself') })
  })

  test('leave nothing behind', async () => {
    const { stdout } = await execute(process.execPath, [join(import.meta.dirname, 'fixtures/leaves-nothing.ts')])
    expect(JSON.parse(stdout)).toEqual({ isSame: true, resources: [] })
  })
})
