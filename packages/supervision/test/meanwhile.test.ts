/** Events that arrive while a step is under way. */
import { describe, expect, it } from 'vitest'

import { countChildren, decide, REQUESTS_MAX, whichChildren } from '../src/index.ts'
import { CRASH, createStartedHost, createTestHost, NORMAL } from './test-host.ts'

const crash = (id: string) => ({ type: 'child_exited', id, exit: CRASH }) as const

describe('an exit meanwhile', () => {
  it('of a sibling waits for the operation under way and is then a restart of its own', () => {
    const host = createStartedHost({ intensity: 2 }, ['a', 'b'])
    host.feed(crash('a'))
    expect(host.feed(crash('b'))).toEqual([])
    expect(countChildren(host.state).active).toBe(0)
    expect(host.answer()).toEqual(['report child_terminated b crash', 'restart b'])
  })

  it('of a child that was about to be stopped counts as stopped: no stop is asked for, no restart is counted', () => {
    const host = createStartedHost({ strategy: 'one_for_all', intensity: 1 }, ['a', 'b', 'c'])
    expect(host.feed(crash('a'))).toEqual(['report child_terminated a crash', 'stop c 5000'])
    host.feed(crash('b'))
    expect(host.answer()).toEqual(['report shutdown_error b crash', 'restart a'])
    expect([...host.answer(), ...host.answer(), ...host.answer()]).toEqual(['restart b', 'restart c'])
    expect(host.step).toBeUndefined()
  })

  it('of the child that is being stopped is the answer to the stop', () => {
    const host = createStartedHost({}, ['a'])
    host.feed({ type: 'terminate_child', id: 'a' })
    expect(host.feed(crash('a'))).toEqual(['report shutdown_error a crash', 'reply terminate_child a ok'])
  })

  it('of the child that is being started is a failed start', () => {
    const host = createStartedHost({ intensity: 5 }, ['a'])
    const first = host.state.incarnations + 1
    host.feed(crash('a'))
    const again = decide(host.state, crash('a'), 0).actions
    expect(again).toEqual([
      { type: 'report', report: 'start_failed', id: 'a', exit: CRASH },
      expect.objectContaining({ type: 'start_child', restart: true, incarnation: first + 1 }),
    ])
  })

  it('of a child started earlier in the same group restart is handled after the group, and before a later failed attempt', () => {
    const host = createStartedHost({ strategy: 'rest_for_one', intensity: 5 }, ['a', 'b', 'c'])
    host.plan('c', CRASH)
    host.feed(crash('a'))
    while (host.step?.type !== 'start_child' || host.step.spec.id !== 'c') host.answer()
    host.feed(crash('b'))
    expect(host.answer()).toEqual(['report start_failed c crash', 'report child_terminated b crash', 'restart b'])
    expect([...host.answer(), ...host.answer()]).toEqual(['restart c'])
    expect(whichChildren(host.state).every((child) => child.status === 'running')).toBe(true)
  })

  it('of unknown, stopped or twice reported children is ignored', () => {
    const host = createStartedHost({ intensity: 1 }, ['a', 'b'])
    host.run({ type: 'terminate_child', id: 'b' })
    expect([...host.feed(crash('b')), ...host.feed(crash('nobody'))]).toEqual([])
    const added = host.feed({ type: 'add_child', spec: { id: 'c', start: 'c' } })
    expect(added).toEqual(['start c'])
    host.feed(crash('a'))
    host.feed(crash('a'))
    expect(host.answer()).toEqual(['reply add_child c ok', 'report child_terminated a crash', 'restart a'])
    expect(host.answer()).toEqual([])
  })
})

