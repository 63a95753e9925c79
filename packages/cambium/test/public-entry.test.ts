/** The public entry: all that a user's program needs, in TypeScript and in JavaScript, and nothing undocumented. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { Behaviour, System } from 'cambium'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectNothingLeft } from '../../runtime/test/nothing-left.ts'
import * as cambium from '../src/index.ts'
import { tally } from './fixtures/tally.ts'

const plainModule = (await import(new URL('./fixtures/plain.js', import.meta.url).href)) as {
  plain: Behaviour<number, number | 'read', number>
}

test('every export is in the README', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  expect(Object.keys(cambium).filter((name) => !readme.includes(`\`${name}`))).toEqual([])
})

test('what behaviours, applications and flows are written with is exported, types too', async () => {
  const namesOf = async (path: string): Promise<string[]> => {
    const text = await readFile(new URL(path, import.meta.url), 'utf8')
    const lists = [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list = '']) => list.split(','))
    return lists.map((name) => name.trim()).filter((name) => name !== '')
  }
  const own = new Set(await namesOf('../src/index.ts'))
  // What calls to supervisors and stages send, and users do not.
  const inner = ['ConsumerMessage', 'ProducerMessage', 'SupervisorReply', 'SupervisorRequest']
  const missing = (await namesOf('../../otp/src/index.ts')).filter((name) => !own.has(name))
  expect(missing.toSorted()).toEqual(inner)
})

test('every method of a system is in the README', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const system = await cambium.startSystem({ cores: 0, handleSignals: false })
  const notOperations = new Set(['cores', 'terminated'])
  const names = Object.keys(system).filter((name) => !notOperations.has(name))
  await system.shutdown()
  expect(names).toContain('spawn')
  expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([])
})

describe('a program', () => {
  let system: System
  beforeAll(async () => {
    system = await cambium.startSystem({ cores: 2, handleSignals: false })
  })
  afterAll(async () => {
    await system.shutdown()
  })
  expectNothingLeft(() => system)

  test('R1.1 R1.6 R3.3 asks a server, survives its crash and the death of its core', async () => {
    const ref = await system.spawn(tally, 40, { name: 'tally' })
    ref.tell('add')
    expect(await ref.ask('add')).toBe(42)
    await expect(ref.ask('break')).rejects.toMatchObject({ code: 'ERR_ACTOR_CRASHED' })
    expect(await ref.ask('add')).toBe(41)
    const lost = once(system.events, 'core_lost')
    system.killCore(ref.core)
    await lost
    expect(await ref.ask('read')).toBe(40)
    expect(system.whereis('tally')?.equals(ref)).toBe(true)
    expect(await system.stop(ref)).toEqual({ kind: 'shutdown' })
  })

  test('R3.7 runs plain JavaScript on any core, refs alike', async () => {
    for (const core of [0, 1, 2]) {
      const ref = await system.spawn(plainModule.plain, 40, { core })
      ref.tell(2)
      expect(await ref.ask('read')).toBe(42)
      await system.stop(ref)
    }
  })

  test('R0.2 restarts a group by its strategy', async () => {
    const group = await system.supervise(
      { first: cambium.child(tally, 10), second: cambium.child(tally, 20) },
      { strategy: 'one_for_all' },
    )
    expect([await group.first.ask('add'), await group.second.ask('add')]).toEqual([11, 21])
    const isRestarted = new Promise<void>((resolve) => {
      let left = 2
      const count = (): void => {
        left -= 1
        if (left > 0) return
        system.events.off('actor_restarted', count)
        resolve()
      }
      system.events.on('actor_restarted', count)
    })
    await expect(group.second.ask('break')).rejects.toMatchObject({ code: 'ERR_ACTOR_CRASHED' })
    await isRestarted
    expect([await group.first.ask('read'), await group.second.ask('read')]).toEqual([10, 20])
  })
})
