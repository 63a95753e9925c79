/** A state machine run by a test, in virtual time and without a runtime: tell and ask it, let time pass, look at what it is. */
import { IGNORE } from '@cambium/actor'
import type { ActorContext, Info, Ref, ReplyTo } from '@cambium/actor'
import { CambiumError, checkDuration, checkFields } from '@cambium/base'
import { checkIsMachine } from './define-state-machine.ts'
import type { StateMachine } from './define-state-machine.ts'
import type { MachineTypes, ReplyOf, MachineSnapshot, StateOf } from './machine-definition.ts'
import { type AnyDefinition, type Asker, MachineEngine, type MachineHost } from './machine-engine.ts'
import { tokenWithoutRuntime } from './run-token.ts'

/** What became of an ask. */
export interface RunAnswer<R> {
  readonly isAnswered: boolean
  /** Undefined until it is answered; later answers are not kept. */
  readonly value: R | undefined
}

/** One transition that was seen; `to` is undefined at the end. */
export interface RunTransition {
  readonly from: string
  /** The type of the event, or `state timeout`, `event timeout`, `timeout NAME`, `info TYPE`. */
  readonly event: string
  readonly to: string | undefined
}

export interface MachineRun<T extends MachineTypes> {
  /** The state it started in. */
  readonly first: StateOf<T>
  readonly state: StateOf<T>
  readonly data: MachineSnapshot<T>['data']
  /** Why it has ended; undefined while it has not. Then events throw `ERR_ACTOR_STOPPED`. */
  readonly stopped: 'normal' | Error | undefined
  /** Virtual milliseconds since the start. */
  readonly now: number
  /** Each change of state, repeat and end that was seen, once, in the order of their first time. */
  readonly transitions: readonly RunTransition[]
  /** What a handler throws, throws here. */
  tell(event: T['event']): void
  ask<E extends T['event']>(event: E): RunAnswer<ReplyTo<E, T['event'], ReplyOf<T>>>
  /** Tells it the end of another actor, as the runtime does. */
  info(info: Info): void
  /** Lets time pass: timeouts come in the order in which they are due. */
  advance(ms: number): void
}

export interface RunMachineOptions<T extends MachineTypes> {
  /** Starts there instead of at what `init` says, and without its actions. */
  readonly from?: MachineSnapshot<T>
  /** What handlers find in their `context`; the rest throws `ERR_NO_RUNTIME`. */
  readonly context?: Partial<ActorContext<T['event'], ReplyOf<T>>>
}

/**
 * Starts a machine without a runtime: `runMachine(door, '4711')`. Throws what its `init` throws, and `ERR_NO_RUNTIME` when that is asynchronous: then
 * give `from`; `ERR_IGNORED` when it answers `IGNORE`, and `ERR_OPTION`.
 */
export function runMachine<T extends MachineTypes>(
  machine: StateMachine<T>,
  argument: T['argument'],
  options: RunMachineOptions<T> = {},
): MachineRun<T> {
  checkIsMachine(machine)
  checkFields('options', options, ['from', 'context'])
  const host = new TestHost((options.context ?? {}) as Partial<ActorContext>)
  const engine = new MachineEngine(machine.name, machine.definition as unknown as AnyDefinition, host)
  const first: unknown = options.from ?? (machine.definition as unknown as AnyDefinition).init(argument, host.context)
  if (first instanceof Promise) {
    first.catch(() => {}) // what it rejects with is not what is wrong
    throw noRuntime(`init is asynchronous: machine=${machine.name}, expected a start in options.from`)
  }
  if (first === IGNORE) throw new CambiumError('ERR_IGNORED', `init ignored the start: machine=${machine.name}`)
  engine.start(first)
  return new Run<T>(machine.name, engine, host, (first as MachineSnapshot<T>).state)
}

class Run<T extends MachineTypes> implements MachineRun<T> {
  readonly first: StateOf<T>
  readonly #name: string
  readonly #engine: MachineEngine
  readonly #host: TestHost

