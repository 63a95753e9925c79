/** The numbered conformance cases of an OTP supervisor, as far as they are decisions. */
import { describe, expect, it } from 'vitest'

import { childSpec, countChildren, whichChildren } from '../src/index.ts'
import { CRASH, createStartedHost, createTestHost, NORMAL } from './test-host.ts'

const crash = (id: string) => ({ type: 'child_exited', id, exit: CRASH }) as const
const stateOf = (host: ReturnType<typeof createTestHost>) =>
  whichChildren(host.state).map((child) => `${child.id} ${child.status}`)

describe('conformance', () => {
  it('C-1: intensity 2: the third failure within the period stops every child in reverse and ends the supervisor', () => {
    const host = createStartedHost({ intensity: 2 }, ['a', 'b', 'c'])
    expect(host.run(crash('b'))).toEqual(['report child_terminated b crash', 'restart b'])
    expect(host.run(crash('a'))).toEqual(['report child_terminated a crash', 'restart a'])
    expect(host.run(crash('b'))).toEqual([
      'report child_terminated b crash',
      'report intensity_exceeded b crash 3',
      'stop c 5000',
      'stop a 5000',
      'ended intensity_exceeded',
    ])
    expect(host.feed(crash('a'))).toEqual([])
  })

  it('C-1: intensity 0: the first failure is one too many; the defaults are intensity 1 in 5000 ms', () => {
    expect(createStartedHost({ intensity: 0 }, ['a']).run(crash('a')).at(-1)).toBe('ended intensity_exceeded')
    const host = createStartedHost({}, ['a'])
    expect(host.run(crash('a')).at(-1)).toBe('restart a')
    host.now = 5000
    expect(host.run(crash('a')).at(-1)).toBe('ended intensity_exceeded')
  })

  it('C-2: intensity 1 in 1 s, failures 2.1 s apart: survives for ever', () => {
    const host = createStartedHost({ intensity: 1, periodMs: 1000 }, ['a'])
    for (let failure = 0; failure < 1000; failure++) {
      host.now += 2100
      expect(host.run(crash('a'))).toEqual(['report child_terminated a crash', 'restart a'])
    }
    expect(host.state.window.times.length).toBeLessThanOrEqual(2)
  })

  it('C-3: a restart that keeps failing uses up the intensity, siblings are stopped, the supervisor fails upward', () => {
    const host = createStartedHost({ intensity: 3 }, ['a', 'b'])
    host.plan('a', CRASH, CRASH, CRASH)
    expect(host.run(crash('a'))).toEqual([
      'report child_terminated a crash',
      ...Array.from({ length: 3 }, () => ['restart a', 'report start_failed a crash']).flat(),
      'report intensity_exceeded a crash 4',
      'stop b 5000',
      'ended intensity_exceeded',
    ])
  })

  it('C-3: a failed attempt in rest_for_one goes on at the child that failed, in one_for_all it begins anew', () => {
    const rest = createStartedHost({ strategy: 'rest_for_one', intensity: 5 }, ['a', 'b', 'c', 'd'])
    rest.plan('c', CRASH)
    expect(rest.run(crash('b')).slice(1)).toEqual([
      'stop d 5000',
      'stop c 5000',
      'restart b',
      'restart c',
      'report start_failed c crash',
      'restart c',
      'restart d',
    ])
    const all = createStartedHost({ strategy: 'one_for_all', intensity: 5 }, ['a', 'b', 'c'])
    all.plan('b', CRASH)
    expect(all.run(crash('a')).slice(1)).toEqual([
      'stop c 5000',
      'stop b 5000',
      'restart a',
      'restart b',
      'report start_failed b crash',
      'stop a 5000',
      'restart a',
      'restart b',
      'restart c',
    ])
  })

  it('C-4: a temporary sibling stopped by one_for_all is not restarted and is forgotten; the supervisor survives', () => {
    const host = createStartedHost({ strategy: 'one_for_all' }, ['a', { id: 't', start: 't', restart: 'temporary' }, 'b'])
    expect(host.run(crash('a'))).toEqual([
      'report child_terminated a crash',
      'stop b 5000',
      'stop t 5000',
      'restart a',
      'restart b',
    ])
    expect(stateOf(host)).toEqual(['a running', 'b running'])
  })

  it('C-4: a temporary child that crashes touches no sibling and costs no restart', () => {
    const host = createStartedHost({ strategy: 'one_for_all', intensity: 0 }, [
      'a',
      { id: 't', start: 't', restart: 'temporary' },
    ])
    expect(host.run(crash('t'))).toEqual(['report child_terminated t crash'])
    expect(stateOf(host)).toEqual(['a running'])
  })

  it.each(['normal', 'shutdown'] as const)(
    'C-5: transient with %s: not restarted, its spec is kept, restart_child works',
    (kind) => {
      const host = createStartedHost({ intensity: 0 }, [{ id: 'a', start: 'a', restart: 'transient' }])
      expect(host.run({ type: 'child_exited', id: 'a', exit: { kind, detail: 'x' } })).toEqual([])
      expect(stateOf(host)).toEqual(['a stopped'])
      expect(host.run({ type: 'restart_child', id: 'a' })).toEqual(['restart a', 'reply restart_child a ok'])
      expect(stateOf(host)).toEqual(['a running'])
    },
  )

  it.each(['crash', 'killed', 'core_lost'] as const)('C-5: transient with %s: restarted', (kind) => {
    const host = createStartedHost({}, [{ id: 'a', start: 'a', restart: 'transient' }])
    expect(host.run({ type: 'child_exited', id: 'a', exit: { kind } })).toEqual([
      `report child_terminated a ${kind}`,
      'restart a',
    ])
  })

  it('C-6: permanent with reason normal: restarted', () => {
    const host = createStartedHost({}, ['a'])
    expect(host.run({ type: 'child_exited', id: 'a', exit: NORMAL })).toEqual(['report child_terminated a normal', 'restart a'])
  })

  it('C-7: ignore at start: a permanent child keeps its spec with no actor, a temporary one loses it', () => {
    const host = createTestHost({}, ['a', { id: 't', start: 't', restart: 'temporary' }, 'b'])
    host.plan('a', 'ignored')
    host.plan('t', 'ignored')
    expect(host.run({ type: 'start' })).toEqual(['start a', 'start t', 'start b', 'reply start ok'])
    expect(stateOf(host)).toEqual(['a stopped', 'b running'])
    host.plan('c', 'ignored')
    host.plan('u', 'ignored')
    expect(host.run({ type: 'add_child', spec: { id: 'c', start: 'c' } }).at(-1)).toBe('reply add_child c ok')
    expect(host.run({ type: 'add_child', spec: { id: 'u', start: 'u', restart: 'temporary' } }).at(-1)).toBe(
      'reply add_child u ok',
    )
    expect(stateOf(host)).toEqual(['a stopped', 'b running', 'c stopped'])
  })

  it('C-7: ignore at a restart: no actor, no further attempt', () => {
    const host = createStartedHost({}, ['a'])
    host.plan('a', 'ignored')
    expect(host.run(crash('a')).at(-1)).toBe('restart a')
    expect(stateOf(host)).toEqual(['a stopped'])
  })

  it('C-8: stop order is exactly the reverse of start order, in the tail of rest_for_one too', () => {
    const host = createStartedHost({ strategy: 'rest_for_one' }, ['a', 'b', 'c', 'd'])
    host.run({ type: 'add_child', spec: { id: 'e', start: 'e' } })
    expect(host.run(crash('b')).slice(1)).toEqual([
      'stop e 5000',
      'stop d 5000',
      'stop c 5000',
      'restart b',
      'restart c',
      'restart d',
      'restart e',
    ])
    expect(host.run({ type: 'shutdown' })).toEqual([
      'stop e 5000',
      'stop d 5000',
      'stop c 5000',
      'stop b 5000',
      'stop a 5000',
      'ended shutdown',
    ])
  })

  it('C-8: a group restart starts what was stopped on purpose as well, as OTP does', () => {
    const host = createStartedHost({ strategy: 'one_for_all' }, ['a', 'b'])
    expect(host.run({ type: 'terminate_child', id: 'b' })).toEqual(['stop b 5000', 'reply terminate_child b ok'])
    expect(host.run(crash('a')).slice(1)).toEqual(['restart a', 'restart b'])
  })

  it('C-9: a child that overruns its shutdown time is reported as killed', () => {
    const host = createStartedHost({}, [
      { id: 'a', start: 'a', shutdown: 50 },
      { id: 'b', start: 'b', shutdown: 'brutal_kill' },
    ])
    host.planStop('a', { kind: 'killed' })
    expect(host.run({ type: 'shutdown' })).toEqual([
      'stop b brutal_kill',
      'stop a 50',
      'report shutdown_error a killed',
      'ended shutdown',
    ])
  })

  it('C-9: an orderly end other than shutdown is expected of every stopped child but a permanent one', () => {
    for (const [restart, reported] of [
      ['permanent', true],
      ['transient', false],
      ['temporary', false],
    ] as const) {
      const host = createStartedHost({}, [{ id: 'a', start: 'a', restart }])
      host.planStop('a', NORMAL)
      expect(host.run({ type: 'terminate_child', id: 'a' }).includes('report shutdown_error a normal')).toBe(reported)
      const detailed = createStartedHost({}, [{ id: 'a', start: 'a', restart }])
      detailed.planStop('a', { kind: 'shutdown', detail: 'x' })
      expect(detailed.run({ type: 'terminate_child', id: 'a' }).includes('report shutdown_error a shutdown')).toBe(reported)
    }
  })

  it('C-11: adding a child twice: already_started against already_present', () => {
    const host = createStartedHost({}, ['a'])
    expect(host.run({ type: 'add_child', spec: { id: 'a', start: 'z' } })).toEqual(['reply add_child a already_started'])
    host.run({ type: 'terminate_child', id: 'a' })
    expect(host.run({ type: 'add_child', spec: { id: 'a', start: 'z' } })).toEqual(['reply add_child a already_present'])
    expect(childSpec(host.state, 'a')?.start).toBe('a')
  })

  it('C-12: a supervisor made anew has its static children and not the dynamic ones', () => {
    const specs = [{ id: 'a', start: 'a' }]
    const host = createStartedHost({}, specs)
    host.run({ type: 'add_child', spec: { id: 'dynamic', start: 'd' } })
    expect(countChildren(host.state).specs).toBe(2)
    host.run({ type: 'shutdown' })
    expect(createTestHost({}, specs).run({ type: 'start' })).toEqual(['start a', 'reply start ok'])
  })

  it('C-13: start arguments of temporary children are not retained', () => {
    const host = createStartedHost({}, [{ id: 't', start: 'secret', restart: 'temporary' }, 'a'])
    host.run({ type: 'add_child', spec: { id: 'u', start: 'secret', restart: 'temporary' } })
    expect(childSpec(host.state, 't')).toMatchObject({ id: 't', start: undefined })
    expect(childSpec(host.state, 'u')).toMatchObject({ id: 'u', start: undefined })
    expect(childSpec(host.state, 'a')).toMatchObject({ id: 'a', start: 'a' })
  })

  it('C-18: a lost core restarts all its children as one: one restart counted, start order kept', () => {
    const host = createStartedHost({ intensity: 1 }, ['a', 'b', 'c', 'd', { id: 't', start: 't', restart: 'temporary' }])
    expect(host.run({ type: 'core_lost', ids: ['t', 'd', 'b', 'a', 'unknown', 'b'] })).toEqual([
      ...['a', 'b', 'd', 't'].map((id) => `report child_terminated ${id} core_lost`),
      'restart a',
      'restart b',
      'restart d',
    ])
    expect(stateOf(host)).toEqual(['a running', 'b running', 'c running', 'd running'])
    expect(host.run({ type: 'core_lost', ids: ['c'] }).at(-1)).toBe('ended intensity_exceeded')
  })

  it('C-18: with somebody to blame the loss counts for nobody else', () => {
    const host = createStartedHost({ intensity: 0 }, ['a', 'b'])
    const restarted = ['report child_terminated a core_lost', 'restart a']
    expect(host.run({ type: 'core_lost', ids: ['a'], blamed: [] })).toEqual(restarted)
    expect(host.run({ type: 'core_lost', ids: ['a'], blamed: ['b'] })).toEqual(restarted)
    expect(host.run({ type: 'core_lost', ids: ['a', 'b'], blamed: ['b'] }).at(-1)).toBe('ended intensity_exceeded')
  })

  it('C-18: with an intensity for each child only the blamed child uses up its own', () => {
    const host = createStartedHost({ intensity: 1, intensityPer: 'child' }, ['a', 'b'])
    for (let time = 0; time < 2; time += 1) host.run({ type: 'core_lost', ids: ['a', 'b'], blamed: ['b'] })
    expect(stateOf(host)).toEqual(['a running', 'b stopped'])
  })

  it('C-18: with rest_for_one the earliest lost child decides, the living after it are stopped in reverse', () => {
    const host = createStartedHost({ strategy: 'rest_for_one' }, ['a', 'b', 'c', 'd', 'e'])
    expect(host.run({ type: 'core_lost', ids: ['d', 'b'] })).toEqual([
      'report child_terminated b core_lost',
      'report child_terminated d core_lost',
      'stop e 5000',
      'stop c 5000',
      'restart b',
      'restart c',
      'restart d',
      'restart e',
    ])
  })

  it('C-18: with one_for_all the living are stopped in reverse and all are started in order', () => {
    const host = createStartedHost({ strategy: 'one_for_all' }, ['a', 'b', 'c', 'd'])
    expect(host.run({ type: 'core_lost', ids: ['c'] }).slice(1)).toEqual([
      'stop d 5000',
      'stop b 5000',
      'stop a 5000',
      'restart a',
      'restart b',
      'restart c',
      'restart d',
    ])
  })

  it('C-18: a core that takes temporary children only costs no restart', () => {
    const host = createStartedHost({ intensity: 0 }, ['a', { id: 't', start: 't', restart: 'temporary' }])
    expect(host.run({ type: 'core_lost', ids: ['t'] })).toEqual(['report child_terminated t core_lost'])
  })
})

