/** R1.3: `init` loads what was saved, `terminate` saves it; on a real system, with real files. */
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSystem } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { expectNothingLeft } from '../../runtime/test/nothing-left.ts'
import { savedCounter } from './fixtures/saved-counter.ts'

let system: System
let folder: string
let file: string
let files = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cambium-saved-'))
  system = await startSystem({ cores: 1, handleSignals: false })
})
afterAll(async () => {
  await system.shutdown()
  await rm(folder, { recursive: true })
})
expectNothingLeft(() => system)
beforeEach(() => {
  files += 1
  file = join(folder, `${files}.txt`)
})

describe.each([0, 1])('on core %i', (core) => {
  test('R1.3 init starts at 0 without a file, and from the file with one', async () => {
    const fresh = await system.spawn(savedCounter, file, { core })
    expect(await fresh.ask('read')).toBe(0)
    await system.stop(fresh)
    await writeFile(file, '41')
    const loaded = await system.spawn(savedCounter, file, { core })
    expect(await loaded.ask('increment')).toBe(42)
    await system.stop(loaded)
  })

  test('R1.3 terminate saves: the next one goes on where the last one stopped', async () => {
    const first = await system.spawn(savedCounter, file, { core })
    first.tell('increment')
    expect(await first.ask('increment')).toBe(2)
    expect(await system.stop(first)).toEqual({ kind: 'shutdown' })
    expect(await readFile(file, 'utf8')).toBe('2')
    const second = await system.spawn(savedCounter, file, { core })
    expect(await second.ask('increment')).toBe(3)
    await system.stop(second)
  })

  test('R1.3 R1.6 a crash saves the last good state, and the restarted server goes on from it', async () => {
    const ref = await system.spawn(savedCounter, file, { core })
    ref.tell('increment')
    expect(await ref.ask('increment')).toBe(2)
    await expect(ref.ask('break')).rejects.toMatchObject({ code: 'ERR_ACTOR_CRASHED' })
    expect(await ref.ask('increment')).toBe(3)
    expect(await readFile(file, 'utf8')).toBe('2')
    await system.stop(ref)
    expect(await readFile(file, 'utf8')).toBe('3')
  })

  test('R1.3 an unreadable saved state is a failed start, not a silent 0', async () => {
    const spawned = system.spawn(savedCounter, folder, { core })
    await expect(spawned).rejects.toMatchObject({ code: 'ERR_INIT_FAILED', message: expect.stringContaining('EISDIR') as string })
  })
})

test('R1.3 R2.8 a shutdown of the system saves', async () => {
  const own = await startSystem({ cores: 1, handleSignals: false })
  const ref = await own.spawn(savedCounter, file)
  ref.tell('increment')
  ref.tell('increment')
  expect(await own.shutdown()).toMatchObject({ isDrained: true, abandoned: [] })
  expect(await readFile(file, 'utf8')).toBe('2')
})

test('R1.3 a killed core saves nothing: its server goes on from what was saved before', async () => {
  await writeFile(file, '10')
  const ref = await system.spawn(savedCounter, file, { core: 1 })
  expect(await ref.ask('increment')).toBe(11)
  const lost = once(system.events, 'core_lost')
  system.killCore(1)
  await lost // until then the thread may still answer
  expect(await ref.ask('read')).toBe(10)
  await system.stop(ref)
})
