/** The context of one incarnation: {@link ActorContext} over its core. */
import type { ActorContext, Behaviour, ChildOptions, ExitReason, Ref } from '@cambium/actor'
import { checkMailboxOptions, EXIT_NORMAL, isBehaviour, isRef } from '@cambium/actor'
import { CambiumError, checkDuration, checkFields, optionError, toErrorRecord } from '@cambium/base'
import type { CorePlatform } from '@cambium/base'
import { STOPPING } from './actor-cell.ts'
import type { ActorCell } from './actor-cell.ts'
import { ANSWERED } from './asks.ts'
import type { Asker } from './asks.ts'
import type { ChildKeeper } from './child-keeper.ts'
import { MessageTimer } from './message-timer.ts'
import { OwedAnswers } from './owed-answers.ts'
import type { StartSpec } from './signals.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** Longest delay of a timer: about 285 years are enough, and sums stay exact. */
const DELAY_MS_MAX = 9e12
export const INIT_TIMEOUT_MS_DEFAULT = 5000
const NO_OPTIONS: ChildOptions = {}

export interface RunContextHost {
  readonly platform: CorePlatform
  readonly wheel: TimerWheel
  refOf(cell: ActorCell): Ref<unknown>
  reply(asker: Asker, value: unknown): void
  replyError(asker: Asker, error: Error): void
  /** An answer that nobody waits for: the second of two, or its asker has gone. */
  buryReply(cell: ActorCell, value: unknown): void
  spawnChild(parent: ActorCell, behaviour: Behaviour<unknown, unknown>, spec: StartSpec): Ref<unknown>
  stopChild(parent: ActorCell, child: Ref<never>): Promise<void>
  deliverTimer(timer: MessageTimer): void
  /** Something was begun, or ended, whose end comes by the event loop: an offloaded job, an answer that is owed. */
  outstanding(change: 1 | -1): void
  /** Ends the actor after the message in hand, at once when there is none. */
  stopSelf(cell: ActorCell, reason: ExitReason): void
  requestTurn(): void
  readonly lifecycle: { keeperOf(cell: ActorCell): ChildKeeper }
}

export class RunContext implements ActorContext {
  readonly #host: RunContextHost
  readonly #cell: ActorCell
  readonly #incarnation: number
  #isOver = false

  constructor(host: RunContextHost, cell: ActorCell) {
    this.#host = host
    this.#cell = cell
    this.#incarnation = cell.incarnation
  }

  get self(): Ref<unknown> {
    return this.#host.refOf(this.#cell)
  }

  get name(): string | undefined {
    return this.#cell.name
  }

  get core(): number {
    return this.#cell.core
  }

  get incarnation(): number {
    return this.#incarnation
  }

  get signal(): AbortSignal {
    const cell = this.#live()
    cell.abort ??= new AbortController()
    return cell.abort.signal
  }

  get isAsked(): boolean {
    return !this.#isOver && this.#cell.asker !== undefined && this.#cell.asker !== ANSWERED
  }

  reply(value: unknown): void {
    if (this.#live().asker === ANSWERED) {
      this.#host.buryReply(this.#cell, value)
      return
    }
    const asker = this.#takeAsker()
    this.#cell.asker = ANSWERED
    this.#host.reply(asker, value)
  }

