/** Configuration, files and the order of applications: what is wrong is told before anything is started. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { CambiumError } from '@cambium/base'
import { child, startSystem } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { applicationOf, defineApplication, reloadConfig, setting, stopApplications, whichApplications } from '../src/index.ts'
import type { Application, StandardSchema, TopSupervisor } from '../src/index.ts'
import { counter } from './fixtures/counter.ts'
import { tree } from './fixtures/family.ts'
import { startApplications, watchApplications } from './fixtures/started-applications.ts'

/** A schema of another library: a list of words, from text or as it is. */
const words: StandardSchema<string | readonly string[], readonly string[]> = {
  '~standard': {
    version: 1,
    vendor: 'another',
    async validate(value) {
      if (value === undefined) return { value: [] }
      if (typeof value === 'string') return { value: value.split(',') }
      if (!Array.isArray(value))
        return { issues: [{ message: 'Expected array' }, { message: 'Not that', path: [{ key: 'a' }, 1] }] }
      return { value: value as string[] }
    },
  },
}

const config = {
  port: setting.integer({ min: 1, max: 65_535 }),
  rate: setting.number({ default: 0.5 }),
  isOpen: setting.boolean({ default: true }),
  motto: setting.text({ optional: true, pattern: /[a-z ]+/ }),
  bankUrl: setting.url({ protocols: ['https:'], default: 'https://bank.example', secret: true }),
  idle: setting.duration({ default: '5s', max: '1h' }),
  mode: setting.oneOf(['fast', 'safe'], { default: 'safe' }),
  words,
}
const shop = defineApplication(import.meta.url, 'web-shop', { config })
const LIMITS = { port: 8080, rate: 0.5, isOpen: true, motto: undefined, idle: 5000, mode: 'safe', words: [] }
const DEFAULTS = { ...LIMITS, bankUrl: 'https://bank.example/' }

let system: System
let expectNothingLeft: () => Promise<void>
let folder: string
beforeEach(async () => {
  system = await startSystem({ cores: 0, handleSignals: false })
  expectNothingLeft = await watchApplications(system)
  folder = mkdtempSync(join(tmpdir(), 'applications-'))
})
afterEach(async () => {
  await expectNothingLeft()
  await system.shutdown()
  rmSync(folder, { recursive: true })
})

const failureOf = async (run: () => unknown): Promise<CambiumError> => {
  try {
    await run()
  } catch (error) {
    return error as CambiumError
  }
  return expect.fail('went well, expected an error')
}

