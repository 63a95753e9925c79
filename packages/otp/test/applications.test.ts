/** Applications in the simulator: their order, their ends, and what starts, stops and ends of the system do to each other (C-52). */
import type { Ref } from '@cambium/actor'
import type { CambiumError } from '@cambium/base'
import { child } from '@cambium/runtime'
import type { SystemEventMap } from '@cambium/runtime'
import { simulate } from '@cambium/testkit'
import type { Simulation } from '@cambium/testkit'
import { describe, expect, test } from 'vitest'
import {
  applicationOf,
  childRef,
  defineApplication,
  reloadConfig,
  setting,
  startApplications,
  stopApplications,
  whichApplications,
} from '../src/index.ts'
import type { Application, ApplicationContext, ApplicationDefinition, ConfigFields } from '../src/index.ts'
import { linesOf, log, member, tree } from './fixtures/family.ts'
import type { LogMessage, MemberMessage, TreeSetting } from './fixtures/family.ts'

type Log = Ref<LogMessage, readonly string[]>
type Definition = ApplicationDefinition<ConfigFields, Record<string, string>, string>

const runs = { runs: 10, cores: 2 }

/** An application of one member, `<name>-a`, whose callbacks tell the log; all on one core, so that what the log hears is in order. */
function app(logRef: Log, name: string, more: Definition = {}, flags: Partial<TreeSetting> = {}, core = 0): Application {
  const tell = (what: string): void => {
    logRef.tell(`${what} ${name}`)
  }
  return defineApplication<string, ConfigFields, Record<string, string>, string>(import.meta.url, name, {
    tree: () => child(tree, { log: logRef, children: [{ id: `${name}-a` }], ...flags }, { core }),
    start() {
      tell('started')
      return name
    },
    prepStop(state) {
      tell(`prepStop ${state}`)
    },
    stop(state) {
      tell(`stopped ${state}`)
    },
    ...more,
  })
}

async function withLog(sim: Simulation): Promise<{ logRef: Log; news: () => Promise<readonly string[]> }> {
  for (const behaviour of [log, member, tree]) sim.learn(behaviour as never)
  const logRef = await sim.spawn(log, undefined, { core: 0 })
  return {
    logRef,
    news: async () => {
      await sim.settle()
      return logRef.ask({ clear: true })
    },
  }
}

function collect<K extends keyof SystemEventMap>(sim: Simulation, event: K): SystemEventMap[K][0][] {
  const seen: SystemEventMap[K][0][] = []
  sim.system.events.on(event as 'fault', ((detail: SystemEventMap[K][0]) => seen.push(detail)) as never)
  return seen
}

const failureOf = async (promise: Promise<unknown>): Promise<CambiumError> => {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error as CambiumError,
  )
  if (outcome === undefined) expect.fail('resolved, expected a rejection')
  return outcome
}

const names = (sim: Simulation): string[] => whichApplications(sim.system).map(({ name, status }) => `${name} ${status}`)