  deferReply(): (value: unknown) => void {
    const cell = this.#cell
    const asker = this.#takeAsker()
    const owed = (cell.owed ??= new OwedAnswers(this.#host))
    owed.add(asker, cell.label)
    return (value) => {
      // Not owed any more: given before, or its asker has gone, or was told that this incarnation has ended.
      if (owed.take(asker)) this.#host.reply(asker, value)
      else this.#host.buryReply(cell, value)
      this.#host.requestTurn()
    }
  }

  now(): number {
    return this.#host.platform.now()
  }

  random(): number {
    return this.#host.platform.random()
  }

  spawn<A, M, R>(behaviour: Behaviour<A, M, R>, argument: A, options: ChildOptions = NO_OPTIONS): Ref<M, R> {
    const cell = this.#live()
    // Its children have been stopped: this one would outlive it.
    if (cell.status === STOPPING)
      throw new CambiumError('ERR_ACTOR_STOPPED', `incarnation is ending and starts no child: actor=${cell.label}`)
    if (!isBehaviour(behaviour)) throw optionError('behaviour', behaviour, 'what defineActor or defineServer returned')
    if (options !== NO_OPTIONS) checkFields('options', options, ['name', 'mailbox', 'initTimeoutMs'])
    if (options.name !== undefined && typeof options.name !== 'string')
      throw optionError('options.name', options.name, 'a string')
    const spec: StartSpec = {
      module: behaviour.module,
      behaviour: behaviour.name,
      argument,
      name: options.name,
      mailbox: options.mailbox === undefined ? undefined : checkMailboxOptions(options.mailbox),
      initTimeoutMs: checkDuration('options.initTimeoutMs', options.initTimeoutMs, {
        default: INIT_TIMEOUT_MS_DEFAULT,
        min: 1,
        max: DELAY_MS_MAX,
      }),
    }
    return this.#host.spawnChild(cell, behaviour, spec) as Ref<M, R>
  }

  stopChild(child: Ref<never>): Promise<void> {
    if (!isRef(child)) throw optionError('child', child, 'a ref')
    return this.#host.stopChild(this.#live(), child)
  }

  stop(error?: Error): void {
    const reason: ExitReason = error === undefined ? EXIT_NORMAL : { kind: 'crash', error: toErrorRecord(error) }
    this.#host.stopSelf(this.#live(), reason)
  }

  setTimer(key: string, delayMs: number, message: unknown, options: { readonly repeat?: boolean } = {}): void {
    const cell = this.#live()
    if (typeof key !== 'string') throw optionError('key', key, 'a string')
    const delay = checkDuration('delayMs', delayMs, { default: 0, min: options.repeat === true ? 1 : 0, max: DELAY_MS_MAX })
    this.cancelTimer(key)
    const timer = new MessageTimer(cell, key, message, options.repeat === true ? delay : 0, (expired) => {
      if (expired.repeatMs > 0) {
        // Periods that went by unseen are not made up for, or a machine that slept an hour would spend its first turn on them.
        const missed = Math.floor((this.#host.platform.now() - expired.due) / expired.repeatMs)
        this.#host.wheel.start(expired, expired.due + (Math.max(0, missed) + 1) * expired.repeatMs)
      }
      this.#host.deliverTimer(expired)
    })
    ;(cell.timers ??= new Map()).set(key, timer)
    this.#host.wheel.start(timer, this.#host.platform.now() + delay)
  }

  cancelTimer(key: string): boolean {
    const timers = this.#live().timers
    const timer = timers?.get(key)
    if (timer === undefined) return false
    timers?.delete(key)
    timer.isCancelled = true
    this.#host.wheel.cancel(timer)
    return true
  }

  offload<T>(module: string | URL, job: string, argument: unknown, options: { readonly signal?: AbortSignal } = {}): Promise<T> {
    this.#live()
    if (!URL.canParse(String(module))) throw optionError('module', module, 'a URL such as import.meta.url')
    if (typeof job !== 'string' || job === '') throw optionError('job', job, 'the name of an exported function')
    this.#host.outstanding(1)
    return this.#host.platform.offload(String(module), job, argument, options.signal).finally(() => {
      this.#host.outstanding(-1)
    }) as Promise<T>
  }

  /** For a supervisor: what keeps its children. */
  get keeper(): ChildKeeper {
    return this.#host.lifecycle.keeperOf(this.#live())
  }

  /** Ends this incarnation for a reason that is no crash. */
  endFor(reason: ExitReason): void {
    this.#host.stopSelf(this.#live(), reason)
  }

  /** The incarnation has ended. */
  end(): void {
    this.#isOver = true
  }

  #takeAsker(): Asker {
    const asker = this.#live().asker
    if (asker === undefined || asker === ANSWERED)
      throw new CambiumError('ERR_NOT_ASKED', `message in hand expects no reply, or has one: actor=${this.#cell.label}`)
    this.#cell.asker = undefined
    return asker
  }

  #live(): ActorCell {
    if (this.#isOver)
      throw new CambiumError(
        'ERR_ACTOR_STOPPED',
        `incarnation has ended: actor=${this.#cell.label}, incarnation=${this.#incarnation}`,
      )
    return this.#cell
  }
}
