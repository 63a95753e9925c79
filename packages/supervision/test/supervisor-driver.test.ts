/** The driver, with hands that answer at once, later, or not at all. */
import { CambiumError } from '@cambium/base'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  type ChildExit,
  type ChildSpec,
  createSupervisorDriver,
  type SupervisorDriver,
  type SupervisorFlags,
  whichChildren,
} from '../src/index.ts'
import type { Reply } from '../src/index.ts'
import { CRASH, NORMAL } from './test-host.ts'

interface Hosted {
  readonly driver: SupervisorDriver<string>
  readonly log: string[]
  /** Answers that are awaited, in the order of asking; steps are answered at once unless `isSlow`. */
  readonly answers: (() => void)[]
  readonly waits: { readonly delayMs: number; readonly callback: () => void }[]
  isSlow: boolean
  plan: Record<string, ('started' | 'ignored' | ChildExit | Error)[]>
  readonly replied: (name: string) => (ok: Reply['ok']) => void
}

function create(flags: SupervisorFlags, specs: readonly (ChildSpec<string> | string)[] = []): Hosted {
  const log: string[] = []
  const children = specs.map((spec) => (typeof spec === 'string' ? { id: spec, start: spec } : spec))
  const answerOrKeep = (run: () => void): void => {
    if (host.isSlow) host.answers.push(run)
    else run()
  }
  const driver = createSupervisorDriver<string>(flags, children, {
    now: () => 0,
    random: () => 0.5,
    startChild({ spec, restart }, answer) {
      const { id } = spec
      log.push(`${restart ? 'restart' : 'start'} ${id}`)
      const outcome = host.plan[id]?.shift() ?? 'started'
      if (outcome instanceof Error) throw outcome
      answerOrKeep(() => answer(outcome))
    },
    stopChild({ id }, answer) {
      log.push(`stop ${id}`)
      answerOrKeep(() => answer({ kind: 'shutdown' }))
    },
    releaseChild: (id) => log.push(`release ${id}`),
    report: () => {},
    wait(delayMs, callback) {
      const wait = { delayMs, callback }
      host.waits.push(wait)
      return () => host.waits.splice(host.waits.indexOf(wait), 1)
    },
    ended: (reason) => log.push(`ended ${reason}`),
  })
  const host: Hosted = {
    driver,
    log,
    answers: [],
    waits: [],
    isSlow: false,
    plan: {},
    replied: (name) => (ok) => log.push(`${name} ${ok === true ? 'ok' : ok.error}`),
  }
  return host
}

function createStarted(flags: SupervisorFlags, specs: readonly (ChildSpec<string> | string)[] = []): Hosted {
  const host = create(flags, specs)
  host.driver.start(() => {})
  host.log.length = 0
  return host
}

const answerAll = (host: Hosted): void => {
  for (let answer = host.answers.shift(); answer !== undefined; answer = host.answers.shift()) answer()
}

describe('the driver', () => {
  it('starts in order, restarts, stops in reverse; answers may come at once', () => {
    const host = create({}, ['a', 'b'])
    host.driver.start(host.replied('start'))
    host.driver.childExited('a', CRASH)
    host.driver.shutdown()
    expect(host.log).toEqual(['start a', 'start b', 'start ok', 'restart a', 'stop b', 'stop a', 'ended shutdown'])
  })

  it('takes answers that come later, one step at a time, and events in between', () => {
    const host = create({ strategy: 'one_for_all' }, ['a', 'b'])
    host.isSlow = true
    host.driver.start(host.replied('start'))
    expect(host.log).toEqual(['start a'])
    answerAll(host)
    host.driver.childExited('a', CRASH)
    host.driver.request({ type: 'delete_child', id: 'a' }, host.replied('delete'))
    expect(host.log.slice(2)).toEqual(['start ok', 'stop b'])
    answerAll(host)
    expect(host.log.slice(4)).toEqual(['restart a', 'restart b', 'delete running'])
  })

  it('takes a start that throws for one that failed', () => {
    const host = create({}, ['a', 'b'])
    host.plan = { b: [new Error('no room')] }
    let told: Reply['ok'] | undefined
    host.driver.start((ok) => {
      told = ok
    })
    expect(host.log).toEqual(['start a', 'start b', 'stop a', 'ended start_failed'])
    expect(told).toEqual({ error: 'start_failed', exit: { kind: 'crash', detail: new Error('no room') } })
  })

  it('tells each request its own answer, whoever else asked the same, and refuses after the end', () => {
    const host = createStarted({}, ['a'])
    host.isSlow = true
    host.driver.request({ type: 'terminate_child', id: 'a' }, host.replied('first'))
    host.driver.request({ type: 'terminate_child', id: 'a' }, host.replied('second'))
    host.driver.shutdown()
    host.driver.request({ type: 'terminate_child', id: 'a' }, host.replied('third'))
    expect(host.log).toEqual(['stop a', 'third shutting_down'])
    answerAll(host)
    host.driver.request({ type: 'terminate_child', id: 'a' }, host.replied('fourth'))
    expect(host.log.slice(2)).toEqual(['first ok', 'second shutting_down', 'ended shutdown', 'fourth shutting_down'])
  })

  it('throws at once for what can never be', () => {
    expect(() => create({ intensity: -1 })).toThrow(CambiumError)
    expect(() => create({}, ['a', 'a'])).toThrow(CambiumError)
  })
})

