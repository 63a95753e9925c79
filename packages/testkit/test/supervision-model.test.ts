/** The simple model of a supervisor does what the real one does, whatever it is told: otherwise one of the two is wrong, and the oracle with it. */
import { createSupervisor, decide, decisions } from '@cambium/supervision'
import type { ChildSpec, DecisionMade, SupervisorEvent, SupervisorFlags } from '@cambium/supervision'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SupervisionOracle } from '../src/oracles/supervision.ts'

const IDS = ['a', 'b', 'c', 'd', 'e']
const id = fc.constantFrom(...IDS)
const exit = fc.record({ kind: fc.constantFrom('normal', 'shutdown', 'killed', 'crash', 'crash', 'core_lost') })
const spec = fc.record({
  id,
  start: fc.constant({}),
  restart: fc.constantFrom('permanent', 'permanent', 'transient', 'temporary'),
  shutdown: fc.constantFrom('brutal_kill' as const, 'infinity' as const, 100),
  significant: fc.boolean(),
}) as fc.Arbitrary<ChildSpec>

/** What happens next; an answer answers the step under way, if there is one. */
type Happening = SupervisorEvent | { readonly type: 'answer'; readonly isGood: boolean; readonly isLate: boolean }

const happening = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      type: fc.constant('answer'),
      isGood: fc.constantFrom(true, true, true, false),
      isLate: fc.constantFrom(false, false, false, true),
    }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('child_exited'), id, exit }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('core_lost'), ids: fc.uniqueArray(id, { minLength: 1 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('terminate_child', 'restart_child', 'delete_child'), id }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('add_child'), spec: fc.oneof(spec, fc.constant({ id: 'x' })) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('start', 'shutdown') }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('wait_over'), id }) },
) as fc.Arbitrary<Happening>

const flags = fc
  .tuple(
    fc.constantFrom(
      { strategy: 'one_for_one', intensityPer: 'supervisor' },
      { strategy: 'one_for_one', intensityPer: 'child' },
      { strategy: 'one_for_all', intensityPer: 'supervisor' },
      { strategy: 'rest_for_one', intensityPer: 'supervisor' },
      { kind: 'dynamic', intensityPer: 'supervisor' },
      { kind: 'dynamic', intensityPer: 'child' },
    ),
    fc.nat(4),
    fc.integer({ min: 1, max: 60 }),
    fc.constantFrom('never', 'any_significant', 'all_significant'),
    fc.option(
      fc.record({
        initialMs: fc.integer({ min: 1, max: 20 }),
        maxMs: fc.integer({ min: 20, max: 100 }),
        factor: fc.constantFrom(1, 2, 3),
        jitter: fc.constantFrom(0, 0.2, 1),
        calmMs: fc.integer({ min: 1, max: 60 }),
      }),
      { nil: undefined },
    ),
    fc.constantFrom(5, 6),
  )
  .map(([shape, intensity, periodMs, autoShutdown, backoff, maxChildren]) => {
    return { ...shape, intensity, periodMs, autoShutdown, backoff, maxChildren }
  }) as fc.Arbitrary<SupervisorFlags>

const script = fc.record({
  flags,
  specs: fc.uniqueArray(spec, { maxLength: 5, selector: (each) => each.id }),
  isStarted: fc.constantFrom(true, true, true, false),
  happenings: fc.array(happening, { maxLength: 60 }),
})

/** A permanent child cannot be significant, and none can where nothing follows from it. */
function allowed(child: ChildSpec, { autoShutdown }: SupervisorFlags): ChildSpec {
  return autoShutdown === 'never' || child.restart === 'permanent' ? { ...child, significant: false } : child
}

