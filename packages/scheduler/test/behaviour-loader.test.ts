/** Which behaviour of a module is taken: its own, never one that it only hands on. */
import { defineActor } from '@cambium/actor'
import type { Behaviour } from '@cambium/actor'
import type { CorePlatform } from '@cambium/base'
import { expect, it } from 'vitest'
import { BehaviourLoader } from '../src/behaviour-loader.ts'

const MINE = 'file:///mine.js'
const OTHER = 'file:///other.js'

const define = (module: string, name: string): Behaviour<unknown, unknown> =>
  defineActor<unknown, unknown>(module, name, { init: () => null, receive() {} })

function loaderOf(modules: Readonly<Record<string, object>>): BehaviourLoader {
  const platform = { importModule: async (url: string) => modules[url] } as unknown as CorePlatform
  return new BehaviourLoader(platform)
}

it('a re-export of the same name does not win, wherever it stands', async () => {
  const mine = define(MINE, 'worker')
  const other = define(OTHER, 'worker')
  const modules = { [MINE]: { a: other, mine, zz: other }, [OTHER]: { other } }
  const loader = loaderOf(modules)
  expect(await loader.load(MINE, 'worker')).toBe(mine)
  expect(await loader.load(OTHER, 'worker')).toBe(other)
  expect(await loader.load(MINE, 'worker')).toBe(mine)
})

it('what a module only hands on is not found under it', async () => {
  const loader = loaderOf({ [MINE]: { mine: define(MINE, 'mine'), other: define(OTHER, 'other') } })
  await expect(loader.load(MINE, 'other')).rejects.toMatchObject({
    code: 'ERR_BEHAVIOUR_NOT_FOUND',
    fields: { exported: ['mine'] },
  })
})

it('two of one module and name: ERR_BEHAVIOUR names both exports, one under two names is one', async () => {
  const twice = define(MINE, 'worker')
  expect(await loaderOf({ [MINE]: { twice, default: twice } }).load(MINE, 'worker')).toBe(twice)
  await expect(loaderOf({ [MINE]: { one: twice, two: define(MINE, 'worker') } }).load(MINE, 'worker')).rejects.toMatchObject({
    code: 'ERR_BEHAVIOUR',
    message: `two behaviours of a module have one name: module=${MINE}, name=worker, exports=one, two`,
  })
})