  constructor(name: string, engine: MachineEngine, host: TestHost, first: StateOf<T>) {
    this.#name = name
    this.#engine = engine
    this.#host = host
    this.first = first
  }

  get state(): StateOf<T> {
    return this.#engine.state as StateOf<T>
  }

  get data(): MachineSnapshot<T>['data'] {
    return this.#engine.data as MachineSnapshot<T>['data']
  }

  get stopped(): 'normal' | Error | undefined {
    return this.#engine.stopped
  }

  get now(): number {
    return this.#host.nowMs
  }

  get transitions(): readonly RunTransition[] {
    return [...this.#host.transitions.values()]
  }

  tell(event: T['event']): void {
    this.#checkLive()
    this.#engine.handle(event, undefined)
  }

  ask<E extends T['event']>(event: E): RunAnswer<ReplyTo<E, T['event'], ReplyOf<T>>> {
    this.#checkLive()
    const asker = new TestAsker()
    this.#engine.handle(event, asker)
    return asker as RunAnswer<ReplyTo<E, T['event'], ReplyOf<T>>>
  }

  info(info: Info): void {
    this.#checkLive()
    this.#engine.info(info)
  }

  advance(ms: number): void {
    const host = this.#host
    const until = host.nowMs + checkDuration('ms', ms, { default: 0, min: 0, max: Number.MAX_SAFE_INTEGER })
    for (let key = host.expire(until); key !== undefined && this.stopped === undefined; key = host.expire(until)) {
      this.#engine.expired(key)
    }
    host.nowMs = until
  }

  #checkLive(): void {
    if (this.stopped !== undefined) throw new CambiumError('ERR_ACTOR_STOPPED', `machine has ended: machine=${this.#name}`)
  }
}

class TestHost implements MachineHost {
  readonly context: ActorContext
  readonly transitions = new Map<string, RunTransition>()
  nowMs = 0
  readonly #timers = new Map<string, number>()

  constructor(given: Partial<ActorContext>) {
    const known: Partial<ActorContext> = { now: () => this.nowMs, ...given }
    this.context = new Proxy(known, {
      get(target, name) {
        if (Reflect.has(target, name)) return Reflect.get(target, name) as unknown
        throw noRuntime(`there is no actor around the machine: context.${String(name)}, expected it in options.context`)
      },
    }) as ActorContext
  }

  now(): number {
    return this.nowMs
  }

  setTimer(key: string, ms: number): void {
    this.#timers.delete(key) // timers of one time come in the order in which they were set
    this.#timers.set(key, this.nowMs + ms)
  }

  cancelTimer(key: string): void {
    this.#timers.delete(key)
  }

  moved(from: string, event: string, to: string | undefined): void {
    const name = JSON.stringify([from, event, to])
    if (!this.transitions.has(name)) this.transitions.set(name, { from, event, to })
  }

  /** Takes the timer that is due next, if it is by then, and turns the clock to it. */
  expire(untilMs: number): string | undefined {
    let next: string | undefined
    let dueMs = untilMs
    for (const [key, due] of this.#timers) {
      if (due < dueMs || (due === dueMs && next === undefined)) {
        next = key
        dueMs = due
      }
    }
    if (next === undefined) return undefined
    this.#timers.delete(next)
    this.nowMs = Math.max(this.nowMs, dueMs)
    return next
  }
}

class TestAsker implements Asker {
  isAnswered = false
  isAsked = true
  value: unknown = undefined

  reply(value: unknown): void {
    this.isAsked = false
    if (this.isAnswered) return // a dead letter
    this.isAnswered = true
    this.value = value
  }

  keep(): void {}

  token(): Ref<unknown> {
    this.isAsked = false
    return tokenWithoutRuntime((value) => {
      this.reply(value)
    })
  }
}

function noRuntime(text: string): CambiumError {
  return new CambiumError('ERR_NO_RUNTIME', text)
}
