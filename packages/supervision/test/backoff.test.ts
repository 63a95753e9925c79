/** C-17: restarts that wait. */
import { describe, expect, it } from 'vitest'

import { countChildren, decide, type RestartBackoff, whichChildren } from '../src/index.ts'
import { CRASH, createStartedHost, type TestHost } from './test-host.ts'

const crash = (id: string) => ({ type: 'child_exited', id, exit: CRASH }) as const
const over = (id: string) => ({ type: 'wait_over', id }) as const
const EXACT: RestartBackoff = { initialMs: 100, maxMs: 700, jitter: 0, calmMs: 5000 }

function create(ids: string[], more: object = {}, backoff = EXACT, seed = 0): TestHost {
  return createStartedHost({ intensity: 1000, backoff, ...more }, ids, seed)
}

/** The wait that a crash of `id` leads to; then its restart. */
function crashAndRestart(host: TestHost, id: string): number {
  const wait = host.run(crash(id)).at(-1)?.split(' ')
  expect(wait?.slice(0, 2)).toEqual(['wait', id])
  expect(host.run(over(id))).toEqual([`restart ${id}`])
  return Number(wait?.[2])
}

describe('C-17: backoff', () => {
  it('restarts wait 1x, 2x, 4x up to the cap', () => {
    const host = create(['a', 'b'])
    expect(Array.from({ length: 5 }, () => crashAndRestart(host, 'a'))).toEqual([100, 200, 400, 700, 700])
    expect(crashAndRestart(host, 'b')).toBe(100) // each child has waits of its own
  })

  it('attempts that fail wait as well', () => {
    const host = create(['a'])
    host.plan('a', CRASH, CRASH)
    expect(host.run(crash('a'))).toEqual(['report child_terminated a crash', 'wait a 100'])
    expect(host.run(over('a'))).toEqual(['restart a', 'report start_failed a crash', 'wait a 200'])
    expect(host.run(over('a'))).toEqual(['restart a', 'report start_failed a crash', 'wait a 400'])
    expect(host.run(over('a'))).toEqual(['restart a'])
  })

  it('a calm period begins them again, a shorter one does not', () => {
    const host = create(['a'])
    crashAndRestart(host, 'a')
    host.now += 4999
    expect(crashAndRestart(host, 'a')).toBe(200)
    host.now += 5000
    expect(crashAndRestart(host, 'a')).toBe(100)
  })

  it('jitter takes off up to its share, spread out, and the same for the same seed', () => {
    const waits = (seed: number): number[] => {
      const host = create(['a'], {}, { initialMs: 1000, maxMs: 1000, jitter: 0.5 }, seed)
      return Array.from({ length: 100 }, () => crashAndRestart(host, 'a'))
    }
    const seen = waits(0.3)
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(500)
    expect(Math.max(...seen)).toBeLessThanOrEqual(1000)
    for (let from = 500; from < 1000; from += 50) {
      expect(seen.filter((wait) => wait >= from && wait < from + 50).length).toBeGreaterThan(5)
    }
    expect(waits(0.3)).toEqual(seen)
    expect(waits(0.7)).not.toEqual(seen)
  })

  it('the restart counts when the child fails: too many end the supervisor without a wait', () => {
    const host = create(['a', 'b'], { intensity: 1 })
    crashAndRestart(host, 'a')
    expect(host.run(crash('a')).slice(1)).toEqual([
      'report intensity_exceeded a crash 2',
      'stop b 5000',
      'ended intensity_exceeded',
    ])
  })
})

