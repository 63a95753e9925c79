/** The supervisor against the naive one: random flags, children, outcomes of steps, and things that happen meanwhile. */
import fc from 'fast-check'
import { expect, it } from 'vitest'

import {
  type ChildSpec,
  createSupervisor,
  decide,
  type StartChild,
  type StopChild,
  type SupervisorEvent,
  whichChildren,
} from '../src/index.ts'
import { actionText } from './action-text.ts'
import { NaiveSupervisor } from './naive-supervisor.ts'
import { type Happening, IDS, type Script, ScriptedWorld, type StepPlan } from './scripted-world.ts'
import { targetOf } from './test-host.ts'

const RUNS = 3000

const spec = fc.record({
  id: fc.constantFrom(...IDS),
  start: fc.constant('start'),
  restart: fc.constantFrom('permanent', 'permanent', 'transient', 'temporary'),
  shutdown: fc.constantFrom('brutal_kill' as const, 'infinity' as const, 100),
  significant: fc.boolean(),
})
const kind = fc.constantFrom('normal', 'shutdown', 'killed', 'crash', 'crash')
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('exit'), pick: fc.nat(20), kind }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('core'), ids: fc.array(fc.constantFrom(...IDS), { maxLength: 5 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('request'),
      request: fc.constantFrom('terminate_child', 'restart_child', 'delete_child'),
      id: fc.constantFrom(...IDS),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('add'), spec }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('wait'), pick: fc.nat(20) }) },
)
const shutdown: Happening = { type: 'shutdown' }
const step: fc.Arbitrary<StepPlan> = fc.record({
  tookMs: fc.nat(30),
  during: fc.oneof(
    { weight: 8, arbitrary: fc.array(happening, { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constant([shutdown]) },
  ),
  start: fc.constantFrom('started', 'started', 'started', 'started', 'started', 'ignored', 'failed'),
  stop: fc.constantFrom('shutdown', 'shutdown', 'killed', 'normal', 'crash'),
})
const shape = fc.constantFrom(
  { strategy: 'one_for_one', intensityPer: 'supervisor' },
  { strategy: 'one_for_one', intensityPer: 'child' },
  { strategy: 'one_for_all', intensityPer: 'supervisor' },
  { strategy: 'rest_for_one', intensityPer: 'supervisor' },
  { kind: 'dynamic', intensityPer: 'supervisor' },
  { kind: 'dynamic', intensityPer: 'child' },
)
const backoff = fc.record({
  initialMs: fc.integer({ min: 1, max: 20 }),
  maxMs: fc.integer({ min: 20, max: 100 }),
  factor: fc.constantFrom(1, 2, 3),
  jitter: fc.constantFrom(0, 0.2, 1),
  calmMs: fc.integer({ min: 1, max: 60 }),
})
const rawScript: fc.Arbitrary<Script> = fc.record({
  flags: fc
    .tuple(
      shape,
      fc.nat(4),
      fc.integer({ min: 1, max: 200 }),
      fc.constantFrom('never', 'any_significant', 'all_significant'),
      fc.option(backoff, { nil: undefined }),
      fc.constantFrom(6, 7),
    )
    .map(([flags, intensity, periodMs, autoShutdown, waits, maxChildren]) => {
      return { ...flags, intensity, periodMs, autoShutdown, backoff: waits, maxChildren }
    }) as fc.Arbitrary<Script['flags']>,
  seed: fc.constantFrom(0, 0.25, 0.9),
  specs: fc.uniqueArray(spec, { maxLength: 6, selector: (child) => child.id }),
  calmSteps: fc.constantFrom(0, 6, 6, 6),
  steps: fc.array(step, { minLength: 1, maxLength: 12 }),
  quiet: fc.array(fc.record({ afterMs: fc.nat(60), happening }), { maxLength: 12 }),
}) as fc.Arbitrary<Script>

/** Significance only where it is allowed; a dynamic supervisor is given its children as requests. */
const script = rawScript.map((raw): Script => {
  const { autoShutdown, kind: kindOfSupervisor } = raw.flags
  const allowed = (child: ChildSpec<string>): ChildSpec<string> =>
    autoShutdown === 'never' || child.restart === 'permanent' ? { ...child, significant: false } : child
  const allow = (what: Happening): Happening => (what.type === 'add' ? { type: 'add', spec: allowed(what.spec) } : what)
  const specs = raw.specs.map(allowed)
  const isDynamic = kindOfSupervisor === 'dynamic'
  const adds = isDynamic ? specs.map((child) => ({ afterMs: 0, happening: { type: 'add' as const, spec: child } })) : []
  return {
    ...raw,
    specs: isDynamic ? [] : specs,
    steps: raw.steps.map((each) => ({ ...each, during: each.during.map(allow) })),
    quiet: [...adds, ...raw.quiet.map((each) => ({ ...each, happening: allow(each.happening) }))],
  }
})

/** A script may go round for ever (each attempt fails, slower than the period); both sides are then cut off at the same step. */
const STEPS_MAX = 300

class CutOff extends Error {}

class BoundedWorld extends ScriptedWorld {
  #left = STEPS_MAX

  override nextStep(): StepPlan {
    if (this.#left-- === 0) throw new CutOff()
    return super.nextStep()
  }
}

interface Run {
  readonly log: readonly string[]
  readonly children: readonly string[] | 'cut off'
}

function runNaively(plan: Script): Run {
  const world = new BoundedWorld(plan)
  const supervisor = new NaiveSupervisor(plan, world)
  try {
    supervisor.start()
    for (const { afterMs, happening: what } of plan.quiet) {
      world.now += afterMs
      supervisor.happen(what)
    }
  } catch (error) {
    if (!(error instanceof CutOff)) throw error
    return { log: world.log, children: 'cut off' }
  }
  const status = { pid: 'running', none: 'stopped', restarting: 'restarting' }
  return { log: world.log, children: supervisor.children.map((child) => `${child.spec.id} ${status[child.pid]}`) }
}

/** Runs the real one; with `latecomers`, every answer comes a second time under its old number and must change nothing. */
function runReally(plan: Script, latecomers: boolean): Run {
  const world = new BoundedWorld(plan)
  const state = createSupervisor(plan.flags, plan.specs, plan.seed)
  let asked: (StartChild<string> | StopChild)[] = []
  let ended = false

  const feed = (event: SupervisorEvent<string>): void => {
    const { actions } = decide(state, event, world.now)
    if (ended) expect(actions).toEqual([])
    for (const [index, action] of actions.entries()) {
      world.log.push(actionText(action))
      if (action.type === 'start_child' || action.type === 'stop_child') {
        const isFirst = asked.length === 0
        expect(isFirst || (plan.flags.kind === 'dynamic' && action.type === 'stop_child')).toBe(true)
        if (plan.flags.kind !== 'dynamic') expect(index).toBe(actions.length - 1)
        expect(world.alive.has(targetOf(action))).toBe(action.type === 'stop_child')
        asked.push(action)
      } else if (action.type === 'wait') {
        world.waits.push({ id: action.id, incarnation: action.incarnation })
      } else if (action.type === 'ended') {
        expect(index).toBe(actions.length - 1)
        expect([...world.alive]).toEqual([])
        ended = true
      }
    }
  }
  const feedLate = (id: string, incarnation: number): void => {
    if (!latecomers) return
    const exit = { kind: 'crash' } as const
    for (const type of ['child_stopped', 'child_start_failed', 'child_exited'] as const) {
      expect(decide(state, { type, id, exit, incarnation }, world.now).actions).toEqual([])
    }
    expect(decide(state, { type: 'child_started', id, incarnation }, world.now).actions).toEqual([])
  }
  /** True when it answers the step under way. */
  const happen = (what: Happening, underWay: string | undefined): boolean => {
    const event = world.event(what, underWay)
    if (event === undefined) return false
    const hit = event.type === 'child_exited' ? [event.id] : event.type === 'core_lost' ? event.ids : []
    for (const id of hit) world.alive.delete(id)
    const answered = underWay !== undefined && hit.includes(underWay)
    asked = asked.filter((each) => !hit.includes(targetOf(each)))
    feed(event)
    return answered
  }
  const settle = (): void => {
    for (let action = asked[0]; action !== undefined; action = asked[0]) {
      const { incarnation } = action
      const id = targetOf(action)
      const stepPlan = world.nextStep()
      if (!stepPlan.during.some((what) => happen(what, id))) {
        asked.shift()
        if (action.type === 'stop_child') {
          world.alive.delete(id)
          feed({ type: 'child_stopped', id, exit: { kind: stepPlan.stop }, incarnation })
        } else if (stepPlan.start === 'failed') {
          feed({ type: 'child_start_failed', id, exit: { kind: 'crash' }, incarnation })
        } else {
          if (stepPlan.start === 'started') world.alive.add(id)
          feed({ type: stepPlan.start === 'started' ? 'child_started' : 'child_ignored', id, incarnation })
        }
      }
      if (!world.alive.has(id)) feedLate(id, incarnation)
    }
  }

  try {
    feed({ type: 'start' })
    settle()
    for (const { afterMs, happening: what } of plan.quiet) {
      world.now += afterMs
      happen(what, undefined)
      settle()
    }
  } catch (error) {
    if (!(error instanceof CutOff)) throw error
    return { log: world.log, children: 'cut off' }
  }
  return { log: world.log, children: whichChildren(state).map((child) => `${child.id} ${child.status}`) }
}

it('does what the naive supervisor does, action by action, and keeps its promises to the host', () => {
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(script, (plan) => {
      const naive = runNaively(plan)
      expectSame(runReally(plan, false), naive)
      for (const line of naive.log) {
        const words = line.split(' ')
        const key = words.filter((word) => !IDS.includes(word) && !/^\d+$/.test(word)).join(' ')
        seen.set(key, (seen.get(key) ?? 0) + 1)
      }
    }),
    { numRuns: RUNS },
  )
  // The property says little about what no script brings about.
  for (const line of [
    'restart',
    'ended shutdown',
    'ended start_failed',
    'ended intensity_exceeded',
    'reply start shutting_down',
    'report child_given_up crash',
    'report shutdown_error core_lost',
    'report start_failed core_lost',
    'reply delete_child restarting',
    'reply add_child already_present',
    'reply delete_child ok',
    'report auto_shutdown normal',
    'report auto_shutdown core_lost',
    'wait',
    'reply restart_child dynamic',
    'reply add_child max_children',
  ]) {
    expect(seen.get(line) ?? 0, line).toBeGreaterThan(0)
  }
})

it('is not confused by answers and exits that come again, late, under the number of an incarnation that is over', () => {
  fc.assert(
    fc.property(script, (plan) => {
      expectSame(runReally(plan, true), runReally(plan, false))
    }),
    { numRuns: RUNS },
  )
})

it('on a shutdown the children stop in exactly the reverse of their start order, whatever happened before', () => {
  fc.assert(
    fc.property(script, (plan) => {
      const { log, children } = runReally({ ...plan, quiet: [...plan.quiet, { afterMs: 1, happening: shutdown }] }, false)
      if (children === 'cut off' || plan.flags.kind === 'dynamic') return
      expect(log.at(-1)).toMatch(/^ended /)
      const from = Math.max(
        log.findLastIndex((line) => /^(re)?start /.test(line)),
        log.findLastIndex((line) => line.includes('terminate_child')),
      )
      const stops = log.slice(from + 1).flatMap((line) => (line.startsWith('stop ') ? [line.split(' ')[1]] : []))
      // A child that was removed and added again goes to the end.
      const order = startOrder(plan, log)
      const places = stops.map((id) => order.indexOf(id ?? ''))
      expect(places).toEqual(places.toSorted((a, b) => b - a))
    }),
    { numRuns: RUNS },
  )
})

/** Shows where two runs part; cheaper than a diff of whole logs, which shrinking would make thousands of times. */
function expectSame(actual: Run, expected: Run): void {
  const length = Math.max(actual.log.length, expected.log.length)
  for (let line = 0; line < length; line++) {
    if (actual.log[line] === expected.log[line]) continue
    expect({ before: expected.log.slice(Math.max(0, line - 12), line), next: actual.log[line] }).toEqual({
      before: expected.log.slice(Math.max(0, line - 12), line),
      next: expected.log[line],
    })
  }
  expect(actual.children).toEqual(expected.children)
}

function startOrder(plan: Script, log: readonly string[]): string[] {
  let order = plan.specs.map((child) => child.id)
  for (const line of log) {
    const added = /^reply add_child (\w) ok/.exec(line)?.[1]
    if (added !== undefined) order = [...order.filter((id) => id !== added), added]
  }
  return order
}