function fileOf(content: unknown): string {
  const path = join(folder, 'config.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

describe('values', () => {
  test('what is named first holds: code, environment, file, default', async () => {
    const given = { 'web-shop': { port: 3 } }
    const env = { WEB_SHOP_PORT: '2', WEB_SHOP_RATE: '0.2' }
    const file = fileOf({ 'web-shop': { port: 1, rate: 0.1, mode: 'fast' }, 'not-started': 7 })
    await startApplications(system, [shop], { config: given, env, configFile: pathToFileURL(file) })
    expect(applicationOf(system, shop).config).toEqual({ ...DEFAULTS, port: 3, rate: 0.2, mode: 'fast' })
    expect(Object.isFrozen(applicationOf(system, shop).config)).toBe(true)
  })

  test('environment variables are read as what the setting is', async () => {
    const env = {
      WEB_SHOP_PORT: '8080',
      WEB_SHOP_RATE: ' 1e-3 ',
      WEB_SHOP_IS_OPEN: 'No',
      WEB_SHOP_MOTTO: 'all must go',
      WEB_SHOP_BANK_URL: 'https://other.example',
      WEB_SHOP_IDLE: '250',
      WEB_SHOP_MODE: 'fast',
      WEB_SHOP_WORDS: 'a,b',
      WEB_SHOP_UNKNOWN: 'whatever',
    }
    await startApplications(system, [shop], { env })
    expect(applicationOf(system, shop).config).toEqual({
      port: 8080,
      rate: 0.001,
      isOpen: false,
      motto: 'all must go',
      bankUrl: 'https://other.example/',
      idle: 250,
      mode: 'fast',
      words: ['a', 'b'],
    })
  })

  const range = 'expected an integer from 1 to 65535'
  test.each<[key: string, value: unknown, problem: string]>([
    ['port', undefined, range],
    ['port', 0, range],
    ['port', 80.5, range],
    ['port', '80', range], // text is a number in the environment only
    ['port', Number.NaN, range],
    ['rate', 'half', 'expected a number'],
    ['isOpen', 1, 'expected true or false'],
    ['motto', 'ALL', 'expected a string that matches /[a-z ]+/'],
    ['motto', 'all!', 'expected a string that matches'],
    [
      'bankUrl',
      'http://bank.example',
      'value=secret, from=code, variable=WEB_SHOP_BANK_URL: expected a URL that begins with https:',
    ],
    ['bankUrl', 'bank', 'expected a URL that begins with https:'],
    ['idle', 'soon', "expected milliseconds, or a time such as '250ms', '5s', '2m', '1h', '1d', from 0 to 1h"],
    ['idle', '2h', 'from 0 to 1h'],
    ['idle', -1, 'from 0 to 1h'],
    ['mode', 'slow', 'expected one of fast, safe'],
    ['words', 5, 'key=words, value=5, from=code, variable=WEB_SHOP_WORDS: Expected array'],
    ['words', 5, 'key=words.a.1, value=5, from=code'],
    ['ports', 80, 'expected one of the keys port, rate, isOpen'],
  ])('a wrong one is named with its key, its value and what was expected: %s = %o', async (key, value, problem) => {
    const given = { 'web-shop': { port: 80, [key]: value } } as never
    const error = await failureOf(() => startApplications(system, [shop], { config: given, env: {} }))
    expect(error.code).toBe('ERR_CONFIG')
    expect(error.message).toContain(`application=web-shop, key=${key}`)
    expect(error.message).toContain(problem)
    expect(error.message).not.toContain('http://bank')
    expect(whichApplications(system)).toEqual([])
  })

  test('all that is wrong is told at once, with where it came from', async () => {
    const other = defineApplication(import.meta.url, 'other', { config: { size: setting.number() } })
    const configFile = fileOf({ 'web-shop': { rate: 'x' }, other: 5 })
    const error = await failureOf(() =>
      startApplications(system, [shop, other], { env: { WEB_SHOP_PORT: 'eighty' }, configFile }),
    )
    const { problems } = error.fields as { problems: { application: string; key: string; value: string; from: string }[] }
    expect(problems.map(({ application, key, value, from }) => [application, key, value, from])).toEqual([
      ['web-shop', 'port', '"eighty"', 'environment'],
      ['web-shop', 'rate', '"x"', configFile],
      ['other', '*', '5', configFile],
      ['other', 'size', 'undefined', 'nowhere'],
    ])
    expect(error.message).toContain('value=undefined, from=nowhere, variable=OTHER_SIZE: expected a number')
  })

  test('in code, applications that nobody has heard of are named; a file may have more than is started', async () => {
    const other = defineApplication(import.meta.url, 'other', { config: { size: setting.number({ default: 1 }) } })
    const wrong = { 'web-shop': { port: 80 }, webshop: { token: 'xyz' }, other: 5 }
    const misspelt = await failureOf(() => startApplications(system, [shop], { config: wrong, env: {} }))
    const { problems } = misspelt.fields as { problems: { application: string; key: string; value: string; problem: string }[] }
    expect([misspelt.code, ...problems.map(({ application, key, value }) => [application, key, value])]).toEqual([
      'ERR_CONFIG',
      ['webshop', '*', '["token"]'],
      ['other', '*', '5'],
    ])
    expect(problems[0]?.problem).toBe('expected one of the applications web-shop')
    expect(misspelt.message).not.toContain('xyz')
    expect(whichApplications(system)).toEqual([])

    const configFile = fileOf({ 'web-shop': { port: 80 }, webshop: {} })
    expect(await startApplications(system, [shop], { configFile, env: {} })).toEqual(['web-shop'])
    // One that runs already is no mistake: it is left as it is.
    const both = { 'web-shop': { port: 81 }, other: { size: 2 } }
    expect(await startApplications(system, [other], { config: both, env: {} })).toEqual(['other'])
    expect([applicationOf(system, shop).config.port, applicationOf(system, other).config.size]).toEqual([80, 2])
    await stopApplications(system, [other])
    expect(await reloadConfig(system, { config: both })).toEqual(['web-shop'])
    const reloaded = await failureOf(() => reloadConfig(system, { config: { shop: { port: 82 } } }))
    expect(reloaded.message).toContain('application=shop, key=*')
    expect(reloaded.message).toContain('expected one of the applications web-shop, other')
    expect(applicationOf(system, shop).config.port).toBe(81)
  })

  test('a file that cannot be read is named', async () => {
    for (const [content, problem] of [
      ['{', 'JSON'],
      ['[]', 'no JSON object'],
      [' '.repeat(1 << 21), 'expected 1048576 at most'],
    ] as const) {
      const configFile = fileOf(content)
      const error = await failureOf(() => startApplications(system, [shop], { configFile }))
      expect([error.code, error.fields['file']]).toEqual(['ERR_CONFIG_FILE', configFile])
      expect(error.message).toContain(problem)
    }
    expect((await failureOf(() => startApplications(system, [shop], { configFile: 'nowhere.json' }))).code).toBe(
      'ERR_CONFIG_FILE',
    )
  })

  test.each<[() => unknown, string]>([
    [() => setting.integer({ min: 1, default: 0 }), 'default'],
    [() => setting.integer({ minimum: 1 } as never), 'options.minimum'],
    [() => setting.number({ min: Number.NaN }), 'min'],
    [() => setting.text({ pattern: 'a' as never }), 'pattern'],
    [() => setting.oneOf([]), 'choices'],
    [() => setting.duration({ max: 'long' as never }), 'max'],
    [() => setting.url({ protocols: [] }), 'protocols'],
    [() => setting.boolean({ optional: 1 as never }), 'optional'],
  ])('a setting that cannot be is refused where it is made: %s', async (make, option) => {
    expect(await failureOf(make)).toMatchObject({ code: 'ERR_OPTION', fields: { option } })
  })
})

describe('files', () => {
  test('are found relative to the module, and named when they are not there', async () => {
    writeFileSync(join(folder, 'prices.json'), '{}')
    const module = pathToFileURL(join(folder, 'app.ts'))
    const good = defineApplication(module, 'good', { assets: { prices: 'prices.json', here: './' } })
    await startApplications(system, [good])
    expect(applicationOf(system, good).assets).toEqual({ prices: join(folder, 'prices.json'), here: `${folder}/` })
    for (const [path, problem] of [
      ['price.json', 'expected a file, nothing is there'],
      ['prices.json/', 'expected a folder'],
      ['http://example.com/x', 'file'],
    ] as const) {
      const bad = defineApplication(module, 'bad', { assets: { it: path } })
      const error = await failureOf(() => startApplications(system, [bad]))
      expect(error).toMatchObject({ code: 'ERR_ASSET', fields: { application: 'bad', asset: 'it' } })
      expect(error.message).toContain(problem)
    }
  })
})

describe('what cannot be', () => {
  const named = (name: string, dependencies: string[] = [], phases: string[] = []): Application =>
    defineApplication<string>(import.meta.url, name, {
      dependencies,
      phases: Object.fromEntries(phases.map((phase) => [phase, () => {}])),
    })

  test('circles, doubles and strangers are told by name, and nothing is started', async () => {
    const [a, b, c, d] = [named('a', ['b']), named('b', ['c']), named('c', ['b']), named('d', ['d'])]
    const failures: [Application[], string, string][] = [
      [[a, b, c], 'ERR_APPLICATION_CYCLE', 'b → c → b'],
      [[d], 'ERR_APPLICATION_CYCLE', 'd → d'],
      [[a], 'ERR_NO_SUCH_APPLICATION', 'application=a, dependency=b'],
      [[named('a'), named('a')], 'ERR_APPLICATION_DUPLICATE', 'application=a'],
      [[named('e', [], ['warm', 'open']), named('f', [], ['open', 'warm'])], 'ERR_APPLICATION_PHASES', 'warm → open → warm'],
    ]
    for (const [given, code, text] of failures) {
      const error = await failureOf(() => startApplications(system, given))
      expect(error.code).toBe(code)
      expect(error.message).toContain(text)
      expect(whichApplications(system)).toEqual([])
    }
    await startApplications(system, [c, named('b')].slice(1))
    expect((await failureOf(() => startApplications(system, [b, c]))).code).toBe('ERR_APPLICATION_DUPLICATE') // another b runs
  })

  test('a long chain of dependencies is no depth of calls', async () => {
    const chain = Array.from({ length: 3000 }, (_, at) => named(`n${at}`, at === 2999 ? [] : [`n${at + 1}`]))
    const order = await startApplications(system, chain)
    expect([order.length, order[0], order.at(-1)]).toEqual([3000, 'n2999', 'n0'])
  })

  test.each<[string, unknown]>([
    ['name', () => defineApplication(import.meta.url, '9', {})],
    ['module', () => defineApplication('here', 'a', {})],
    ['dependencies', () => defineApplication(import.meta.url, 'a', { dependencies: [undefined] as never })],
    ['config.port', () => defineApplication(import.meta.url, 'a', { config: { port: 80 } as never })],
    ['config.a_b', () => defineApplication(import.meta.url, 'a', { config: { aB: setting.text(), a_b: setting.text() } })],
    ['assets.x', () => defineApplication(import.meta.url, 'a', { assets: { x: 1 } as never })],
    ['phases.x', () => defineApplication(import.meta.url, 'a', { phases: { x: 1 } as never })],
    ['stop', () => defineApplication(import.meta.url, 'a', { stop: 1 as never })],
  ])('a wrong definition names its field: %s', async (field, define) => {
    expect(await failureOf(define as () => void)).toMatchObject({ code: 'ERR_APPLICATION', fields: { field } })
  })

  test('a setting that no value fits is refused, and an error does not show a secret', () => {
    for (const [make, option] of [
      [() => setting.integer({ min: 5, max: 1 }), 'max'],
      [() => setting.number({ min: 5, max: 1 }), 'max'],
      [() => setting.duration({ min: '5s', max: '1s' }), 'max'],
      [() => setting.text({ secret: true, default: 'hunter2', pattern: /x/ }), 'default'],
    ] as const) {
      expect(make).toThrow(expect.objectContaining({ code: 'ERR_OPTION', fields: expect.objectContaining({ option }) }) as Error)
      expect(make).not.toThrow(/hunter2/)
    }
  })

  test('what objects have from their prototype are names like any other, of applications and of keys', async () => {
    const keys = { constructor: setting.integer({ default: 3 }), toString: setting.text({ default: 'x' }) }
    const odd = defineApplication(import.meta.url, 'constructor', { config: keys as unknown as Record<string, StandardSchema> })
    await startApplications(system, [odd], { config: {}, configFile: fileOf({}), env: {} })
    expect(Object.entries(applicationOf(system, odd).config)).toEqual([
      ['constructor', 3],
      ['toString', 'x'],
    ])
    expect(await reloadConfig(system, { config: {} })).toEqual([])
    expect(await reloadConfig(system, { config: { constructor: { constructor: 4 } } as never })).toEqual(['constructor'])
    expect(Object.entries(applicationOf(system, odd).config)).toContainEqual(['constructor', 4])
  })

  test('a system that has ended starts none, whether it had one before or not', async () => {
    const library = defineApplication(import.meta.url, 'library', {})
    const other = await startSystem({ cores: 0, handleSignals: false })
    await startApplications(other, [library])
    for (const ended of [system, other]) {
      await ended.shutdown()
      expect((await failureOf(() => startApplications(ended, [library]))).code).toBe('ERR_SYSTEM_CLOSED')
      expect(whichApplications(ended)).toEqual([])
    }
  })

  test('a wrong option, list or system is named', async () => {
    for (const [run, option] of [
      [() => defineApplication(import.meta.url, 'a', { treee: 1 } as never), 'definition.treee'],
      [() => startApplications(system, [{ name: 'shop' }] as never), 'applications.0'],
      [() => startApplications(system, shop as never), 'applications'],
      [() => startApplications({} as never, [shop]), 'system'],
      [() => startApplications(system, [shop], { type: 'x' as never }), 'type'],
      [() => startApplications(system, [shop], { config: 5 as never }), 'config'],
      [() => startApplications(system, [shop], { configFile: 5 as never }), 'configFile'],
      [() => startApplications(system, [shop], { typ: 'x' } as never), 'options.typ'],
    ] as const)
      expect(await failureOf(run)).toMatchObject({ code: 'ERR_OPTION', fields: { option } })
    expect((await failureOf(() => applicationOf(system, shop))).code).toBe('ERR_NO_SUCH_APPLICATION')
    const library = defineApplication(import.meta.url, 'library', {})
    await startApplications(system, [library])
    expect((await failureOf(() => applicationOf(system, library).supervisor)).code).toBe('ERR_APPLICATION')
  })

  test.each<[string, () => unknown]>([
    ['a child that is a server', () => child(counter, 0)],
    ['undefined', () => undefined],
    ['restart are for children', () => child(tree, {} as never, { restart: 'temporary' })],
  ])('a tree that is none fails the start: %s', async (text, top) => {
    const wrong = defineApplication(import.meta.url, 'wrong', { tree: top as () => TopSupervisor })
    const error = await failureOf(() => startApplications(system, [wrong]))
    expect(error).toMatchObject({ code: 'ERR_APPLICATION_START', cause: { code: 'ERR_APPLICATION' } })
    expect(error.message).toContain(text)
  })

  test('as many starts and stops as may wait do; one more is refused', async () => {
    const [a] = [named('a')]
    const waiting = Array.from({ length: 1024 }, () => startApplications(system, [a]))
    expect((await failureOf(() => startApplications(system, [a]))).code).toBe('ERR_APPLICATIONS_BUSY')
    const started = await Promise.all(waiting)
    expect(started.flat()).toEqual(['a'])
    expect(await startApplications(system, [a])).toEqual([])
  })
})
