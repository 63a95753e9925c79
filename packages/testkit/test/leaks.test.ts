/** What the oracle of leaks objects to. That it finds leaks in a run is shown by the planted bugs. */
import type { Core } from '@cambium/scheduler'
import { CallbackTimer, LookTimer, NAMES, TimerWheel } from '@cambium/scheduler'
import { describe, expect, test } from 'vitest'
import type { Cell } from '../src/oracles/mailbox-content.ts'
import { LeakOracle } from '../src/oracles/leaks.ts'

const READY = 1
const AWAITING = 3
const NOTHING = {
  actors: 0,
  runnable: 0,
  asks: 0,
  bonds: 0,
  parcels: 0,
  channels: 0,
  away: 0,
  guests: 0,
  directory: { entries: 0, requests: 0, watchers: 0, locks: 0 },
}

const cellOf = () => ({ core: 1, slot: 2, generation: 3, incarnation: 0, status: READY })

/** As much of a core as the oracle looks at. */
function coreOf(coreNumber: number, report: object = {}, sending?: object) {
  const wheel = new TimerWheel(0)
  const asks = new Set<unknown>()
  const entries: { key: string; ref: object }[] = []
  const core = {
    coreNumber,
    wheel,
    parcels: { count: 0 },
    asks: { add: (ask: unknown) => asks.add(ask), all: () => [...asks] },
    dispatcher: { sending },
    directory: {
      ask: () => Promise.resolve(0),
      counts: NOTHING.directory,
      keys: (space: string) => (space === NAMES ? entries.map(({ key }) => key) : []),
      find: () => entries,
    },
    sender: { waitingCount: 0, ...report },
    report: () => ({ core: coreNumber, ...NOTHING, ...report }),
  }
  return { core: core as unknown as Core, wheel, entries }
}

describe('in a system that runs', () => {
  test.each([
    ['goes on', (cell: object) => cell, undefined],
    ['waits for its supervisor', (cell: object) => Object.assign(cell, { status: AWAITING }), 'an ask outlived its incarnation'],
    ['has begun anew', (cell: object) => Object.assign(cell, { incarnation: 1 }), 'an ask outlived its incarnation'],
  ] as const)('an ask of an actor that %s', (_, become, what) => {
    const cell = cellOf()
    const { core } = coreOf(1, {}, cell)
    const oracle = new LeakOracle()
    oracle.watch(core)
    core.asks.add({ correlation: 1, target: { core: 2, slot: 5, generation: 6 } } as never)
    become(cell)
    const look = (): void => {
      oracle.checkCore(core)
    }
    if (what === undefined) expect(look).not.toThrow()
    else expect(look).toThrow(`${what}: actor=core-1/2#3, incarnation=0, core=1, target=core-2/5#6`)
  })

  test('an entry of the directory whose incarnation has ended; a name that the root gave is none', async () => {
    const cell = cellOf()
    const { core, entries } = coreOf(0)
    const oracle = new LeakOracle()
    oracle.watch(core)
    await core.directory.ask(cell as unknown as Cell, { type: 'dir_add', space: NAMES, key: 'ada', value: 1, isUnique: true })
    entries.push({ key: 'ada', ref: cell }, { key: 'root', ref: { core: 0, slot: 9, generation: 9 } })
    oracle.checkRest([core], 0)
    cell.incarnation = 1
    expect(() => {
      oracle.checkRest([core], 0)
    }).toThrow('an entry of the directory outlived its incarnation: actor=core-1/2#3, incarnation=0, space=names, key=ada')
  })

  test('what was shared or moved, on a core or on its way to one', () => {
    const [first, second] = [coreOf(0), coreOf(1)]
    const check = (underWay: number) => () => {
      new LeakOracle().checkRest([first.core, second.core], underWay)
    }
    expect(check(0)).not.toThrow()
    expect(check(2)).toThrow('what was shared or moved is kept when all of it has been taken: core=0, parcels=0, underWay=2')
    Object.assign(second.core.parcels, { count: 1 })
    expect(check(0)).toThrow('core=1, parcels=1, underWay=0')
  })

  test('copies of the directory that differ', () => {
    const [first, second] = [coreOf(0), coreOf(1)]
    Object.assign(second.core.directory, { counts: { ...NOTHING.directory, entries: 1 } })
    expect(() => {
      new LeakOracle().checkRest([first.core, second.core], 0)
    }).toThrow('copies of the directory differ: core=1, entries=1, known=0')
  })
})

describe('after a shutdown', () => {
  const end = ({ core }: ReturnType<typeof coreOf>): void => {
    const oracle = new LeakOracle()
    oracle.ended(core)
    oracle.checkEnd()
  }

  test('nothing is left, but a look of the runtime that goes by itself, and news of the directory under way', () => {
    const quiet = coreOf(1, { directory: { ...NOTHING.directory, entries: 3 } })
    quiet.wheel.start(new LookTimer(() => {}), 50)
    end(quiet)
  })

  test.each(['actors', 'runnable', 'asks', 'bonds', 'waitingCount', 'parcels', 'channels', 'away', 'guests'])('%s', (what) => {
    expect(() => {
      end(coreOf(1, { [what]: 1 }))
    }).toThrow(new RegExp(`^something is left when the actors have stopped: core=1, .*${what.replace('Count', '')}=1`))
  })

  test.each(['entries', 'requests', 'watchers', 'locks'])('%s of the directory', (what) => {
    expect(() => {
      end(coreOf(0, { directory: { ...NOTHING.directory, [what]: 1 } }))
    }).toThrow(new RegExp(`^something is left when the actors have stopped: core=0, .*${what}=1`))
  })

  test('a timer of nobody', () => {
    const core = coreOf(1)
    core.wheel.start(new CallbackTimer(() => {}), 50)
    expect(() => {
      end(core)
    }).toThrow('something is left when the actors have stopped: core=1, actors=0, runnable=0, timers=1')
  })
})