describe('a request meanwhile', () => {
  it('waits its turn', () => {
    const host = createStartedHost({}, ['a'])
    host.feed(crash('a'))
    expect(host.feed({ type: 'restart_child', id: 'a' })).toEqual([])
    expect(host.feed({ type: 'delete_child', id: 'x' })).toEqual([])
    expect(host.answer()).toEqual(['reply restart_child a running', 'reply delete_child x not_found'])
  })

  it('to terminate a child comes between two attempts to restart it and ends them', () => {
    const host = createStartedHost({ intensity: 100 }, ['a'])
    host.plan('a', CRASH, CRASH)
    host.feed(crash('a'))
    for (const type of ['restart_child', 'delete_child', 'terminate_child'] as const) host.feed({ type, id: 'a' })
    host.feed({ type: 'add_child', spec: { id: 'a', start: 'a' } })
    expect(host.answer()).toEqual([
      'report start_failed a crash',
      'reply restart_child a restarting',
      'reply delete_child a restarting',
      'reply terminate_child a ok',
      'reply add_child a already_present',
    ])
    expect(host.step).toBeUndefined()
  })

  it('is refused when too many wait', () => {
    const host = createStartedHost({}, ['a'])
    host.feed(crash('a'))
    for (let waiting = 0; waiting < REQUESTS_MAX; waiting++) host.state.backlog.push({ type: 'delete_child', id: 'x' })
    expect(host.feed({ type: 'delete_child', id: 'x' })).toEqual(['reply delete_child x overloaded'])
  })
})

describe('a core lost meanwhile', () => {
  it('with the child that is being restarted: it is restarted with the others of that core, the loss counts once', () => {
    const host = createStartedHost({ intensity: 2 }, ['a', 'b', 'c'])
    host.feed(crash('b'))
    expect(host.feed({ type: 'core_lost', ids: ['c', 'b'] })).toEqual([
      'report start_failed b core_lost',
      'report child_terminated c core_lost',
      'restart b',
    ])
    expect([...host.answer(), ...host.answer()]).toEqual(['restart c'])
    expect(host.run(crash('a')).at(-1)).toBe('ended intensity_exceeded')
  })

  it('in the middle of a group restart: the group goes on from the earliest child that was lost', () => {
    const host = createStartedHost({ strategy: 'rest_for_one', intensity: 2 }, ['a', 'b', 'c', 'd'])
    host.feed(crash('a'))
    while (host.step?.type !== 'start_child' || host.step.spec.id !== 'c') host.answer()
    expect(host.feed({ type: 'core_lost', ids: ['c', 'b'] })).toEqual([
      'report start_failed c core_lost',
      'report child_terminated b core_lost',
      'restart b',
    ])
    expect([...host.answer(), ...host.answer(), ...host.answer()]).toEqual(['restart c', 'restart d'])
  })

  it('with the child that is being stopped: it is stopped', () => {
    const host = createStartedHost({}, ['a', 'b'])
    host.feed({ type: 'shutdown' })
    expect(host.feed({ type: 'core_lost', ids: ['a', 'b'] })).toEqual([
      'report shutdown_error b core_lost',
      'report shutdown_error a core_lost',
      'ended shutdown',
    ])
  })

  it('with a child on its first start: the start has failed', () => {
    const host = createTestHost({}, ['a', 'b'])
    host.feed({ type: 'start' })
    host.answer()
    expect(host.feed({ type: 'core_lost', ids: ['a', 'b'] })).toEqual([
      'report start_failed b core_lost',
      'report shutdown_error a core_lost',
      'reply start b start_failed core_lost',
      'ended start_failed',
    ])
    const added = createStartedHost({}, [])
    added.feed({ type: 'add_child', spec: { id: 'a', start: 'a' } })
    expect(added.feed({ type: 'core_lost', ids: ['a'] })).toEqual(['reply add_child a start_failed core_lost'])
  })
})