describe('starts and stops', () => {
  test('C-52 the order follows dependencies, and the stop is its reverse', async () => {
    await simulate(async (sim) => {
      const { logRef, news } = await withLog(sim)
      const [web, shop, store] = [
        app(logRef, 'web', { dependencies: ['shop', 'store'], version: '2.0.1' }),
        app(logRef, 'shop', { dependencies: ['store'] }),
        app(logRef, 'store'),
      ]
      const started = collect(sim, 'application_started')
      expect(await startApplications(sim.system, [web, shop, store])).toEqual(['store', 'shop', 'web'])
      expect(started.map(({ name, version }) => [name, version])).toEqual([
        ['store', undefined],
        ['shop', undefined],
        ['web', '2.0.1'],
      ])
      expect(await news()).toEqual(['store', 'shop', 'web'].flatMap((name) => [`start ${name}-a`, `started ${name}`]))
      expect(names(sim)).toEqual(['store running', 'shop running', 'web running'])
      expect(await startApplications(sim.system, [store, web])).toEqual([]) // they run
      expect(sim.system.whereis('shop')?.equals(applicationOf(sim.system, shop).supervisor)).toBe(true)

      expect(await failureOf(stopApplications(sim.system, [store]))).toMatchObject({
        code: 'ERR_APPLICATION_IN_USE',
        fields: { application: 'store', dependent: 'shop' },
      })
      expect(await news()).toEqual([])
      await stopApplications(sim.system, [store, web, shop])
      expect(await news()).toEqual(
        ['web', 'shop', 'store'].flatMap((name) => [`prepStop ${name} ${name}`, `stop ${name}-a`, `stopped ${name} ${name}`]),
      )
      expect(names(sim)).toEqual([])
      expect(sim.system.whereis('shop')).toBeUndefined()
      expect((await failureOf(stopApplications(sim.system, [shop]))).code).toBe('ERR_NO_SUCH_APPLICATION')
      expect(await startApplications(sim.system, [store])).toEqual(['store']) // anew
    }, runs)
  })

  test('C-52 R2.8 the end of the system stops them in reverse, with their callbacks, before all other actors', async () => {
    await simulate(async (sim) => {
      const { logRef } = await withLog(sim)
      const heard: string[] = []
      const ask = async (_state: string, { supervisor, name }: ApplicationContext): Promise<void> => {
        const ref = await childRef<MemberMessage, number>(supervisor, `${name}-a`)
        heard.push(`${name} ${await ref?.ask('count')}`)
      }
      const stop = async (state: string): Promise<void> => {
        heard.push(...(await linesOf(logRef)).slice(-1), `stopped ${state}`)
      }
      const store = app(logRef, 'store', { prepStop: ask, stop })
      const web = app(logRef, 'web', { prepStop: ask, stop, dependencies: ['store'] })
      await startApplications(sim.system, [store, web], { type: 'permanent' })
      const ref = await childRef<MemberMessage, number>(applicationOf(sim.system, web).supervisor, 'web-a')
      for (let i = 0; i < 5; i += 1) ref?.tell('touch')
      const report = await sim.system.shutdown()
      expect(report).toMatchObject({ isDrained: true, undrained: 0 })
      expect(heard).toEqual(['web 5', 'stop web-a', 'stopped web', 'store 0', 'stop store-a', 'stopped store'])
      expect(await sim.system.terminated).toEqual({ reason: 'shutdown' })
      expect((await failureOf(startApplications(sim.system, [web]))).code).toBe('ERR_SYSTEM_CLOSED')
    }, runs)
  })

  test('phases run over all applications of a start, one after the other', async () => {
    await simulate(async (sim) => {
      const { logRef, news } = await withLog(sim)
      const phase = (name: string) => async (state: string) => {
        logRef.tell(`${name} ${state}`)
      }
      const store = app(logRef, 'store', { phases: { warm: phase('warm'), open: phase('open') } })
      const web = app(logRef, 'web', { dependencies: ['store'], phases: { open: phase('open'), greet: phase('greet') } })
      await startApplications(sim.system, [web, store])
      expect((await news()).filter((line) => !line.startsWith('start'))).toEqual([
        'warm store',
        'open store',
        'open web',
        'greet web',
      ])
    }, runs)
  })

  test('what does not start is undone in reverse: nothing is left of it', async () => {
    await simulate(async (sim) => {
      const { logRef, news } = await withLog(sim)
      const store = app(logRef, 'store')
      const failing: [Partial<Definition>, Partial<TreeSetting>, string][] = [
        [{ tree: () => Promise.reject(new Error('no tree')) }, {}, 'tree'],
        [{}, { children: [{ id: 'a' }, { id: 'b', first: 'fail' }] }, 'tree'],
        [{ start: () => Promise.reject(new Error('no start')) }, {}, 'start'],
        [{ start: () => new Promise(() => {}), callbackTimeoutMs: 50 }, {}, 'start'],
        [{ phases: { open: () => Promise.reject(new Error('no phase')) } }, {}, 'phase open'],
      ]
      const actors = (await sim.system.report()).map((each) => each.actors)
      for (const [more, flags, step] of failing) {
        const web = app(logRef, 'web', { dependencies: ['store'], ...more }, flags)
        const error = await failureOf(startApplications(sim.system, [store, web]))
        expect(error).toMatchObject({ code: 'ERR_APPLICATION_START', fields: { application: 'web', step } })
        expect(error.message).toContain('application=web')
        const lines = await news()
        expect(lines.slice(-3)).toEqual(['prepStop store store', 'stop store-a', 'stopped store store'])
        expect(lines.filter((line) => line.startsWith('start ')).length).toBe(
          lines.filter((line) => line.startsWith('stop ')).length,
        )
        expect(names(sim)).toEqual([])
        expect((await sim.system.report()).map((each) => each.actors)).toEqual(actors)
        expect([sim.system.whereis('web'), sim.system.whereis('store')]).toEqual([undefined, undefined])
      }
      expect(await startApplications(sim.system, [store])).toEqual(['store'])
    }, runs)
  })

  test('what comes too late of a start that was given up is handed to stop', async () => {
    await simulate(async (sim) => {
      const { logRef, news } = await withLog(sim)
      let open: (state: string) => void = () => {}
      const start = (): Promise<string> =>
        new Promise((resolve) => {
          open = resolve
        })
      const web = app(logRef, 'web', { start, callbackTimeoutMs: 50 })
      const error = await failureOf(startApplications(sim.system, [web]))
      expect(error.cause).toMatchObject({ code: 'ERR_APPLICATION_TIMEOUT' })
      expect(await news()).toEqual(['start web-a', 'stop web-a'])
      open('late')
      expect(await news()).toEqual(['stopped late web'])
    }, runs)
  })
})

