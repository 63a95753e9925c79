/** Event managers on the real platform: handlers on the manager's core and on others behave alike. */
import type { Ref } from '@cambium/actor'
import { startSystem } from '@cambium/runtime'
import type { CoreReport, System } from '@cambium/runtime'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { expectNothingLeft } from '../../runtime/test/nothing-left.ts'
import { addHandler, callHandler, deleteHandler, handler, swapFor, swapHandler, whichHandlers } from '../src/index.ts'
import type { EventManagerRef } from '../src/index.ts'
import { heir, owner, reading, sensors, tally, unwilling } from './fixtures/sensors.ts'
import type { OwnerMessage, SensorEvent, SensorSetting } from './fixtures/sensors.ts'

type Manager = EventManagerRef<SensorEvent>

const ids = async (manager: Manager): Promise<string[]> => (await whichHandlers(manager)).map(({ id }) => id)
const valuesOf = (manager: Manager, id: string): Promise<readonly number[]> =>
  callHandler(manager, tally, { type: 'read' }, { id }) as Promise<readonly number[]>
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

describe.each([
  ['on the core of their manager', 1],
  ['on another core', 2],
  ['on the main thread', 0],
])('handlers %s', (_where, core) => {
  let system: System
  let manager: Manager
  const at = (id: string): { id: string; core: number } => ({ id, core })
  beforeAll(async () => {
    system = await startSystem({ cores: 2, handleSignals: false })
  })
  afterAll(async () => {
    await system.shutdown()
  })
  expectNothingLeft(() => system)
  const start = async (names: readonly string[]): Promise<Manager> =>
    system.spawn(sensors, { tallies: names.map((name) => ({ name, ...at(name) })) }, { core: 1, restart: 'temporary' })
  const inUse = async <T>(names: readonly string[], use: () => Promise<T>): Promise<void> => {
    manager = await start(names)
    await use()
    await system.stop(manager)
  }

  test('an event is told to all, and asked until all have had it', async () => {
    await inUse(['a', 'b'], async () => {
      manager.tell(reading(1))
      await manager.ask(reading(2))
      expect(await valuesOf(manager, 'a')).toEqual([1, 2])
      expect(await valuesOf(manager, 'b')).toEqual([1, 2])
    })
  })

  test('are added, shown and deleted; what terminate returned goes to who deletes', async () => {
    await inUse([], async () => {
      await addHandler(manager, handler(tally, 'a', at('a')))
      expect(await whichHandlers(manager)).toEqual([{ handler: 'tally', module: tally.module, id: 'a', core, owner: undefined }])
      manager.tell(reading(7))
      expect(await deleteHandler(manager, tally, { id: 'a' })).toEqual({ values: [7], end: 'deleted' })
      expect(await whichHandlers(manager)).toEqual([])
      await addHandler(manager, handler(tally, 'a', at('a'))) // its place is free again
      expect(await valuesOf(manager, 'a')).toEqual([])
    })
  })

  test('C-30 a crashing handler is removed and reported, the others go on', async () => {
    await inUse(['a', 'b'], async () => {
      const report = new Promise((resolve) => {
        system.events.once('crash_report', resolve)
      })
      await manager.ask(reading(1))
      manager.tell({ type: 'crash', id: 'a' })
      await manager.ask(reading(2))
      expect(await report).toMatchObject({
        behaviour: 'tally',
        module: tally.module,
        error: { name: 'RangeError', message: 'a has crashed' },
        message: { type: 'crash', id: 'a' },
        state: { id: 'a', readings: 1 },
      })
      await vi.waitFor(async () => {
        expect(await ids(manager)).toEqual(['b'])
      })
      expect(await valuesOf(manager, 'b')).toEqual([1, 2])
      await expect(valuesOf(manager, 'a')).rejects.toEqual(code('ERR_NO_SUCH_HANDLER'))
    })
  })

  test('C-30 C-22 a crash in a call is the caller’s error, a bad return value is named, and the manager lives', async () => {
    await inUse(['a', 'b', 'c'], async () => {
      await expect(callHandler(manager, tally, { type: 'crash' }, { id: 'a' })).rejects.toMatchObject({
        code: 'ERR_HANDLER_CRASHED',
        message: expect.stringContaining('TypeError: a call has crashed') as string,
      })
      await expect(callHandler(manager, tally, { type: 'nonsense' }, { id: 'b' })).rejects.toMatchObject({
        message: expect.stringContaining('call returned no [state, reply]: handler=tally/b, found string') as string,
      })
      expect(await ids(manager)).toEqual(['c'])
      await manager.ask({ type: 'promise', id: 'c' })
      await vi.waitFor(async () => {
        expect(await ids(manager)).toEqual([])
      })
    })
  })

  test('C-31 a swap hands the old one’s result to the new one’s init, with no event in between', async () => {
    await inUse(['a'], async () => {
      manager.tell(reading(1))
      const swapped = swapHandler(manager, tally, handler(heir, 'next', { id: 'h' }), { id: 'a' })
      manager.tell(reading(2))
      await swapped
      expect(await callHandler(manager, heir, 'show', { id: 'h' })).toEqual({
        id: 'next',
        before: { handler: 'tally', id: 'a', left: { values: [1], end: 'swapped' } },
        heard: 1,
      })
      expect(await whichHandlers(manager)).toMatchObject([{ handler: 'heir', core }])
    })
  })

  test('C-31 a handler that is not there is an error, not a crash; who takes its place is told', async () => {
    await inUse([], async () => {
      await expect(deleteHandler(manager, tally)).rejects.toEqual(code('ERR_NO_SUCH_HANDLER'))
      await expect(callHandler(manager, tally, { type: 'read' })).rejects.toEqual(code('ERR_NO_SUCH_HANDLER'))
      await swapHandler(manager, tally, handler(heir, 'next', { core }), { id: 'nobody' })
      expect(await callHandler(manager, heir, 'show')).toMatchObject({
        before: { handler: 'tally', id: 'nobody', error: { code: 'ERR_NO_SUCH_HANDLER' } },
      })
    })
  })

  test('C-31 a handler that cannot be installed takes nobody’s place', async () => {
    await inUse(['a'], async () => {
      await addHandler(manager, handler(heir, 'there', { id: 'h', core }))
      await manager.ask(reading(1))
      const nowhere = { ...handler(heir, 'next'), name: 'nobody' }
      for (const [spec, expected] of [
        [handler(heir, 'next', { id: 'h' }), 'ERR_HANDLER_PRESENT'],
        [handler(heir, 'next', { core: 99 }), 'ERR_OPTION'],
        [nowhere, 'ERR_BEHAVIOUR_NOT_FOUND'],
        [{ ...nowhere, core: 2 }, 'ERR_BEHAVIOUR_NOT_FOUND'],
        [{}, 'ERR_OPTION'],
        [undefined, 'ERR_OPTION'],
      ] as const)
        await expect(swapHandler(manager, tally, spec as never, { id: 'a' })).rejects.toEqual(code(expected))
      expect(await valuesOf(manager, 'a')).toEqual([1])
      expect(await whichHandlers(manager)).toMatchObject([
        { handler: 'tally', id: 'a' },
        { handler: 'heir', id: 'h' },
      ])
      await swapHandler(manager, tally, handler(tally, 'a', { id: 'a' }), { id: 'a' }) // its own place it may take
      expect(await valuesOf(manager, 'a')).toEqual([])
    })
  })

  test('a swap for what is no handler is an error where it is made', async () => {
    await inUse(['a'], async () => {
      for (const next of [undefined, {}, 'heir'])
        expect(() => swapFor(next as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }) as Error)
      for (const wrong of [undefined, {}, 5]) {
        await expect(addHandler(manager, wrong as never)).rejects.toEqual(code('ERR_OPTION'))
        await expect(deleteHandler(manager, wrong as never)).rejects.toEqual(code('ERR_OPTION'))
        await expect(callHandler(manager, wrong as never, 'show' as never)).rejects.toEqual(code('ERR_OPTION'))
      }
      for (const none of [{}, null, { self: 5 }])
        await expect(addHandler(manager, handler(heir, 'x'), { owner: none as never })).rejects.toEqual(code('ERR_OPTION'))
      expect(await ids(manager)).toEqual(['a'])
    })
  })

  test('a handler leaves, or has another take its place, by what it returns', async () => {
    await inUse(['a', 'b', 'c'], async () => {
      await manager.ask(reading(1))
      await manager.ask({ type: 'leave', id: 'a' })
      await manager.ask({ type: 'swap', id: 'b' })
      await manager.ask(reading(2))
      await vi.waitFor(async () => {
        expect((await whichHandlers(manager)).map((each) => `${each.handler} ${each.id} ${each.core}`)).toEqual([
          `tally c ${core}`,
          `heir  ${core}`,
        ])
      })
      expect(await callHandler(manager, heir, 'show')).toMatchObject({
        before: { left: { values: [1], end: 'swapped' } },
        heard: 1,
      })
    })
  })

  test('C-32 handlers of one module are told apart by id; the same one twice is an error', async () => {
    await inUse(['a'], async () => {
      await addHandler(manager, handler(tally, 'other', at('other')))
      await expect(addHandler(manager, handler(tally, 'a', at('a')))).rejects.toEqual(code('ERR_HANDLER_PRESENT'))
      await manager.ask(reading(3))
      expect(await deleteHandler(manager, tally, { id: 'a' })).toMatchObject({ values: [3] })
      expect(await ids(manager)).toEqual(['other'])
    })
  })

  test('one whose init fails is not installed', async () => {
    await inUse([], async () => {
      for (const how of ['throws', 'rejects'] as const)
        await expect(addHandler(manager, handler(unwilling, how, { core }))).rejects.toMatchObject({
          code: 'ERR_INIT_FAILED',
          message: expect.stringContaining('it will not') as string,
        })
      expect(await whichHandlers(manager)).toEqual([])
    })
  })

  test.each([1, 2])(
    'C-30 the owner of a handler is told of its end, and its own end takes the handler along; it on core %i',
    async (ownersCore) => {
      await inUse(['keeps'], async () => {
        const own = async (id: string): Promise<Ref<OwnerMessage>> => {
          const ref = (await system.spawn(owner, undefined, { core: ownersCore, restart: 'temporary' })) as Ref<OwnerMessage>
          await ref.ask({ type: 'own', manager, spec: handler(tally, id, at(id)) })
          return ref
        }
        const told = (ref: Ref<OwnerMessage>, expected: unknown): Promise<void> =>
          vi.waitFor(async () => {
            expect(await ref.ask({ type: 'told' })).toEqual(expected)
          })
        const removed = (id: string, reason: unknown, next?: unknown): unknown =>
          expect.objectContaining({ type: 'handler_removed', handler: 'tally', module: tally.module, id, reason, next })
        const [crashes, leaves, deletes, swaps, ends] = [
          await own('1'),
          await own('2'),
          await own('3'),
          await own('4'),
          await own('5'),
        ]
        expect((await whichHandlers(manager)).map((each) => each.owner?.core)).toEqual([undefined, ...Array(5).fill(ownersCore)])

        manager.tell({ type: 'crash', id: '1' })
        await told(crashes, [removed('1', expect.objectContaining({ kind: 'crash' }))])
        manager.tell({ type: 'leave', id: '2' })
        await told(leaves, [removed('2', { kind: 'normal' })])
        await deleteHandler(manager, tally, { id: '3' })
        await told(deletes, [removed('3', { kind: 'normal' })])
        await swapHandler(manager, tally, handler(heir, 'next', { id: '4' }), { id: '4' })
        await told(swaps, [removed('4', { kind: 'normal' }, { handler: 'heir', module: heir.module, id: '4' })])
        // The one that has taken its place has its owner.
        for (const [ref, left] of [
          [ends, ['keeps', '4']],
          [swaps, ['keeps']],
        ] as const) {
          ref.tell({ type: 'end' })
          await vi.waitFor(async () => {
            expect(await ids(manager)).toEqual(left)
          })
        }
        await manager.ask(reading(9))
        expect(await valuesOf(manager, 'keeps')).toEqual([9])
      })
    },
  )

  test('an owner is told when the manager stops, and by its link when it is killed', async () => {
    manager = await start([])
    const ref = (await system.spawn(owner, undefined, { core: 2, restart: 'temporary' })) as Ref<OwnerMessage>
    await ref.ask({ type: 'own', manager, spec: handler(tally, 'x', at('x')) })
    await system.stop(manager)
    await vi.waitFor(async () => {
      expect(await ref.ask({ type: 'told' })).toMatchObject([
        { type: 'handler_removed', id: 'x', reason: { kind: 'shutdown' } },
        { type: 'exit', reason: { kind: 'shutdown' } },
      ])
    })
  })

  test('R1.9 C-46 a handler that is slow holds back who notifies; memory does not grow and nothing is lost', async () => {
    await inUse(['a'], async () => {
      const padding = 'x'.repeat(40) // the ring has room for ten of these
      for (let value = 0; value < 500; value += 1) await manager.send(reading(value, padding))
      await manager.ask(reading(500))
      expect(await valuesOf(manager, 'a')).toEqual(Array.from({ length: 501 }, (_, value) => value))
    })
  })
})

