/** C-14: significant children, and the supervisor that ends with them. */
import { describe, expect, it } from 'vitest'

import { type AutoShutdown, type ChildSpec, whichChildren } from '../src/index.ts'
import { CRASH, createStartedHost, NORMAL, type TestHost } from './test-host.ts'

const significant = (id: string, restart: 'transient' | 'temporary'): ChildSpec<string> => {
  return { id, start: id, restart, significant: true }
}
const create = (autoShutdown: AutoShutdown, specs: readonly (ChildSpec<string> | string)[]): TestHost =>
  createStartedHost({ autoShutdown, intensity: 9 }, specs)
const exited = (id: string, exit = NORMAL) => ({ type: 'child_exited', id, exit }) as const

describe('C-14: any_significant', () => {
  it.each([NORMAL, { kind: 'shutdown' }, { kind: 'shutdown', detail: 'done' }] as const)(
    'a transient child that ends with %j ends the supervisor, the others stopped in reverse',
    (exit) => {
      const host = create('any_significant', ['a', significant('s', 'transient'), 'b'])
      expect(host.run(exited('s', exit))).toEqual([
        `report auto_shutdown s ${exit.kind}`,
        'stop b 5000',
        'stop a 5000',
        'ended shutdown',
      ])
    },
  )

  it('a transient child that is killed is restarted', () => {
    const host = create('any_significant', ['a', significant('s', 'transient')])
    expect(host.run(exited('s', { kind: 'killed' }))).toEqual(['report child_terminated s killed', 'restart s'])
  })

  it('a temporary child that is killed ends the supervisor', () => {
    const host = create('any_significant', ['a', significant('s', 'temporary')])
    expect(host.run(exited('s', { kind: 'killed' }))).toEqual([
      'report child_terminated s killed',
      'report auto_shutdown s killed',
      'stop a 5000',
      'ended shutdown',
    ])
  })

  it('a child that is not significant does not end it', () => {
    const host = create('any_significant', [{ id: 'x', start: 'x', restart: 'transient' }, significant('s', 'transient')])
    expect(host.run(exited('x'))).toEqual([])
  })

  it('a child that was terminated, stopped with its group, or decided not to run does not end it', () => {
    const host = createStartedHost({ autoShutdown: 'any_significant', strategy: 'one_for_all', intensity: 9 }, [
      significant('s', 'transient'),
      significant('t', 'temporary'),
      'a',
    ])
    expect(host.run(exited('a', CRASH)).slice(1)).toEqual(['stop t 5000', 'stop s 5000', 'restart s', 'restart a'])
    expect(host.run({ type: 'terminate_child', id: 's' }).at(-1)).toBe('reply terminate_child s ok')
    host.plan('s', 'ignored')
    expect(host.run({ type: 'restart_child', id: 's' }).at(-1)).toBe('reply restart_child s ok')
    expect(whichChildren(host.state).map((child) => `${child.id} ${child.status}`)).toEqual(['s stopped', 'a running'])
  })

  it('a lost core that takes a temporary one ends it, and restarts nobody', () => {
    const host = create('any_significant', ['a', significant('s', 'temporary'), 'b'])
    expect(host.run({ type: 'core_lost', ids: ['s', 'a'] }).slice(2)).toEqual([
      'report auto_shutdown s core_lost',
      'stop b 5000',
      'ended shutdown',
    ])
  })
})

describe('C-14: all_significant', () => {
  it('the last significant child that has an actor ends the supervisor; one that is being restarted has one', () => {
    const host = create('all_significant', [significant('s', 'transient'), significant('t', 'temporary'), 'a'])
    expect(host.run(exited('s'))).toEqual([])
    expect(host.run({ type: 'restart_child', id: 's' }).at(-1)).toBe('reply restart_child s ok')
    expect(host.run(exited('t', CRASH))).toEqual(['report child_terminated t crash'])
    expect(host.run(exited('s', CRASH)).at(-1)).toBe('restart s')
    expect(host.run(exited('s'))).toEqual(['report auto_shutdown s normal', 'stop a 5000', 'ended shutdown'])
  })

  it('a terminated one counts no more, but its end does not end the supervisor', () => {
    const host = create('all_significant', [significant('s', 'transient'), significant('t', 'transient')])
    expect(host.run({ type: 'terminate_child', id: 's' }).at(-1)).toBe('reply terminate_child s ok')
    expect(host.run(exited('t')).at(-1)).toBe('ended shutdown')
  })

  it('added ones count', () => {
    const host = create('all_significant', [significant('s', 'transient')])
    host.run({ type: 'add_child', spec: significant('t', 'temporary') })
    expect(host.run(exited('s'))).toEqual([])
    expect(host.run(exited('t')).at(-1)).toBe('ended shutdown')
  })

  it('one whose exit waits for its turn still counts, as in OTP', () => {
    const host = create('all_significant', [significant('s', 'temporary'), significant('t', 'temporary'), 'a'])
    host.feed(exited('a', CRASH))
    host.feed(exited('s'))
    host.feed(exited('t'))
    expect(host.answer()).toEqual(['report auto_shutdown t normal', 'stop a 5000'])
  })
})

it('C-14: never: significant children cannot be, added ones neither', () => {
  const host = create('never', [])
  expect(host.run({ type: 'add_child', spec: significant('s', 'transient') })).toEqual(['reply add_child s child_spec'])
})