describe('C-17: while a restart waits', () => {
  it('the supervisor answers requests, restarts others, and says that the child is being restarted', () => {
    const host = create(['a', 'b'])
    host.run(crash('a'))
    expect(whichChildren(host.state).map((child) => child.status)).toEqual(['restarting', 'running'])
    expect(countChildren(host.state).active).toBe(1)
    expect(host.run({ type: 'add_child', spec: { id: 'c', start: 'c' } }).at(-1)).toBe('reply add_child c ok')
    expect(host.run({ type: 'restart_child', id: 'a' })).toEqual(['reply restart_child a restarting'])
    expect(crashAndRestart(host, 'b')).toBe(100)
    expect(host.run(over('a'))).toEqual(['restart a'])
  })

  it('it can be shut down; the end of the wait then comes in vain', () => {
    const host = create(['a', 'b'])
    host.run(crash('a'))
    expect(host.run({ type: 'shutdown' })).toEqual(['stop b 5000', 'ended shutdown'])
    expect(host.run(over('a'))).toEqual([])
  })

  it('terminating the child ends the wait, whose end then says nothing, even when the child runs again', () => {
    const host = create(['a'])
    const wait = decide(host.state, crash('a'), 0).actions.at(-1)
    expect(wait).toEqual({ type: 'wait', id: 'a', delayMs: 100, incarnation: 1 })
    expect(host.run({ type: 'terminate_child', id: 'a' })).toEqual(['reply terminate_child a ok'])
    expect(host.run({ type: 'wait_over', id: 'a', incarnation: 1 })).toEqual([])
    expect(host.run({ type: 'restart_child', id: 'a' })).toEqual(['restart a', 'reply restart_child a ok'])
    expect(host.run(crash('a')).at(-1)).toBe('wait a 100') // on request it begins anew
    expect(host.run({ type: 'wait_over', id: 'a', incarnation: 1 })).toEqual([])
    expect(host.run({ type: 'wait_over', id: 'a', incarnation: 2 })).toEqual(['restart a'])
  })

  it('its end waits for the step under way', () => {
    const host = create(['a', 'b'])
    host.run(crash('a'))
    host.feed({ type: 'terminate_child', id: 'b' })
    expect(host.feed(over('a'))).toEqual([])
    expect(host.feed(over('a'))).toEqual([]) // said twice
    expect(host.answer()).toEqual(['reply terminate_child b ok', 'restart a'])
    expect(host.answer()).toEqual([])
  })
})

describe('C-17: groups', () => {
  it('one_for_all is stopped at once, waits, and starts in order', () => {
    const host = create(['a', 'b', 'c'], { strategy: 'one_for_all' })
    expect(host.run(crash('b')).slice(1)).toEqual(['stop c 5000', 'stop a 5000', 'wait b 100'])
    expect(whichChildren(host.state).map((child) => child.status)).toEqual(['stopped', 'restarting', 'stopped'])
    expect(host.run(over('b'))).toEqual(['restart a', 'restart b', 'restart c'])
  })

  it('rest_for_one: an earlier child that fails meanwhile takes the whole tail into its own wait', () => {
    const host = create(['a', 'b', 'c'], { strategy: 'rest_for_one' })
    expect(host.run(crash('b')).slice(1)).toEqual(['stop c 5000', 'wait b 100'])
    expect(host.run(crash('a')).slice(1)).toEqual(['wait a 100'])
    expect(host.run(over('b'))).toEqual([])
    expect(host.run(over('a'))).toEqual(['restart a', 'restart b', 'restart c'])
  })

  it('a lost core: a group waits for the longest, one_for_one each for itself; one restart is counted', () => {
    const all = create(['a', 'b', 'c'], { strategy: 'one_for_all', intensity: 2 })
    all.run(crash('b'))
    all.run(over('b'))
    expect(all.run({ type: 'core_lost', ids: ['b', 'a'] }).at(-1)).toBe('wait a 200')
    const each = create(['a', 'b', 'c'], { intensity: 2 })
    crashAndRestart(each, 'b')
    expect(each.run({ type: 'core_lost', ids: ['b', 'a'] }).slice(2)).toEqual(['wait a 100', 'wait b 200'])
    expect([...each.run(over('b')), ...each.run(over('a'))]).toEqual(['restart b', 'restart a'])
  })
})