describe('at the same time', () => {
  test('a stop during a start cuts it short; a start during a stop waits, and starts anew', async () => {
    await simulate(async (sim) => {
      const { logRef, news } = await withLog(sim)
      let begun: () => void = () => {}
      const hasBegun = new Promise<void>((resolve) => {
        begun = resolve
      })
      let aborted: unknown
      const start = (app_: ApplicationContext): Promise<string> => {
        app_.signal.addEventListener('abort', () => {
          aborted = app_.signal.reason
        })
        begun()
        return new Promise(() => {})
      }
      const store = app(logRef, 'store')
      const web = app(logRef, 'web', { dependencies: ['store'], start })
      const starting = failureOf(startApplications(sim.system, [web, store]))
      await hasBegun
      expect(names(sim)).toEqual(['store starting', 'web starting'])
      const stopping = stopApplications(sim.system, [web])
      const again = startApplications(sim.system, [store])
      expect((await starting).code).toBe('ERR_STOPPED_DURING_START')
      expect(aborted).toMatchObject({ code: 'ERR_APPLICATION_ENDED' })
      await stopping
      expect(await again).toEqual(['store'])
      expect(await news()).toEqual([
        'start store-a',
        'started store',
        'start web-a',
        'stop web-a',
        'prepStop store store',
        'stop store-a',
        'stopped store store',
        'start store-a',
        'started store',
      ])
      expect(names(sim)).toEqual(['store running'])
    }, runs)
  })

  test('a stop of another application of that name leaves a start alone', async () => {
    await simulate(async (sim) => {
      const { logRef } = await withLog(sim)
      let goOn: (state: string) => void = () => {}
      const state = new Promise<string>((resolve) => {
        goOn = resolve
      })
      const starting = startApplications(sim.system, [app(logRef, 'twin', { start: () => state })])
      await sim.advance(100)
      const stopping = failureOf(stopApplications(sim.system, [app(logRef, 'twin')]))
      goOn('twin')
      expect(await starting).toEqual(['twin'])
      expect((await stopping).code).toBe('ERR_NO_SUCH_APPLICATION')
      expect(names(sim)).toEqual(['twin running'])
    }, runs)
  })

  test('the end of the system during a start cuts it short, and one during a stop waits for that', async () => {
    await simulate(async (sim) => {
      const { logRef } = await withLog(sim)
      const order: string[] = []
      const tell = (what: string) => () => {
        order.push(what)
      }
      const store = app(logRef, 'store', { prepStop: tell('prepStop store'), stop: tell('stop store') })
      const queue = app(logRef, 'queue', {
        prepStop: () => new Promise((resolve) => setTimeout(resolve, 20)),
        stop: tell('stop queue'),
      })
      const web = app(logRef, 'web', { dependencies: ['store'], start: () => new Promise(() => {}) })
      await startApplications(sim.system, [store, queue])
      const stopping = stopApplications(sim.system, [queue])
      const starting = failureOf(startApplications(sim.system, [web]))
      await sim.advance(1)
      const ending = sim.system.shutdown()
      await stopping
      expect((await starting).code).toBe('ERR_SYSTEM_CLOSED')
      expect(await ending).toMatchObject({ isDrained: true, abandoned: [] })
      expect(order).toEqual(['stop queue', 'prepStop store', 'stop store'])
    }, runs)
    await simulate(async (sim) => {
      const { logRef } = await withLog(sim)
      let stops = 0
      const stop = (): void => {
        stops += 1
      }
      const store = app(logRef, 'store', { stop })
      const web = app(logRef, 'web', { dependencies: ['store'], start: () => new Promise(() => {}) })
      const starting = failureOf(startApplications(sim.system, [web, store]))
      await sim.advance(5)
      expect(names(sim)).toEqual(['store starting', 'web starting'])
      const { tookMs } = await sim.system.shutdown()
      expect((await starting).code).toBe('ERR_SYSTEM_CLOSED')
      expect([stops, names(sim)]).toEqual([1, []])
      expect(tookMs).toBeLessThan(1000) // nobody has waited for what never comes
    }, runs)
  })

  test('callbacks that never end keep the end of the system no longer than its time', async () => {
    await simulate(async (sim) => {
      const { logRef } = await withLog(sim)
      const never = (): Promise<void> => new Promise(() => {})
      const faults = collect(sim, 'fault')
      await startApplications(sim.system, [app(logRef, 'one', { prepStop: never, stop: never }), app(logRef, 'two')])
      const { tookMs } = await sim.system.shutdown({ timeoutMs: 2000 })
      expect(tookMs).toBeLessThan(2000)
      expect(faults.map(({ where }) => where)).toEqual(['prepStop of application one', 'stop of application one'])
    }, runs)
  })
})

