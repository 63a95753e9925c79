/** The context of one incarnation: {@link ActorContext} over its core. */
import type {
  ActorContext,
  ActorRef,
  AnyRef,
  Behaviour,
  ChildOptions,
  DeadLetterReason,
  Directory,
  ExitReason,
  GivenReason,
  Monitor,
  Received,
  Ref,
  WaitOptions,
} from '@cambium/actor'
import { checkMailboxOptions, checkReason, deepFreeze, EXIT_NORMAL, isBehaviour, isRef, Mailbox } from '@cambium/actor'
import { CambiumError, checkDuration, checkFields, optionError } from '@cambium/base'
import type { ActorAddress, CorePlatform } from '@cambium/base'
import { assertTravels } from '@cambium/codec'
import { binder } from './actor-bonds.ts'
import { STOPPING } from './actor-cell.ts'
import type { ActorCell } from './actor-cell.ts'
import { ANSWERED } from './asks.ts'
import type { Asker } from './asks.ts'
import type { ChildKeeper } from './child-keeper.ts'
import { ContextDirectory } from './context-directory.ts'
import type { ActorDirectory } from './core-directory.ts'
import { NAMES } from './directory-office.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Before, Lifecycle } from './lifecycle.ts'
import { ManagerHands } from './manager-hands.ts'
import type { ManagerHandsHost } from './manager-hands.ts'
import { createMessageTimer, MessageTimer } from './message-timer.ts'
import { OwedAnswers } from './owed-answers.ts'
import { checkHosted } from './ref-codec.ts'
import type { RefHosts } from './ref-codec.ts'
import type { Replies } from './replies.ts'
import type { SenderLimits } from './sender-host.ts'
import type { StartSpec } from './signals.ts'
import type { TimerWheel } from './timer-wheel.ts'
import { checkJob, checkReceive, checkTimer } from './wait-options.ts'

/** Longest delay of a timer: about 285 years are enough, and sums stay exact. */
const DELAY_MS_MAX = 9e12
export const INIT_TIMEOUT_MS_DEFAULT = 5000
const NO_OPTIONS: ChildOptions = {}

export interface RunContextHost extends ManagerHandsHost {
  readonly platform: CorePlatform
  readonly lifecycle: Lifecycle
  readonly dispatcher: Dispatcher
  readonly wheel: TimerWheel
  /** Is told of the jobs that an actor has offloaded: it stays until they have ended. */
  readonly moves: { job(cell: ActorCell, change: 1 | -1): void }
  /** What the actors of this core want of the directory. */
  readonly directory: ActorDirectory
  readonly sender: RefHosts & { readonly replies: Pick<Replies, 'bury' | 'tokens'> }
  readonly limits: SenderLimits
  refOf(address: ActorAddress): Ref<unknown>
  reply(asker: Asker, value: unknown): void
  replyError(asker: Asker, error: Error): void
  /** An answer that nobody waits for: the second of two, or its asker has gone. */
  buryReply(cell: ActorCell, value: unknown): void
  spawnChild(parent: ActorCell, behaviour: Behaviour<unknown, unknown>, spec: StartSpec, before?: Before): Ref<unknown>
  /** Something was begun, or ended, whose end comes by the event loop: an offloaded job, an answer that is owed. */
  outstanding(change: 1 | -1): void
  /** Ends the actor after the message in hand, at once when there is none. */
  stopSelf(cell: ActorCell, reason: ExitReason): void
  requestTurn(): void
}

export class RunContext implements ActorContext {
  readonly #host: RunContextHost
  readonly #cell: ActorCell
  readonly #incarnation: number
  /** Whose asker is answered: the actor's, or that of a message inside its handler. */
  readonly #hand: { asker: Asker | undefined }
  /** The context of the handler that this one's is inside of. */
  readonly #outer: RunContext | undefined
  #hasEnded = false

  constructor(host: RunContextHost, cell: ActorCell, outer?: RunContext, hand: { asker: Asker | undefined } = cell) {
    this.#host = host
    this.#cell = cell
    this.#incarnation = cell.incarnation
    this.#outer = outer
    this.#hand = hand
  }

  /** For a message that is handled inside the handler under way. */
  inside(nested: { asker: Asker | undefined }): RunContext {
    return new RunContext(this.#host, this.#cell, this, nested)
  }

  get #isOver(): boolean {
    return this.#hasEnded || (this.#outer !== undefined && this.#outer.#isOver)
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
    const { asker } = this.#hand
    return !this.#isOver && asker !== undefined && asker !== ANSWERED
  }

