import { CambiumError } from '@cambium/base'
import { describe, expect, it } from 'vitest'

import {
  CHILDREN_MAX,
  checkChildSpec,
  checkSupervisorFlags,
  type ChildSpec,
  createSupervisor,
  type SupervisorFlags,
} from '../src/index.ts'
import { createStartedHost } from './test-host.ts'

function wrongField(code: string, run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    if (!(error instanceof CambiumError) || error.code !== code) throw error
    expect(error.message).toContain(`field=${String(error.fields.field)}`)
    return error.fields.field
  }
  return undefined
}

describe('C-15: a bad child spec is rejected with its field', () => {
  const good = { id: 'a', start: 1 }
  it.each<[string, unknown]>([
    ['spec', null],
    ['spec', [good]],
    ['id', { start: 1 }],
    ['id', { id: '', start: 1 }],
    ['id', { id: 7, start: 1 }],
    ['id', { id: 'x'.repeat(257), start: 1 }],
    ['start', { id: 'a' }],
    ['restart', { ...good, restart: 'always' }],
    ['restart', { ...good, restart: null }],
    ['shutdown', { ...good, shutdown: -1 }],
    ['shutdown', { ...good, shutdown: 1.5 }],
    ['shutdown', { ...good, shutdown: Infinity }],
    ['shutdown', { ...good, shutdown: 2 ** 31 }],
    ['shutdown', { ...good, shutdown: 'kill' }],
    ['kind', { ...good, kind: 'boss' }],
    ['significant', { ...good, significant: 1 }],
    ['restrat', { ...good, restrat: 'permanent' }],
  ])('%s', (field, spec) => {
    expect(wrongField('ERR_CHILD_SPEC', () => createSupervisor({}, [spec as ChildSpec]))).toBe(field)
  })

  it('children of a dynamic supervisor, or more than it may have', () => {
    expect(wrongField('ERR_CHILD_SPEC', () => createSupervisor({ kind: 'dynamic' }, [good]))).toBe('children')
    expect(wrongField('ERR_CHILD_SPEC', () => createSupervisor({ maxChildren: 0 }, [good]))).toBe('children')
  })

  it('two children with one id', () => {
    expect(wrongField('ERR_CHILD_SPEC', () => createSupervisor({}, [good, { ...good }]))).toBe('id')
  })

  it('and an added one is replied to; nothing is started', () => {
    const host = createStartedHost({}, [])
    for (const spec of [{ id: 'a', start: 'a', restart: 'always' }, undefined] as unknown as ChildSpec<string>[]) {
      expect(host.run({ type: 'add_child', spec })).toEqual([`reply add_child${spec === undefined ? '' : ' a'} child_spec`])
    }
  })
})

it('C-14: a permanent child cannot be significant, nor any child while automatic shutdown is off', () => {
  for (const restart of ['permanent', 'transient', 'temporary'] as const) {
    expect(wrongField('ERR_CHILD_SPEC', () => checkChildSpec({ id: 'a', start: 1, restart, significant: true }))).toBe(
      'significant',
    )
    expect(checkChildSpec({ id: 'a', start: 1, restart, significant: false }).significant).toBe(false)
  }
  for (const autoShutdown of ['any_significant', 'all_significant'] as const) {
    const create = (restart: 'permanent' | 'transient') => () =>
      createSupervisor({ autoShutdown }, [{ id: 'a', start: 1, restart, significant: true }])
    expect(wrongField('ERR_CHILD_SPEC', create('permanent'))).toBe('significant')
    expect(create('transient')()).toMatchObject({ phase: 'new' })
  }
})

it('a child spec has the defaults of OTP', () => {
  const defaults = { restart: 'permanent', shutdown: 5000, significant: false, kind: 'worker' }
  expect(checkChildSpec({ id: 'a', start: null })).toEqual({ id: 'a', start: null, ...defaults })
  expect(checkChildSpec({ id: 'a', start: 0, kind: 'supervisor' }).shutdown).toBe('infinity')
  expect(checkChildSpec({ id: 'a', start: 0, kind: 'supervisor', shutdown: 0 }).shutdown).toBe(0)
})

describe('C-15: bad flags are rejected with their field', () => {
  it.each<[string, unknown]>([
    ['flags', undefined],
    ['strategy', { strategy: 'simple_one_for_one' }],
    ['intensity', { intensity: -1 }],
    ['intensity', { intensity: 0.5 }],
    ['intensity', { intensity: Infinity }],
    ['periodMs', { periodMs: 0 }],
    ['periodMs', { periodMs: Infinity }],
    ['periodMs', { periodMs: '5' }],
    ['intensityPer', { intensityPer: 'none' }],
    ['intensityPer', { intensityPer: 'child', strategy: 'one_for_all' }],
    ['period', { period: 5 }],
    ['kind', { kind: 'simple' }],
    ['strategy', { kind: 'dynamic', strategy: 'rest_for_one' }],
    ['autoShutdown', { autoShutdown: 'always' }],
    ['maxChildren', { maxChildren: -1 }],
    ['maxChildren', { maxChildren: CHILDREN_MAX + 1 }],
    ['backoff', { backoff: 100 }],
    ['backoff.maxMs', { backoff: { initialMs: 1 } }],
    ['backoff.maxMs', { backoff: { initialMs: 1, maxMs: 2 ** 31 } }],
    ['backoff.initialMs', { backoff: { initialMs: 0, maxMs: 10 } }],
    ['backoff.initialMs', { backoff: { initialMs: 11, maxMs: 10 } }],
    ['backoff.factor', { backoff: { initialMs: 1, maxMs: 10, factor: 0.5 } }],
    ['backoff.jitter', { backoff: { initialMs: 1, maxMs: 10, jitter: 1.5 } }],
    ['backoff.calmMs', { backoff: { initialMs: 1, maxMs: 10, calmMs: 0 } }],
    ['backoff.max', { backoff: { initialMs: 1, maxMs: 10, max: 10 } }],
  ])('%s', (field, flags) => {
    expect(wrongField('ERR_SUPERVISOR_FLAGS', () => createSupervisor(flags as SupervisorFlags, []))).toBe(field)
  })

  it('the defaults are those of OTP', () => {
    expect(checkSupervisorFlags({})).toEqual({
      kind: 'static',
      strategy: 'one_for_one',
      intensity: 1,
      periodMs: 5000,
      intensityPer: 'supervisor',
      autoShutdown: 'never',
      backoff: undefined,
      maxChildren: CHILDREN_MAX,
    })
    const { backoff } = checkSupervisorFlags({ backoff: { initialMs: 100, maxMs: 1000 } })
    expect(backoff).toEqual({ initialMs: 100, maxMs: 1000, factor: 2, jitter: 0.2, calmMs: 1000 })
  })
})