describe('the end of an application by itself', () => {
  const fatal = { intensity: 0 } as const
  const crash = async (sim: Simulation, application: Application): Promise<void> => {
    const ref = await childRef<MemberMessage, number>(applicationOf(sim.system, application).supervisor, `${application.name}-a`)
    ref?.tell('crash')
  }

  test('C-52 a temporary one is told of, its `stop` runs, and all else goes on', async () => {
    await simulate(async (sim) => {
      const { logRef, news } = await withLog(sim)
      const ended = collect(sim, 'application_ended')
      const store = app(logRef, 'store', {}, fatal)
      const web = app(logRef, 'web', { dependencies: ['store'] })
      await startApplications(sim.system, [store, web])
      const { signal } = applicationOf(sim.system, store)
      await news()
      await crash(sim, store)
      expect(await news()).toEqual(['stop store-a', 'stopped store store'])
      expect(ended).toEqual([{ name: 'store', type: 'temporary', isAsked: false, reason: { kind: 'shutdown' } }])
      expect(signal.reason).toMatchObject({ code: 'ERR_APPLICATION_ENDED' })
      expect(names(sim)).toEqual(['web running'])
      expect(await startApplications(sim.system, [store])).toEqual(['store'])
    }, runs)
  })

  test.each(['permanent', 'transient'] as const)(
    'C-52 the failure of a %s one ends the system, and the others are stopped in order',
    async (type) => {
      await simulate(async (sim) => {
        const { logRef } = await withLog(sim)
        const order: string[] = []
        const stop = (state: string): void => {
          order.push(state)
        }
        const store = app(logRef, 'store', { stop })
        const queue = app(logRef, 'queue', { stop }, fatal)
        const web = app(logRef, 'web', { stop, dependencies: ['store'] })
        await startApplications(sim.system, [store, queue, web], { type })
        await crash(sim, queue)
        const { reason, error } = await sim.system.terminated
        expect([reason, error?.code]).toEqual(['failed', 'ERR_APPLICATION_ENDED'])
        expect(error?.message).toContain(`application=queue, type=${type}, reason=shutdown`)
        expect(order).toEqual(['web', 'queue', 'store'])
      }, runs)
    },
  )

  test.each(['permanent', 'transient'] as const)('an orderly end, by autoShutdown, of a %s one', async (type) => {
    await simulate(async (sim) => {
      const { logRef } = await withLog(sim)
      const ended = collect(sim, 'application_ended')
      const significant = { id: 'job-a', restart: 'transient', significant: true } as const
      const job = app(logRef, 'job', {}, { autoShutdown: 'any_significant', children: [significant] })
      await startApplications(sim.system, [job], { type })
      const ref = await childRef<MemberMessage, number>(applicationOf(sim.system, job).supervisor, 'job-a')
      ref?.tell('stop')
      await sim.advance(100)
      expect(ended).toMatchObject([{ name: 'job', isAsked: false, reason: { kind: 'shutdown', detail: 'auto_shutdown' } }])
      if (type === 'permanent') expect(await sim.system.terminated).toMatchObject({ reason: 'failed' })
      else expect(await linesOf(logRef)).toContain('stopped job job')
    }, runs)
  })

  test('one that ends while its start is not over makes that fail', async () => {
    await simulate(async (sim) => {
      const { logRef } = await withLog(sim)
      const store = app(logRef, 'store', {}, fatal)
      const web = app(logRef, 'web', {
        dependencies: ['store'],
        async start() {
          await crash(sim, store)
          return new Promise(() => {})
        },
      })
      const error = await failureOf(startApplications(sim.system, [web, store], { type: 'permanent' }))
      expect(error).toMatchObject({ code: 'ERR_APPLICATION_ENDED', fields: { application: 'store' } })
      expect(names(sim)).toEqual([])
      expect(await linesOf(logRef)).toContain('stopped store store')
    }, runs)
  })

  test('R3.3 the death of cores is not the end of an application: its tree is back behind the same ref', async () => {
    await simulate(async (sim) => {
      const { logRef, news } = await withLog(sim)
      const ended = collect(sim, 'application_ended')
      const store = app(logRef, 'store', {}, { intensity: 5, children: [{ id: 'store-a', core: 2 }] }, 1)
      await startApplications(sim.system, [store], { type: 'permanent' })
      const { supervisor } = applicationOf(sim.system, store)
      const ref = await childRef<MemberMessage, number>(supervisor, 'store-a')
      for (const core of [1, 2, 1, 2]) {
        sim.killCore(core)
        await sim.advance('1s')
        expect(await ref?.ask('count')).toBe(0)
      }
      expect(names(sim)).toEqual(['store running'])
      expect(ended).toEqual([])
      await news()
      await stopApplications(sim.system, [store])
      expect([...(await news())].sort()).toEqual(['prepStop store store', 'stop store-a', 'stopped store store'])
    }, runs)
  })
})