describe('start', () => {
  it('a failed start stops the started ones in reverse and ends the supervisor; later ones were never started', () => {
    const host = createTestHost({}, ['a', 'b', 'c', 'd'])
    host.plan('c', CRASH)
    expect(host.run({ type: 'start' })).toEqual([
      'start a',
      'start b',
      'start c',
      'report start_failed c crash',
      'stop b 5000',
      'stop a 5000',
      'reply start c start_failed crash',
      'ended start_failed',
    ])
  })

  it('without children it is started at once; a second start and requests before the first are refused', () => {
    const host = createTestHost({}, [])
    expect(host.run({ type: 'add_child', spec: { id: 'a', start: 'a' } })).toEqual(['reply add_child a not_started'])
    expect(host.run({ type: 'start' })).toEqual(['reply start ok'])
    expect(host.run({ type: 'start' })).toEqual(['reply start already_started'])
    expect(host.run({ type: 'shutdown' })).toEqual(['ended shutdown'])
  })

  it('a shutdown before the start ends it with nothing to stop', () => {
    expect(createTestHost({}, ['a']).run({ type: 'shutdown' })).toEqual(['ended shutdown'])
  })
})

describe('requests', () => {
  it('add_child that fails keeps nothing', () => {
    const host = createStartedHost({}, [])
    host.plan('a', CRASH)
    expect(host.run({ type: 'add_child', spec: { id: 'a', start: 'a' } })).toEqual([
      'start a',
      'reply add_child a start_failed crash',
    ])
    expect(countChildren(host.state)).toEqual({ specs: 0, active: 0, supervisors: 0, workers: 0 })
  })

  it('terminate_child keeps the spec, and forgets a temporary child', () => {
    const host = createStartedHost({}, ['a', { id: 't', start: 't', restart: 'temporary' }])
    host.run({ type: 'terminate_child', id: 'a' })
    host.run({ type: 'terminate_child', id: 't' })
    expect(stateOf(host)).toEqual(['a stopped'])
    expect(host.run({ type: 'terminate_child', id: 'a' })).toEqual(['reply terminate_child a ok'])
    expect(host.run({ type: 'terminate_child', id: 't' })).toEqual(['reply terminate_child t not_found'])
  })

  it('restart_child and delete_child want a child without an actor', () => {
    const host = createStartedHost({}, ['a'])
    expect(host.run({ type: 'restart_child', id: 'a' })).toEqual(['reply restart_child a running'])
    expect(host.run({ type: 'delete_child', id: 'a' })).toEqual(['reply delete_child a running'])
    expect(host.run({ type: 'restart_child', id: 'x' })).toEqual(['reply restart_child x not_found'])
    host.run({ type: 'terminate_child', id: 'a' })
    host.plan('a', CRASH)
    expect(host.run({ type: 'restart_child', id: 'a' })).toEqual(['restart a', 'reply restart_child a start_failed crash'])
    expect(host.run({ type: 'delete_child', id: 'a' })).toEqual(['reply delete_child a ok'])
    expect(host.run({ type: 'delete_child', id: 'a' })).toEqual(['reply delete_child a not_found'])
  })

  it('counts and lists children', () => {
    const host = createStartedHost({}, ['a', { id: 's', start: 's', kind: 'supervisor' }, 'b'])
    host.run({ type: 'terminate_child', id: 'b' })
    host.run(crash('a'))
    expect(countChildren(host.state)).toEqual({ specs: 3, active: 2, supervisors: 1, workers: 2 })
    expect(whichChildren(host.state)).toEqual([
      { id: 'a', status: 'running', kind: 'worker', restarts: 1 },
      { id: 's', status: 'running', kind: 'supervisor', restarts: 0 },
      { id: 'b', status: 'stopped', kind: 'worker', restarts: 0 },
    ])
  })
})

