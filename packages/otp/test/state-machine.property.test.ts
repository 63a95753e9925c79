/** The engine against a naive one: random steps, inserted and postponed events, timeouts of all kinds, and time that passes. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runMachine } from '../src/index.ts'
import { type Doing, type DoingAction, type Event, recorder } from './fixtures/recorder.ts'

type Do = Event & { readonly type: 'do' | 'held' | 'ignored' }
type Input = Do | { readonly type: 'advance'; readonly ms: number }

/** gen_statem as its documentation tells it, with lists that are searched and copied. */
class NaiveMachine {
  readonly log: string[] = []
  state: 'a' | 'b' = 'a'
  #now = 0
  #queue: { label: string; event: Do | undefined }[] = []
  #postponed: { label: string; event: Do | undefined }[] = []
  #timers: { key: string; due: number; content: unknown }[] = []
  /** Timeouts of 0 ms. */
  #zero: { key: string; content: unknown }[] = []

  constructor() {
    this.log.push('enter a from a')
  }

  tell(event: Do): void {
    this.#queue.push({ label: '', event })
    this.#run()
  }

  advance(ms: number): void {
    const until = this.#now + ms
    for (;;) {
      const [next] = this.#timers.filter((timer) => timer.due <= until).sort((x, y) => x.due - y.due)
      if (next === undefined) break
      this.#now = next.due
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#queue.push({ label: this.#label(next.key, next.content), event: undefined })
      this.#run()
    }
    this.#now = until
  }

  #run(): void {
    for (;;) {
      const next = this.#queue.shift()
      if (next !== undefined) {
        this.#handle(next)
        continue
      }
      const zero = this.#zero.shift()
      if (zero === undefined) return
      this.#handle({ label: this.#label(zero.key, zero.content), event: undefined })
    }
  }

  #label(key: string, content: unknown): string {
    return `${key} ${String(content)} in ${this.state}`
  }

  #handle(item: { label: string; event: Do | undefined }): void {
    const { event } = item
    this.#drop('event timeout')
    if (event === undefined) {
      this.log.push(item.label)
      return
    }
    if (event.type === 'ignored') return
    if (event.type === 'held') {
      if (this.state === 'a') this.#postponed.push(item)
      else this.log.push(event.name)
      return
    }
    this.log.push(event.name)
    const { state = this.state, repeat = false, actions = [] } = event.step
    const from = this.state
    const isChanged = state !== from
    this.state = state
    if (isChanged) this.#drop('state timeout')
    if (isChanged || repeat) this.log.push(`enter ${state} from ${from}`)
    if (actions.some((action) => action.type === 'postpone')) this.#postponed.push(item)
    if (isChanged) {
      this.#queue = [...this.#postponed, ...this.#queue]
      this.#postponed = []
    }
    const inserted = actions.flatMap((action) => (action.type === 'next_event' ? [{ label: '', event: action.event as Do }] : []))
    this.#queue = [...inserted, ...this.#queue]
    for (const action of actions) this.#time(action)
  }

  #time(action: DoingAction): void {
    if (action.type !== 'event_timeout' && action.type !== 'state_timeout' && action.type !== 'timeout') return
    const key = action.type === 'timeout' ? action.name : action.type.replace('_', ' ')
    if ('update' in action) {
      const running = [...this.#timers, ...this.#zero].find((timer) => timer.key === key)
      if (running === undefined) this.#zero.push({ key, content: action.update })
      else running.content = action.update
      return
    }
    this.#drop(key)
    if ('cancel' in action || action.ms === Infinity) return
    if (action.ms === 0) this.#zero.push({ key, content: action.content })
    else this.#timers.push({ key, due: this.#now + action.ms, content: action.content })
  }

  #drop(key: string): void {
    this.#timers = this.#timers.filter((timer) => timer.key !== key)
    this.#zero = this.#zero.filter((timer) => timer.key !== key)
  }
}

const name = fc.constantFrom('k', 'l', 'm', 'n', 'o', 'p')
const timed = fc.oneof(
  fc.record({ ms: fc.constantFrom(0, 0, 1, 5, 9, 20, Infinity), content: fc.nat(9) }),
  fc.constant({ cancel: true as const }),
  fc.record({ update: fc.nat(9) }),
)
const timeout = fc
  .tuple(
    fc.constantFrom(
      { type: 'event_timeout' as const },
      { type: 'state_timeout' as const },
      { type: 'timeout' as const, name: 't' as const },
      { type: 'timeout' as const, name: 'u' as const },
    ),
    timed,
  )
  .map(([what, when]) => ({ ...what, ...when }) as DoingAction)
/** `postpone` only where the step changes the state to `b`: it is then retried there, and changes nothing more. */
const { event } = fc.letrec<{ event: Do; step: Doing }>((tie) => ({
  event: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 1, arbitrary: fc.constant<Do>({ type: 'ignored' }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('held' as const), name }) },
    { weight: 6, arbitrary: fc.record({ type: fc.constant('do' as const), name, step: tie('step') }) },
  ),
  step: fc
    .record({
      state: fc.constantFrom(undefined, 'a' as const, 'b' as const),
      repeat: fc.boolean(),
      isPostponed: fc.boolean(),
      actions: fc.array(
        fc.oneof(
          { maxDepth: 3, depthSize: 'small' },
          { weight: 3, arbitrary: timeout },
          { weight: 1, arbitrary: tie('event').map((inserted): DoingAction => ({ type: 'next_event', event: inserted })) },
        ),
        { maxLength: 3 },
      ),
    })
    .map(({ state, repeat, isPostponed, actions }): Doing => {
      const isForGood = isPostponed && actions.every((action) => action.type !== 'next_event')
      return {
        ...(state === undefined ? {} : { state }),
        ...(repeat && state === undefined ? { repeat: true as const } : {}),
        actions: isForGood && state === 'b' ? [...actions, { type: 'postpone' }] : actions,
      }
    }),
}))
const input: fc.Arbitrary<Input> = fc.oneof(
  { weight: 3, arbitrary: event },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('advance' as const), ms: fc.nat(12) }) },
)

test('the engine does what the naive machine does, line by line', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(fc.array(input, { maxLength: 20 }), (inputs) => {
      const run = runMachine(recorder, {})
      const naive = new NaiveMachine()
      for (const each of [...inputs, { type: 'advance' as const, ms: 100 }]) {
        if (each.type === 'advance') {
          run.advance(each.ms)
          naive.advance(each.ms)
        } else {
          run.tell(each)
          naive.tell(each)
        }
        expect(run.data.log).toEqual(naive.log)
        expect(run.state).toBe(naive.state)
      }
      for (const line of naive.log) seen.add(line.replace(/\d/, ''))
    }),
    { numRuns: 3000 },
  )
  // The property says little about what no script brings about.
  for (const line of [
    'enter b from a',
    'enter a from b',
    'enter b from b',
    'event timeout  in a',
    'state timeout  in b',
    't  in b',
    'u  in a',
  ]) {
    expect(seen).toContain(line)
  }
})