describe('an exit or a lost core that has been dealt with', () => {
  it('is not taken for a later exit of its child, whose turn comes later', () => {
    const host = createStartedHost({ strategy: 'one_for_all', intensity: 2 }, ['a', 'b', 'c'])
    host.feed(crash('a'))
    host.feed(crash('b'))
    while (host.step?.type !== 'start_child' || host.step.spec.id !== 'c') host.answer()
    host.feed({ type: 'restart_child', id: 'b' })
    host.feed(crash('b'))
    expect(host.answer()).toEqual(['reply restart_child b running', 'report child_terminated b crash', 'stop c 5000'])
  })

  it('(the core) is not taken for a later exit of the child that was restarted since', () => {
    const host = createStartedHost({ strategy: 'one_for_all', intensity: 2 }, ['a', 'b', 'c'])
    host.feed(crash('a'))
    host.feed({ type: 'core_lost', ids: ['b'] })
    while (host.step?.type !== 'start_child' || host.step.spec.id !== 'c') host.answer()
    host.feed(crash('b'))
    expect(host.answer()).toEqual(['report child_terminated b crash', 'stop c 5000'])
  })

  it('does not restart the child that had joined it and runs again since', () => {
    const host = createStartedHost({ strategy: 'one_for_all', intensity: 2 }, ['a', 'b'])
    host.feed(crash('a'))
    while (host.step?.type !== 'start_child' || host.step.spec.id !== 'b') host.answer()
    host.feed(crash('a'))
    expect(host.feed({ type: 'core_lost', ids: ['b'] })).toEqual([
      'report start_failed b core_lost',
      'report child_terminated a crash',
      'restart a',
    ])
    expect([...host.answer(), ...host.answer()]).toEqual(['restart b'])
    expect(whichChildren(host.state).map((child) => child.status)).toEqual(['running', 'running'])
  })

  it('and whose caller was told is no reason to restart the child before its turn', () => {
    const host = createStartedHost({ strategy: 'one_for_all', intensity: 9 }, ['b', 'a'])
    host.run({ type: 'terminate_child', id: 'a' })
    host.plan('a', CRASH)
    host.feed({ type: 'restart_child', id: 'a' })
    host.feed(crash('b'))
    expect(host.feed({ type: 'core_lost', ids: ['a'] })[0]).toBe('reply restart_child a start_failed core_lost')
    host.feed({ type: 'terminate_child', id: 'a' })
    expect(host.answer()).toEqual(['restart a'])
    expect(host.answer()).toEqual(['report start_failed a crash', 'reply terminate_child a ok'])
  })
})

describe('a shutdown meanwhile', () => {
  it('of the initial start: the child that is starting is awaited, no other is started, all are stopped', () => {
    const host = createTestHost({}, ['a', 'b', 'c'])
    host.feed({ type: 'start' })
    host.answer()
    expect(host.feed({ type: 'shutdown' })).toEqual([])
    expect(host.answer()).toEqual(['stop b 5000'])
    expect([...host.answer(), ...host.answer()]).toEqual(['stop a 5000', 'reply start shutting_down', 'ended shutdown'])
  })

  it('of a restart: no further attempt, waiting exits are used up, waiting and later requests are refused', () => {
    const host = createStartedHost({ intensity: 100 }, ['a', 'b'])
    host.plan('a', CRASH)
    host.feed(crash('a'))
    host.feed(crash('b'))
    host.feed({ type: 'delete_child', id: 'a' })
    host.feed({ type: 'shutdown' })
    expect(host.feed({ type: 'delete_child', id: 'b' })).toEqual(['reply delete_child b shutting_down'])
    expect(host.answer()).toEqual([
      'report start_failed a crash',
      'reply delete_child a shutting_down',
      'report shutdown_error b crash',
      'ended shutdown',
    ])
  })

  it('of an end that is under way changes nothing', () => {
    const host = createStartedHost({ intensity: 0 }, ['a', 'b'])
    host.feed(crash('a'))
    host.feed({ type: 'shutdown' })
    host.feed({ type: 'child_exited', id: 'b', exit: NORMAL })
    expect(host.state.phase).toBe('ended')
  })
})

describe('incarnation numbers', () => {
  it('tell a latecomer from the current incarnation', () => {
    const host = createStartedHost({ intensity: 100 }, ['a'])
    const { state } = host
    const old = state.incarnations
    expect(decide(state, { type: 'child_exited', id: 'a', exit: CRASH, incarnation: old }, 0).actions).toHaveLength(2)
    for (const type of ['child_exited', 'child_stopped', 'child_start_failed'] as const) {
      expect(decide(state, { type, id: 'a', exit: CRASH, incarnation: old }, 0).actions).toEqual([])
    }
    expect(decide(state, { type: 'child_started', id: 'a', incarnation: old }, 0).actions).toEqual([])
    expect(whichChildren(state)[0]?.status).toBe('starting')
    decide(state, { type: 'child_started', id: 'a', incarnation: old + 1 }, 0)
    expect(whichChildren(state)[0]?.status).toBe('running')
    expect(decide(state, { type: 'child_exited', id: 'a', exit: CRASH, incarnation: old }, 0).actions).toEqual([])
    expect(decide(state, { type: 'child_exited', id: 'a', exit: CRASH, incarnation: old + 1 }, 0).actions).toHaveLength(2)
  })
})