describe('a child is released', () => {
  it('when it is down for good, not when it is restarted', () => {
    const host = createStarted({ intensity: 9 }, ['a', { id: 't', start: 't', restart: 'temporary' }])
    host.driver.childExited('a', CRASH)
    expect(host.log).toEqual(['restart a'])
    host.driver.childExited('t', NORMAL)
    host.driver.childExited('t', NORMAL)
    host.driver.childExited('nobody', NORMAL)
    host.driver.request({ type: 'terminate_child', id: 'a' }, host.replied('terminate'))
    expect(host.log.slice(1)).toEqual(['release t', 'stop a', 'terminate ok', 'release a'])
    host.driver.request({ type: 'restart_child', id: 'a' }, host.replied('restart'))
    expect(host.log.slice(5)).toEqual(['restart a', 'restart ok'])
  })

  it('after the whole group operation that might have started it again', () => {
    const host = createStarted({ strategy: 'one_for_all' }, ['a', { id: 't', start: 't', restart: 'temporary' }])
    host.driver.childExited('a', CRASH)
    expect(host.log).toEqual(['stop t', 'restart a', 'release t'])
  })

  it('before another of the same id takes its place', () => {
    const host = createStarted({ kind: 'dynamic' })
    const add = { type: 'add_child', spec: { id: 'x', start: 'x', restart: 'temporary' } } as const
    host.driver.request(add, host.replied('add'))
    host.isSlow = true
    host.driver.request({ type: 'terminate_child', id: 'x' }, host.replied('terminate'))
    host.driver.request(add, host.replied('add'))
    answerAll(host)
    expect(host.log.slice(2)).toEqual(['stop x', 'terminate ok', 'release x', 'start x', 'add ok'])
  })

  it('when it did not start, or decided not to run', () => {
    const host = createStarted({})
    host.plan = { a: [CRASH], b: ['ignored'] }
    for (const id of ['a', 'b']) {
      host.driver.request({ type: 'add_child', spec: { id, start: id } }, host.replied('add'))
    }
    expect(host.log).toEqual(['start a', 'add start_failed', 'release a', 'start b', 'add ok', 'release b'])
  })

  it('not by an exit or a lost core that comes too late', () => {
    const host = createStarted({ intensity: 9 }, ['a'])
    host.driver.childExited('a', CRASH, 1)
    host.driver.childExited('a', CRASH, 1)
    expect(host.log).toEqual(['restart a'])
    expect(whichChildren(host.driver.state)[0]?.status).toBe('running')
  })
})