/** Feeds the real one; the oracle looks on by the channel. A dynamic supervisor is given its children as requests. */
function play({ flags: with_, specs, isStarted, happenings }: typeof script extends fc.Arbitrary<infer T> ? T : never): void {
  const oracle = new SupervisionOracle({ latest: () => undefined })
  let found: Error | undefined
  const look = (decision: unknown): void => {
    try {
      oracle.decided(decision as DecisionMade)
    } catch (error) {
      found ??= error as Error
    }
  }
  subscribe(decisions.name, look)
  try {
    const isDynamic = with_.kind === 'dynamic'
    const children = specs.map((child) => allowed(child, with_))
    const state = createSupervisor(with_, isDynamic ? [] : children, 0.25)
    let now = 0
    const feed = (event: SupervisorEvent): void => {
      decide(state, event, now)
      if (found !== undefined) throw found
    }
    if (isStarted) feed({ type: 'start' })
    for (const child of isDynamic ? children : []) feed({ type: 'add_child', spec: child })
    for (const each of happenings) {
      now += 7
      if (each.type === 'add_child') feed({ ...each, spec: allowed(each.spec, with_) })
      else if (each.type === 'wait_over') feed({ ...each, incarnation: state.children.byId.get(each.id)?.incarnation ?? 0 })
      else if (each.type !== 'answer') feed(each)
      else if (state.starting !== undefined) {
        const { id: child, incarnation } = state.starting
        const to = { id: child, incarnation: each.isLate ? incarnation - 1 : incarnation }
        if (each.isGood) feed({ type: 'child_started', ...to })
        else feed({ type: 'child_start_failed', ...to, exit: { kind: 'crash' } })
      } else {
        const next = [...state.children.byId.values()].filter(({ status }) => status === 'stopping').at(each.isGood ? 0 : -1)
        if (next === undefined) continue
        const to = { id: next.spec.id, incarnation: each.isLate ? next.incarnation - 1 : next.incarnation }
        feed({ type: 'child_stopped', ...to, exit: { kind: each.isGood ? 'shutdown' : 'killed' } })
      }
    }
  } finally {
    unsubscribe(decisions.name, look)
  }
}

test('it does what the real one does, action by action', () => {
  fc.assert(fc.property(script, play), { numRuns: 3000 })
})

describe('the oracle', () => {
  const crash: SupervisorEvent = { type: 'child_exited', id: 'a', exit: { kind: 'crash' } }
  const address = { core: 1, slot: 3, generation: 7 }
  const started = { type: 'child_started', id: 'a', incarnation: 1 } as const

  test('objects to what the supervisor does otherwise', () => {
    const oracle = new SupervisionOracle({ latest: () => undefined })
    const state = createSupervisor({ intensity: 3 }, [{ id: 'a', start: {} }])
    const made = (event: SupervisorEvent): DecisionMade => ({ event, now: 0, ...decide(state, event, 0) })
    oracle.decided(made({ type: 'start' }))
    oracle.decided(made(started))
    const decision = made(crash)
    expect(() => {
      oracle.decided({ ...decision, actions: decision.actions.filter(({ type }) => type !== 'start_child') })
    }).toThrow('a supervisor did something else than the model')
  })

  test('objects to an end that has not come, and to a start that has not been', () => {
    for (const [isAlive, number, expected] of [
      [true, 1, 'a supervisor was told of an end that has not come: supervisor=of a, event=child_exited, child=a'],
      [false, 0, 'a supervisor was told of a start that has not been: supervisor=of a, child=a'],
    ] as const) {
      const oracle = new SupervisionOracle({ latest: () => ({ number, isAlive }) })
      const state = createSupervisor({}, [{ id: 'a', start: { address } }])
      expect(() => {
        for (const event of [{ type: 'start' }, started, crash, { ...started, incarnation: 2 }] as const)
          oracle.decided({ event, now: 0, ...decide(state, event, 0) })
      }).toThrow(expected)
    }
  })

  test('objects to a start that nobody ordered', () => {
    const oracle = new SupervisionOracle({ latest: () => undefined })
    oracle.starting('core-1/3#7', 1, false)
    expect(() => {
      oracle.starting('core-1/3#7', 2, true)
    }).toThrow('an actor was started again without an order: actor=core-1/3#7')
  })

  test('objects, when all is at rest, to a child that has ended unseen and to one that waits for nobody', () => {
    const oracle = new SupervisionOracle({ latest: () => ({ number: 1, isAlive: false }) })
    const state = createSupervisor({}, [{ id: 'a', start: { address } }])
    for (const event of [{ type: 'start' }, started] as const) oracle.decided({ event, now: 0, ...decide(state, event, 0) })
    const rest = (awaiting: string[], wasStopped: boolean) => (): void => {
      oracle.checkRest(awaiting, () => wasStopped)
    }
    expect(rest([], false)).toThrow('a supervisor has not been told that its child has ended')
    expect(rest([], true)).not.toThrow()
    expect(rest(['core-2/9#1'], true)).toThrow('an actor waits for a decision and no supervisor is at it: actor=core-2/9#1')
  })
})