describe('intensity per child', () => {
  it('a child that exceeds its own intensity is given up, the supervisor and the others live on', () => {
    const host = createStartedHost({ intensityPer: 'child', intensity: 1 }, ['a', 'b'])
    expect(host.run(crash('a')).at(-1)).toBe('restart a')
    expect(host.run(crash('b')).at(-1)).toBe('restart b')
    expect(host.run(crash('a'))).toEqual(['report child_terminated a crash', 'report child_given_up a crash 2'])
    expect(stateOf(host)).toEqual(['a stopped', 'b running'])
    expect(host.run({ type: 'restart_child', id: 'a' })).toEqual(['restart a', 'reply restart_child a ok'])
    expect(host.run(crash('a')).at(-1)).toBe('restart a')
  })

  it('failing attempts use up the intensity of the child', () => {
    const host = createStartedHost({ intensityPer: 'child', intensity: 2 }, ['a', 'b'])
    host.plan('a', CRASH, CRASH, CRASH)
    expect(host.run(crash('a')).slice(-2)).toEqual(['report start_failed a crash', 'report child_given_up a crash 3'])
  })

  it('a lost core counts once for each child; those over their intensity stay down', () => {
    const host = createStartedHost({ intensityPer: 'child', intensity: 1 }, ['a', 'b', 'c'])
    host.run(crash('b'))
    expect(host.run({ type: 'core_lost', ids: ['c', 'b', 'a'] }).slice(3)).toEqual([
      'report child_given_up b core_lost 2',
      'restart a',
      'restart c',
    ])
  })
})