  reply(value: unknown): void {
    this.#live()
    if (this.#hand.asker === ANSWERED) {
      this.#host.buryReply(this.#cell, value)
      return
    }
    const asker = this.#takeAsker()
    this.#hand.asker = ANSWERED
    this.#host.reply(asker, value)
  }

  deferReply(): (value: unknown) => void {
    const cell = this.#cell
    const { asker, owed } = this.#owe()
    return (value) => {
      // Not owed any more: given before, or its asker has gone, or was told that this incarnation has ended.
      if (owed.take(asker)) this.#host.reply(asker, value)
      else this.#host.buryReply(cell, value)
      this.#host.requestTurn()
    }
  }

  replyToken(): Ref<unknown> {
    const { asker, owed } = this.#owe()
    return this.#host.refOf(this.#host.sender.replies.tokens.issue(this.#cell, owed, asker))
  }

  stash(): boolean {
    const cell = this.#live()
    if (this.#outer !== undefined)
      throw new CambiumError('ERR_NOT_STASHABLE', `message is handled inside another one's handler: actor=${cell.label}`)
    const { dispatcher } = this.#host
    return dispatcher.stash.mark(cell, dispatcher.current === cell)
  }

  unstashAll(): number {
    return this.#host.dispatcher.unstash(this.#live())
  }

  receive(match: (message: unknown) => boolean, options?: WaitOptions): Promise<Received<never>> {
    const cell = this.#live()
    if (typeof match !== 'function') throw optionError('match', match, 'a function')
    const { dispatcher, limits } = this.#host
    const wait = checkReceive(options, limits.askTimeoutMs)
    return dispatcher.receives.receive(cell, dispatcher.current === cell, match, wait) as Promise<Received<never>>
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
    if (options !== NO_OPTIONS) checkFields('options', options, ['name', 'mailbox', 'initTimeoutMs', 'link', 'monitor'])
    if (options.name !== undefined && typeof options.name !== 'string')
      throw optionError('options.name', options.name, 'a string')
    for (const option of ['link', 'monitor'] as const)
      if (options[option] !== undefined && typeof options[option] !== 'boolean')
        throw optionError(`options.${option}`, options[option], 'true or false')
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
    const { bonds } = this.#host
    const bind = binder(bonds, cell, { link: options.link === true, monitor: options.monitor === true })
    return this.#host.spawnChild(cell, behaviour, spec, bind) as Ref<M, R>
  }

  stopChild(child: Ref<never>): Promise<void> {
    return this.#host.lifecycle.stopChild(this.#live(), this.#checkRef(child, 'child'))
  }

  stop(given?: Error | GivenReason): void {
    const cell = this.#live()
    this.#host.stopSelf(cell, given === undefined ? EXIT_NORMAL : checkTravelling(given, this.#host.isStrict))
  }

  link(ref: AnyRef): void {
    this.#host.bonds.link(this.#live(), this.#checkRef(ref))
  }

  unlink(ref: AnyRef): void {
    this.#host.bonds.unlink(this.#live(), this.#checkRef(ref))
  }

  monitor(ref: AnyRef): Monitor {
    return this.#host.bonds.monitor(this.#live(), this.#checkRef(ref))
  }

  demonitor(monitor: Monitor, options: { readonly flush?: boolean } = {}): boolean {
    const cell = this.#live()
    if (!Number.isSafeInteger(monitor) || monitor < 1) throw optionError('monitor', monitor, 'what monitor returned')
    checkFields('options', options, ['flush'])
    return this.#host.bonds.demonitor(cell, monitor, options.flush === true)
  }

  exit(ref: AnyRef, reason: Error | GivenReason): void {
    this.#host.bonds.exit(this.#live(), this.#checkRef(ref), checkTravelling(reason, this.#host.isStrict))
  }

  get directory(): Directory {
    return new ContextDirectory(this.#host.directory, () => this.#live())
  }

  async register(name: string): Promise<void> {
    await this.directory.add(NAMES, name, undefined, { isUnique: true })
  }

  async unregister(name: string): Promise<boolean> {
    return (await this.directory.remove(NAMES, name, { isAll: true })) > 0
  }

  whereis<M, R>(name: string): Ref<M, R> | undefined {
    this.#live()
    return this.#host.directory.find(NAMES, name)[0]?.ref as Ref<M, R> | undefined
  }

  trapExits(isOn: boolean): boolean {
    if (typeof isOn !== 'boolean') throw optionError('isOn', isOn, 'true or false')
    return this.#host.bonds.trapExits(this.#live(), isOn)
  }

  setTimer(key: string, delayMs: number, message: unknown, options?: { readonly repeat?: boolean }): void {
    const cell = this.#live()
    if (typeof key !== 'string') throw optionError('key', key, 'a string')
    const repeats = options !== undefined && checkTimer(options)
    const delay = checkDuration('delayMs', delayMs, { default: 0, min: repeats ? 1 : 0, max: DELAY_MS_MAX })
    this.cancelTimer(key)
    const timer = createMessageTimer(this.#host, cell, key, message, repeats ? delay : 0)
    this.#host.wheel.start(timer, this.#host.platform.now() + delay)
  }

  /** Has this incarnation handle a message of its own before all others. Of several the last one comes first. */
  handleFirst(message: unknown): void {
    const cell = this.#live()
    const first = new MessageTimer(cell, '', message, 0, () => {})
    first.isQueued = true
    ;(cell.mailbox ??= new Mailbox()).putBack(message, first)
    this.#host.dispatcher.schedule(cell)
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
    const cell = this.#live()
    if (!URL.canParse(String(module))) throw optionError('module', module, 'a URL such as import.meta.url')
    if (typeof job !== 'string' || job === '') throw optionError('job', job, 'the name of an exported function')
    const signal = checkJob(options)
    const { moves, platform } = this.#host
    // It is counted once it has begun: what throws before is no job, and nobody would take it off again.
    const outcome = platform.offload(String(module), job, argument, signal)
    this.#host.outstanding(1)
    moves.job(cell, 1)
    return outcome.finally(() => {
      this.#host.outstanding(-1)
      moves.job(cell, -1)
    }) as Promise<T>
  }

  /** For a supervisor: what keeps its children. */
  get keeper(): ChildKeeper {
    return this.#host.lifecycle.keeperOf(this.#live())
  }

  /** For an event manager. */
  get managing(): ManagerHands {
    return new ManagerHands(this.#host, this.#live())
  }

  /** Answers the message in hand with an error; when nobody has asked, it is reported. */
  refuse(error: Error): void {
    if (this.isAsked) this.#host.replyError(this.#takeAsker(), error)
    else if (!this.#isOver) this.#host.reportFault(`actor ${this.#cell.label}`, error)
  }

  /** A ref as this actor uses it. */
  refTo(address: ActorAddress): Ref<never> {
    return this.#host.refOf(address)
  }

  /** For a stage of a flow: an event that it has, and that nobody will handle, becomes a dead letter. */
  bury(reason: DeadLetterReason, event: unknown): void {
    this.#host.sender.replies.bury(this.#cell, reason, event)
  }

  /** Ends this incarnation for a reason that is no crash. */
  endFor(reason: ExitReason): void {
    this.#host.stopSelf(this.#live(), reason)
  }

  /** The incarnation has ended. */
  end(): void {
    this.#hasEnded = true
  }

  #checkRef(ref: unknown, name = 'ref'): ActorRef {
    if (!isRef(ref)) throw optionError(name, ref, 'a ref')
    checkHosted(ref, this.#host.sender)
    return ref
  }

  /** The duty to answer the message in hand is the incarnation's from now on. */
  #owe(): { readonly asker: Asker; readonly owed: OwedAnswers } {
    const cell = this.#cell
    const asker = this.#takeAsker()
    const owed = (cell.owed ??= new OwedAnswers(this.#host))
    owed.add(asker, cell.label)
    return { asker, owed }
  }

  #takeAsker(): Asker {
    this.#live()
    const { asker } = this.#hand
    if (asker === undefined || asker === ANSWERED)
      throw new CambiumError('ERR_NOT_ASKED', `message in hand expects no reply, or has one: actor=${this.#cell.label}`)
    this.#hand.asker = undefined
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

/** Throws `ERR_OPTION`, and `ERR_CANNOT_TRAVEL` for a detail that no other core could receive. */
function checkTravelling(given: unknown, isFrozen: boolean): ExitReason {
  const reason = checkReason(given)
  if (!('detail' in reason)) return reason
  assertTravels(reason.detail, isRef)
  if (isFrozen) deepFreeze(reason.detail)
  return reason
}