describe('configuration', () => {
  const fields = {
    port: setting.integer({ min: 1, max: 65_535 }),
    idle: setting.duration({ default: '5s' }),
    motto: setting.text({ optional: true }),
    greeting: setting.text({ default: 'hello' }),
  }

  test('changes while it runs: all or nothing, told by key, and kept for the next restart', async () => {
    await simulate(async (sim) => {
      const { logRef, news } = await withLog(sim)
      const changes: unknown[] = []
      const env: Record<string, string | undefined> = { SHOP_PORT: '80', SHOP_MOTTO: 'all must go' }
      const shop = defineApplication(import.meta.url, 'shop', {
        config: fields,
        tree: ({ config }) => child(tree, { log: logRef, children: [{ id: `port ${config.port}` }] }, { core: 1 }),
        configChange(change, _state, app_) {
          changes.push([change, app_.config.port])
        },
      })
      const other = defineApplication(import.meta.url, 'other', {
        config: { size: setting.number({ default: 1 }) },
        configChange: () => {
          changes.push('other')
        },
      })
      await startApplications(sim.system, [shop, other], { env })
      expect(applicationOf(sim.system, shop).config).toEqual({ port: 80, idle: 5000, motto: 'all must go', greeting: 'hello' })
      expect(await reloadConfig(sim.system)).toEqual([])

      env['SHOP_PORT'] = '0'
      env['OTHER_SIZE'] = '2'
      expect((await failureOf(reloadConfig(sim.system))).code).toBe('ERR_CONFIG')
      expect(applicationOf(sim.system, other).config).toEqual({ size: 1 })
      env['SHOP_PORT'] = '81'
      env['OTHER_SIZE'] = '1'
      delete env['SHOP_MOTTO']
      expect(await reloadConfig(sim.system, { config: { shop: { idle: 100 } } })).toEqual(['shop'])
      expect(changes).toEqual([[{ changed: { port: 81, idle: 100 }, added: {}, removed: ['motto'] }, 81]])
      env['SHOP_MOTTO'] = 'new'
      expect(await reloadConfig(sim.system)).toEqual(['shop'])
      expect(changes.at(-1)).toEqual([{ changed: {}, added: { motto: 'new' }, removed: [] }, 81])

      expect(await news()).toEqual(['start port 80'])
      sim.killCore(1)
      await sim.advance('1s')
      expect(await news()).toEqual(['start port 81'])
    }, runs)
  })

  test('a callback that fails keeps no other from being told, and the new configuration holds', async () => {
    await simulate(async (sim) => {
      const env: Record<string, string> = {}
      const told: string[] = []
      const application = (name: string, fails: boolean) =>
        defineApplication(import.meta.url, name, {
          config: { size: setting.number({ default: 1 }) },
          configChange(_change, _state, { config }) {
            if (fails) throw new Error('not that')
            told.push(`${name} ${config.size}`)
          },
        })
      const [one, two] = [application('one', true), application('two', false)]
      await startApplications(sim.system, [one, two], { env })
      env['ONE_SIZE'] = '2'
      env['TWO_SIZE'] = '2'
      expect(await failureOf(reloadConfig(sim.system))).toMatchObject({
        code: 'ERR_APPLICATION_CONFIG_CHANGE',
        fields: { application: 'one', callback: 'configChange' },
      })
      expect(told).toEqual(['two 2'])
      expect(applicationOf(sim.system, one).config).toEqual({ size: 2 })
    }, runs)
  })
})
