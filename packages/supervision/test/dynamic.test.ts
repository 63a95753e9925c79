/** Dynamic supervisors: OTP's simple_one_for_one, with a spec for each child. */
import { describe, expect, it } from 'vitest'

import { childSpec, countChildren, createSupervisor, decide, type SupervisorFlags, whichChildren } from '../src/index.ts'
import { CRASH, createStartedHost, NORMAL, type TestHost } from './test-host.ts'

const crash = (id: string) => ({ type: 'child_exited', id, exit: CRASH }) as const

function create(ids: string[], flags: SupervisorFlags = {}): TestHost {
  const host = createStartedHost({ kind: 'dynamic', intensity: 9, ...flags }, [])
  for (const id of ids) host.run({ type: 'add_child', spec: { id, start: id, restart: 'transient' } })
  return host
}

describe('a dynamic supervisor', () => {
  it('starts empty, and children come by add_child, up to maxChildren', () => {
    const host = create(['a', 'b'], { maxChildren: 2 })
    expect(host.run({ type: 'add_child', spec: { id: 'c', start: 'c' } })).toEqual(['reply add_child c max_children'])
    host.run({ type: 'terminate_child', id: 'a' })
    expect(host.run({ type: 'add_child', spec: { id: 'c', start: 'c' } })).toEqual(['start c', 'reply add_child c ok'])
    expect(countChildren(host.state)).toEqual({ specs: 2, active: 2, supervisors: 0, workers: 2 })
  })

  it('restarts by restart type, and forgets those that are down for good', () => {
    const host = create(['a', 'b'])
    host.run({ type: 'add_child', spec: { id: 'p', start: 'p' } })
    host.run({ type: 'add_child', spec: { id: 't', start: 't', restart: 'temporary' } })
    expect(host.run(crash('a')).at(-1)).toBe('restart a')
    expect(host.run({ type: 'child_exited', id: 'p', exit: NORMAL }).at(-1)).toBe('restart p')
    expect(host.run({ type: 'child_exited', id: 'b', exit: NORMAL })).toEqual([])
    expect(host.run(crash('t'))).toEqual(['report child_terminated t crash'])
    expect(whichChildren(host.state).map((child) => child.id)).toEqual(['a', 'p'])
    expect(host.state.children.byId.size).toBe(2)
  })

  it('terminates by id and forgets; restart_child and delete_child are not for it', () => {
    const host = create(['a'])
    expect(host.run({ type: 'restart_child', id: 'a' })).toEqual(['reply restart_child a dynamic'])
    expect(host.run({ type: 'delete_child', id: 'a' })).toEqual(['reply delete_child a dynamic'])
    expect(host.run({ type: 'terminate_child', id: 'a' })).toEqual(['stop a 5000', 'reply terminate_child a ok'])
    expect(host.run({ type: 'terminate_child', id: 'a' })).toEqual(['reply terminate_child a not_found'])
    expect(countChildren(host.state).specs).toBe(0)
  })

  it('C-7: forgets a child that decides not to run, at its start and at a restart', () => {
    const host = create(['a'])
    host.plan('b', 'ignored')
    expect(host.run({ type: 'add_child', spec: { id: 'b', start: 'b' } })).toEqual(['start b', 'reply add_child b ok'])
    host.plan('a', 'ignored')
    expect(host.run(crash('a')).at(-1)).toBe('restart a')
    expect(countChildren(host.state).specs).toBe(0)
  })

  it('C-12: made anew it has none of its children', () => {
    create(['a', 'b']).run({ type: 'shutdown' })
    expect(create([]).run({ type: 'shutdown' })).toEqual(['ended shutdown'])
  })

  it('C-13: start arguments of temporary children are not retained', () => {
    const host = create(['a'])
    host.run({ type: 'add_child', spec: { id: 't', start: 'secret', restart: 'temporary' } })
    expect(childSpec(host.state, 't')?.start).toBeUndefined()
    expect(childSpec(host.state, 'a')?.start).toBe('a')
  })

  it('C-14: ends with its significant children', () => {
    const host = create(['a'], { autoShutdown: 'all_significant' })
    for (const id of ['s', 't']) {
      host.run({ type: 'add_child', spec: { id, start: id, restart: 'temporary', significant: true } })
    }
    expect(host.run({ type: 'child_exited', id: 's', exit: NORMAL })).toEqual([])
    expect(host.run({ type: 'child_exited', id: 't', exit: NORMAL })).toEqual([
      'report auto_shutdown t normal',
      'stop a 5000',
      'ended shutdown',
    ])
  })

  it('with an intensity per child it gives up and forgets the child that fails too often', () => {
    const host = create(['a', 'b'], { intensityPer: 'child', intensity: 0 })
    expect(host.run(crash('a')).at(-1)).toBe('report child_given_up a crash 1')
    expect(whichChildren(host.state).map((child) => child.id)).toEqual(['b'])
  })
})

describe('its end', () => {
  it('asks for all stops at once and awaits them in whatever order they come', () => {
    const host = create(['a', 'b', 'c', 'd'])
    host.run({ type: 'add_child', spec: { id: 'k', start: 'k', restart: 'temporary', shutdown: 'brutal_kill' } })
    expect(host.feed({ type: 'shutdown' })).toEqual([
      'stop k brutal_kill',
      'stop d 5000',
      'stop c 5000',
      'stop b 5000',
      'stop a 5000',
    ])
    expect(host.feed({ type: 'child_stopped', id: 'b', exit: { kind: 'killed' } })).toEqual(['report shutdown_error b killed'])
    expect(host.feed(crash('a'))).toEqual(['report shutdown_error a crash'])
    expect(host.feed({ type: 'add_child', spec: { id: 'e', start: 'e' } })).toEqual(['reply add_child e shutting_down'])
    expect(host.feed({ type: 'core_lost', ids: ['d', 'k'] })).toEqual([
      'report shutdown_error d core_lost',
      'report shutdown_error k core_lost',
    ])
    expect(host.feed({ type: 'child_stopped', id: 'b', exit: NORMAL })).toEqual([]) // said twice
    expect(host.feed({ type: 'child_stopped', id: 'c', exit: { kind: 'shutdown' } })).toEqual(['ended shutdown'])
  })

  it('waits for the child that is being started', () => {
    const host = create(['a'])
    host.feed({ type: 'add_child', spec: { id: 'b', start: 'b' } })
    expect(host.feed({ type: 'shutdown' })).toEqual([])
    expect(host.answer()).toEqual(['reply add_child b ok', 'stop b 5000', 'stop a 5000'])
  })

  it('C-16: of 100,000 children takes one decision to ask and one for each answer', () => {
    const state = createSupervisor<number>({ kind: 'dynamic' }, [])
    decide(state, { type: 'start' }, 0)
    const many = 100_000
    for (let index = 0; index < many; index++) {
      decide(state, { type: 'add_child', spec: { id: `c${index}`, start: index } }, 0)
      decide(state, { type: 'child_started', id: `c${index}` }, 0)
    }
    const { actions } = decide(state, { type: 'shutdown' }, 0)
    expect(actions.length).toBe(many)
    for (let index = 0; index < many; index++) {
      const last = decide(state, { type: 'child_stopped', id: `c${index}`, exit: { kind: 'shutdown' } }, 0).actions
      expect(last.length).toBe(Number(index === many - 1))
    }
    expect([state.phase, state.children.byId.size]).toEqual(['ended', 0])
  })
})