describe('C-17: a wait', () => {
  const backoff = { initialMs: 100, maxMs: 1000, jitter: 0.5 }

  it('is asked for with the jitter of the seed, and ends in the restart', () => {
    const host = createStarted({ backoff }, ['a'])
    host.driver.childExited('a', CRASH)
    expect(host.waits.map((wait) => wait.delayMs)).toEqual([75])
    expect(host.log).toEqual([])
    host.waits.shift()?.callback()
    expect(host.log).toEqual(['restart a'])
  })

  it('keeps what belongs to the child, and to its stopped group; terminating the child frees it', () => {
    const single = createStarted({ backoff, intensity: 9 }, ['a', 'b'])
    single.driver.childExited('a', CRASH)
    single.driver.childExited('b', NORMAL)
    single.driver.coreLost(['a'])
    expect(single.log).toEqual([])
    single.driver.request({ type: 'terminate_child', id: 'a' }, single.replied('terminate'))
    expect(single.log).toEqual(['terminate ok', 'release a'])
    expect(single.waits.length).toBe(1)
    const group = createStarted({ backoff, strategy: 'one_for_all' }, ['a', 'b'])
    group.driver.childExited('a', CRASH)
    expect(group.log).toEqual(['stop b'])
    group.waits.shift()?.callback()
    expect(group.log).toEqual(['stop b', 'restart a', 'restart b'])
  })

  it('is not left behind by the end', () => {
    const host = createStarted({ backoff }, ['a', 'b'])
    host.driver.childExited('a', CRASH)
    host.driver.shutdown()
    expect([host.log, host.waits]).toEqual([['stop b', 'ended shutdown'], []])
  })
})

describe('in random lives', () => {
  const ids = ['a', 'b', 'c', 'd']
  const event = fc.record({
    what: fc.constantFrom(
      'exit',
      'exit',
      'exit',
      'core',
      'terminate',
      'restart',
      'add',
      'answer',
      'answer',
      'answer',
      'wait',
      'wait',
    ),
    id: fc.constantFrom(...ids),
    kind: fc.constantFrom('normal', 'crash', 'killed'),
    restart: fc.constantFrom('permanent', 'transient', 'temporary'),
  })
  const flags = fc.record({
    kind: fc.constantFrom('static', 'dynamic'),
    backoff: fc.constantFrom(undefined, { initialMs: 1, maxMs: 10 }),
    intensity: fc.constantFrom(2, 1000),
    isSlow: fc.boolean(),
    strategy: fc.constantFrom('one_for_one', 'one_for_all', 'rest_for_one'),
  })

  it('what is started is released or still there, never both, and the end leaves no wait and no open answer', () => {
    fc.assert(
      fc.property(flags, fc.array(event, { maxLength: 40 }), ({ isSlow, ...raw }, events) => {
        const dynamic = raw.kind === 'dynamic'
        const host = create(
          { ...raw, strategy: dynamic ? 'one_for_one' : raw.strategy } as SupervisorFlags,
          dynamic ? [] : ['a', 'b'],
        )
        host.isSlow = isSlow
        const alive = new Set<string>()
        const follow = (): void => {
          for (const line of host.log.splice(0)) {
            const [verb, id = ''] = line.split(' ')
            if (verb === 'start' || verb === 'restart') alive.add(id)
            if (verb === 'release') expect(alive.delete(id), `release of ${id}, which has nothing`).toBe(true)
          }
          for (const { id, status } of whichChildren(host.driver.state)) {
            if (status === 'running' || status === 'restarting' || status === 'stopping') expect(alive.has(id), id).toBe(true)
          }
        }
        let asked = 0
        let answered = 0
        const count = (): void => {
          answered++
        }
        host.driver.start(() => {})
        for (const { what, id, kind, restart } of events) {
          if (what === 'answer') host.answers.shift()?.()
          if (what === 'wait') host.waits.shift()?.callback()
          if (what === 'exit') host.driver.childExited(id, { kind: kind as 'crash' })
          if (what === 'core') host.driver.coreLost([id, 'b'])
          if (what === 'terminate' || what === 'restart') host.driver.request({ type: `${what}_child`, id }, (asked++, count))
          if (what === 'add') {
            const spec = { id, start: id, restart: restart as 'transient' }
            host.driver.request({ type: 'add_child', spec }, (asked++, count))
          }
          follow()
        }
        answerAll(host)
        follow()
        if (host.waits.length === 0 && host.driver.state.phase === 'live') {
          const kept = whichChildren(host.driver.state).filter((child) => child.status === 'running')
          expect([...alive].sort()).toEqual(kept.map((child) => child.id).sort())
        }
        host.driver.shutdown()
        answerAll(host)
        expect([host.waits.length, answered, host.driver.state.phase]).toEqual([0, asked, 'ended'])
      }),
      { numRuns: 3000 },
    )
  })
})
