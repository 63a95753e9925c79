/** What the types of applications infer: configuration, files and state, without a single annotation. */
import { child } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { expectTypeOf, test } from 'vitest'
import { applicationOf, defineApplication, defineSupervisor, setting, startApplications } from '../src/index.ts'
import type { ConfigChange, StandardSchema, SupervisorRef } from '../src/index.ts'
import { counter } from './fixtures/counter.ts'

declare const system: System
/** As other libraries have it. */
declare const list: StandardSchema<string, readonly string[]>

const top = defineSupervisor<number>(import.meta.url, 'top', { init: () => ({ children: [] }) })

const shop = defineApplication(import.meta.url, 'shop', {
  config: {
    port: setting.integer({ min: 1, max: 65_535 }),
    rate: setting.number({ default: 0.5 }),
    isOpen: setting.boolean({ default: true }),
    motto: setting.text({ optional: true }),
    bank: setting.url({ protocols: ['https:'], secret: true }),
    idle: setting.duration({ default: '5s' }),
    mode: setting.oneOf(['fast', 'safe'], { optional: true }),
    tags: list,
  },
  assets: { prices: 'prices.json', pages: 'pages/' },
  tree(app) {
    expectTypeOf(app.config.port).toEqualTypeOf<number>()
    return child(top, app.config.port, { core: 1 })
  },
  async start(app) {
    expectTypeOf(app.config).toEqualTypeOf<{
      readonly port: number
      readonly rate: number
      readonly isOpen: boolean
      readonly motto: string | undefined
      readonly bank: string
      readonly idle: number
      readonly mode: 'fast' | 'safe' | undefined
      readonly tags: readonly string[]
    }>()
    expectTypeOf(app.assets).toEqualTypeOf<{ readonly prices: string; readonly pages: string }>()
    expectTypeOf(app.supervisor).toEqualTypeOf<SupervisorRef>()
    return { opened: 1 }
  },
  phases: {
    open(state, app) {
      expectTypeOf(state).toEqualTypeOf<{ opened: number }>()
      expectTypeOf(app.config.rate).toEqualTypeOf<number>()
    },
  },
  prepStop(state) {
    expectTypeOf(state).toEqualTypeOf<{ opened: number }>()
  },
  stop: (state) => {
    expectTypeOf(state).toEqualTypeOf<{ opened: number }>()
  },
  configChange(change, state) {
    expectTypeOf(change.changed.port).toEqualTypeOf<number | undefined>()
    expectTypeOf(change.removed).toEqualTypeOf<
      readonly ('port' | 'rate' | 'isOpen' | 'motto' | 'bank' | 'idle' | 'mode' | 'tags')[]
    >()
    expectTypeOf(state).toEqualTypeOf<{ opened: number }>()
  },
})
const plain = defineApplication(import.meta.url, 'plain', {})

test('what is given in code has the types of the schemas, by application and key', async () => {
  await startApplications(system, [shop, plain], {
    type: 'permanent',
    config: { shop: { port: 80, idle: '2m', mode: 'safe', tags: 'a,b', motto: undefined } },
    env: {},
  })
  // @ts-expect-error a port is a number
  await startApplications(system, [shop], { config: { shop: { port: '80' } } })
  // @ts-expect-error no such mode
  await startApplications(system, [shop], { config: { shop: { mode: 'slow' } } })
  // @ts-expect-error no such key
  await startApplications(system, [shop], { config: { shop: { ports: 80 } } })
  // @ts-expect-error no such application
  await startApplications(system, [shop], { config: { shops: {} } })
  // @ts-expect-error no such duration
  await startApplications(system, [shop], { config: { shop: { idle: 'soon' } } })
  // @ts-expect-error no such type
  await startApplications(system, [shop], { type: 'forever' })
})

test('a running application is seen with its own types', () => {
  const { config, assets } = applicationOf(system, shop)
  expectTypeOf(config.mode).toEqualTypeOf<'fast' | 'safe' | undefined>()
  expectTypeOf(assets.pages).toEqualTypeOf<string>()
  // @ts-expect-error no such key
  void applicationOf(system, shop).config.ports
  // @ts-expect-error it has no configuration
  void applicationOf(system, plain).config.port
  // @ts-expect-error a configuration is read only
  config.port = 1
  expectTypeOf(shop.name).toEqualTypeOf<'shop'>()
})

test('what cannot be is no application', () => {
  // @ts-expect-error a server is no top of a tree
  defineApplication(import.meta.url, 'flat', { tree: () => child(counter, 0) })
  // @ts-expect-error the argument of the supervisor is a number
  defineApplication(import.meta.url, 'wrong', { tree: () => child(top, 'one') })
  // @ts-expect-error no schema
  defineApplication(import.meta.url, 'loose', { config: { port: 80 } })
  // @ts-expect-error a default is of the type of its setting
  setting.integer({ default: '80' })
  // @ts-expect-error a default is one of the choices
  setting.oneOf(['a', 'b'], { default: 'c' })
  expectTypeOf<ConfigChange<{ readonly a: StandardSchema<string> }>['removed']>().toEqualTypeOf<readonly 'a'[]>()
})