describe('across cores', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({ cores: 3, handleSignals: false })
  })
  afterAll(async () => {
    await system.shutdown()
  })
  expectNothingLeft(() => system)
  const start = (setting: SensorSetting): Promise<Manager> =>
    system.spawn(sensors, setting, { core: 1, restart: 'temporary' }) as Promise<Manager>
  const tallies = [
    { name: 'a', id: 'a', core: 2 },
    { name: 'b', id: 'b', core: 3 },
  ]

  test('R1.7 one publish: each core reads the same record, and no message goes to any of them', async () => {
    const manager = await start({ tallies })
    await manager.ask(reading(0))
    const messagesTo = async (): Promise<number> => {
      const reports = await system.report()
      return (reports[2] as CoreReport).books.taken + (reports[3] as CoreReport).books.taken
    }
    const before = await messagesTo()
    for (let value = 1; value <= 1000; value += 1) await manager.send(reading(value))
    await manager.ask(reading(1001))
    expect(await messagesTo()).toBe(before)
    for (const { id } of tallies) expect(await valuesOf(manager, id)).toHaveLength(1002)
    await system.stop(manager)
  })

  test('an event that is too large for the ring goes to nobody: its asker is told, or it is a fault', async () => {
    const manager = await start({ tallies: [...tallies, { name: 'here', id: 'here' }] })
    const large = reading(1, 'x'.repeat(200))
    await expect(manager.ask(large)).rejects.toMatchObject({ code: 'ERR_MESSAGE_TOO_LARGE', fields: { limit: 104 } })
    const fault = new Promise((resolve) => {
      system.events.once('fault', resolve)
    })
    manager.tell(large)
    expect(await fault).toMatchObject({ error: { code: 'ERR_MESSAGE_TOO_LARGE' } })
    await manager.ask(reading(2))
    expect(await valuesOf(manager, 'here')).toEqual([2])
    await system.stop(manager)
  })

  test('D10 the core of a handler dies: it begins anew on the successor, an owned one is reported, the others miss nothing', async () => {
    const manager = await start({ tallies })
    const ref = (await system.spawn(owner, undefined, { core: 1, restart: 'temporary' })) as Ref<OwnerMessage>
    await ref.ask({ type: 'own', manager, spec: handler(tally, 'owned', { id: 'owned', core: 2 }) })
    await manager.ask(reading(1))
    system.killCore(2)
    for (let value = 2; value <= 300; value += 1) await manager.send(reading(value)) // more than the ring holds
    await manager.ask(reading(301))
    expect(await valuesOf(manager, 'b')).toEqual(Array.from({ length: 301 }, (_, at) => at + 1))
    // What was not read when the core died, its successor reads: all but the record in hand, of which there was none.
    expect(await valuesOf(manager, 'a')).toEqual(Array.from({ length: 300 }, (_, at) => at + 2))
    await vi.waitFor(async () => {
      expect(await ref.ask({ type: 'told' })).toMatchObject([
        { type: 'handler_removed', id: 'owned', reason: { kind: 'core_lost' } },
      ])
    })
    expect(await ids(manager)).toEqual(['a', 'b'])
    await system.stop(manager)
  })

  test('R1.15 a handler that does not end costs its core, and is not begun again; the others go on', async () => {
    const manager = await start({ tallies: [...tallies, { name: 'here', id: 'here' }] })
    const faults: string[] = []
    const listen = ({ error }: { error: { message: string } }): void => void faults.push(error.message)
    system.events.on('fault', listen)
    await manager.ask(reading(1))
    manager.tell({ type: 'spin', id: 'a' })
    await manager.ask(reading(2))
    expect(await ids(manager)).toEqual(['b', 'here'])
    expect(await valuesOf(manager, 'b')).toEqual([1, 2])
    expect(faults).toContainEqual('handler was lost with its station: handler=tally, core=2, reason=core_lost')
    system.events.off('fault', listen)
    await system.stop(manager)
  }, 15_000)

  test('the core of the manager dies: its handlers elsewhere end, and come again with it', async () => {
    const manager = (await system.spawn(sensors, { tallies }, { core: 1 })) as Manager
    await manager.ask(reading(1))
    system.killCore(1)
    await manager.ask(reading(2))
    for (const { id } of tallies) expect(await valuesOf(manager, id)).toEqual([2])
    expect(await ids(manager)).toEqual(['a', 'b'])
    await system.stop(manager)
  })
})
