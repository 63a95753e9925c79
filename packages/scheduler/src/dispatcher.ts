/**
 * Delivery and running of messages on one core: run queue, handlers, replies; who enters a mailbox is decided in `mailbox-entry.ts`. A message goes straight from the ring to
 * the handler when its actor is idle, so heap mailboxes stay short (D3).
 */
import { Mailbox } from '@cambium/actor'
import type { ExitReason, Info } from '@cambium/actor'
import { toErrorRecord } from '@cambium/base'
import { keepMessage } from '@cambium/codec'
import { AWAY, BUSY, READY, SUSPENDED } from './actor-cell.ts'
import type { ActorCell } from './actor-cell.ts'
import { AskCycles } from './ask-cycle.ts'
import type { AskCyclesHost } from './ask-cycle.ts'
import { ANSWERED } from './asks.ts'
import type { Asker } from './asks.ts'
import { AsyncWork } from './async-work.ts'
import { PROCESSED } from './books.ts'
import { CrashOffice } from './crash-office.ts'
import type { CrashOfficeHost } from './crash-office.ts'
import type { DeadLetterOffice } from './dead-letter-office.ts'
import { InfoMessage } from './info-message.ts'
import { isOwn, MailboxEntry } from './mailbox-entry.ts'
import type { Beside, MailboxEntryHost } from './mailbox-entry.ts'
import { Hand } from './hand.ts'
import { crashError, expiredError, noReplyError } from './handling-errors.ts'
import { SelectiveReceive } from './selective-receive.ts'
import type { SelectiveReceiveHost } from './selective-receive.ts'
import type { Sender } from './sender.ts'
import { Stash } from './stash.ts'
import type { Fence } from './fence.ts'
import type { HandlerInHand } from './handler-in-hand.ts'
import { MailboxTravel, type MailboxTravelHost } from './mailbox-travel.ts'
import { MessageTimer } from './message-timer.ts'
import { Stamp } from './message-stamp.ts'
import { NestedMessages } from './nested-messages.ts'
import { RunQueue } from './run-queue.ts'
import type { TurnBudget } from './turn-budget.ts'

/**
 * In one go an actor handles what waited when it began: one that is told a thousand messages has handled them before its sender, which tells itself to go
 * on, tells it the next thousand. After so many milliseconds the next runnable actor has its turn all the same.
 */
const ACTOR_MS_MAX = 0.25
/** Empty mailboxes kept for the next actors that need one. */
const SPARE_MAILBOXES_MAX = 64

export interface DispatcherHost
  extends AskCyclesHost, CrashOfficeHost, MailboxEntryHost, SelectiveReceiveHost, MailboxTravelHost {
  readonly books: Float64Array
  readonly deadLetters: DeadLetterOffice
  readonly handler: HandlerInHand
  readonly fence: Fence
  readonly sender: Sender
  /** Sends an answer. */
  reply(asker: Asker, value: unknown): void
  replyError(asker: Asker, error: Error): void
  /** The incarnation has ended unasked: by `ctx.stop` or a crash. */
  ended(cell: ActorCell, reason: ExitReason): void
  requestTurn(): void
}

export class Dispatcher {
  /** The actor whose callback is running, between its first and its last synchronous instruction. */
  current: ActorCell | undefined = undefined
  readonly asyncWork: AsyncWork
  readonly runQueue: RunQueue = new RunQueue()
  readonly #spares: Mailbox<Beside>[] = []
  readonly #host: DispatcherHost
  readonly #entry: MailboxEntry
  readonly crashes: CrashOffice
  readonly stash: Stash
  readonly receives: SelectiveReceive
  readonly askCycles: AskCycles
  readonly nested: NestedMessages
  readonly travel: MailboxTravel

  constructor(host: DispatcherHost) {
    this.#host = host
    this.#entry = new MailboxEntry(host)
    this.crashes = new CrashOffice(host)
    this.stash = new Stash(host, this.#entry)
    this.receives = new SelectiveReceive(host, this.#entry)
    this.askCycles = new AskCycles(host)
    this.asyncWork = new AsyncWork(() => {
      host.requestTurn()
    })
    this.travel = new MailboxTravel(host, this, this.#entry, () => this.#spares.pop() ?? new Mailbox())
    this.nested = new NestedMessages(host, this.asyncWork, (cell, message, record) => {
      this.crashes.report(cell, 'message', message, record)
    })
  }

  /** Asynchronous callbacks under way: while there are any the core must not block its event loop. */
  get asyncInFlight(): number {
    return this.asyncWork.inFlight
  }

  /** The actor that what is sent now is charged to: the one whose callback is running, also after an `await` of it. */
  get sending(): ActorCell | undefined {
    return this.current ?? this.asyncWork.current
  }

  /** Whether the actor would handle a message at once. */
  isIdle(cell: ActorCell): boolean {
    return cell.status === READY && cell.outbox === 0 && (cell.mailbox === undefined || cell.mailbox.length === 0)
  }

  /** Brings a message to an actor of this core: at once if it is idle and `isDirect`, else through its mailbox. */
  deliver(cell: ActorCell, message: unknown, asker: Asker | undefined, isDirect: boolean): void {
    if (isDirect && this.isIdle(cell)) {
      this.#run(cell, message, asker, true)
      return
    }
    if (asker !== undefined || !this.#entry.enterShort(cell, message)) this.#enter(cell, message, asker)
  }

  /** The same for a message with a stamp. */
  deliverStamped(cell: ActorCell, message: unknown, stamp: Stamp, isDirect: boolean): void {
    if (isDirect && this.isIdle(cell)) this.#runStamped(cell, message, stamp)
    else this.#enter(cell, message, stamp)
  }

  #enter(cell: ActorCell, message: unknown, beside: Asker | Stamp | undefined): void {
    const { hand } = cell
    if (hand !== undefined && hand.receives.size > 0 && this.receives.offer(cell, hand, message, beside)) return
    const stamp = beside !== undefined && beside instanceof Stamp ? beside : undefined
    if (hand !== undefined && stamp !== undefined && this.nested.admits(cell, stamp.chain)) {
      this.#runNested(cell, hand, message, stamp)
      return
    }
    const mailbox = (cell.mailbox ??= this.#spares.pop() ?? new Mailbox())
    this.#entry.enter(cell, mailbox, message, beside)
    this.schedule(cell)
    if (hand === undefined || !hand.hasAsks || beside === undefined) return
    const asker = stamp === undefined ? (beside as Asker) : stamp.asker
    if (asker !== undefined) this.askCycles.arrived(cell, asker, stamp?.chain ?? 0)
  }

  /** Puts a timer's message into its actor's mailbox. No capacity holds it back, but one timer has one place: while it waits, its next expiries add nothing. */
  deliverTimer(timer: MessageTimer): void {
    if (timer.isQueued) return
    const cell = timer.cell
    if (cell.hand !== undefined && cell.hand.receives.size > 0 && this.receives.offer(cell, cell.hand, timer.message, timer))
      return
    timer.isQueued = true
    cell.mailbox ??= this.#spares.pop() ?? new Mailbox()
    cell.mailbox.pushAs(this.#entry.priorityOf(cell, timer.message, timer), timer.message, timer)
    this.schedule(cell)
  }

  /** Puts what the runtime tells an actor at the end of its mailbox. No capacity holds it back: there is one for each link and monitor. */
  deliverInfo(message: InfoMessage): void {
    const { cell } = message
    if (cell.infos?.has(message) !== true) return
    cell.mailbox ??= this.#spares.pop() ?? new Mailbox()
    cell.mailbox.push(message.info, message)
    this.schedule(cell)
  }

  /** Makes the actor runnable if it has something to do and may do it. */
  schedule(cell: ActorCell): void {
    const { mailbox } = cell
    if (mailbox === undefined) return
    this.#entry.note(cell, mailbox.length)
    if (cell.status === AWAY) this.travel.due(cell)
    if (cell.isQueued || cell.status !== READY || cell.outbox > 0 || mailbox.length === 0) return
    cell.isQueued = true
    this.runQueue.push(cell)
  }

  /** Runs the next runnable actor; answers the number of messages it handled, 0 when there was none to run. */
  runNext(budget: TurnBudget): number {
    const cell = this.runQueue.shift()
    if (cell === undefined) return 0
    cell.isQueued = false
    const mailbox = cell.mailbox
    const most = mailbox === undefined ? 0 : mailbox.length
    const untilMs = budget.lookedMs + ACTOR_MS_MAX
    let handled = 0
    while (handled < most && cell.status === READY && cell.outbox === 0 && mailbox !== undefined && mailbox.length > 0) {
      const message = mailbox.take()
      const beside = mailbox.takenAsker
      mailbox.takenAsker = undefined // or an idle actor would keep its last asker alive
      handled += 1
      this.#entry.note(cell, mailbox.length)
      if (cell.isCongested) this.#entry.left(cell, mailbox)
      if (beside === undefined) this.#run(cell, message, undefined, true)
      else if (beside instanceof MessageTimer) this.#runTimer(cell, message, beside)
      else if (beside instanceof InfoMessage) this.#runInfo(cell, message, beside)
      else if (beside instanceof Stamp) this.#runStamped(cell, message, beside)
      else this.#run(cell, message, beside, true)
      if (budget.isSpent() || budget.lookedMs > untilMs) break
    }
    if (mailbox !== undefined && mailbox.length === 0 && cell.mailbox === mailbox) this.#giveBack(cell, mailbox)
    this.schedule(cell)
    return Math.max(1, handled)
  }

  /** An idle actor has no mailbox: it takes as much memory as the rest of the actor. */
  #giveBack(cell: ActorCell, mailbox: Mailbox<Beside>): void {
    cell.mailbox = undefined
    if (this.#spares.length >= SPARE_MAILBOXES_MAX) return
    mailbox.trim()
    this.#spares.push(mailbox)
  }

  /** The actor's behaviour, which is there now, tells the priority of what waits for it. */
  judge(cell: ActorCell): void {
    this.#entry.judge(cell)
  }

  /** Puts what the actor has put aside back into its mailbox; answers how many. */
  unstash(cell: ActorCell): number {
    const count = this.stash.putBack(cell)
    if (count > 0) this.schedule(cell)
    return count
  }

  /** An incarnation is over: its handler waits for nothing any more, and what it put aside is there for the next one. */
  endHand(cell: ActorCell): void {
    this.#dropHand(cell)
    this.stash.putBack(cell)
    cell.isSuspended = false
    cell.observation?.end()
    this.#idle(cell)
  }

  /** The handler under way has ended. */
  #idle(cell: ActorCell): void {
    const waiting = cell.onIdle
    cell.onIdle = undefined
    for (const act of waiting ?? []) act()
    this.schedule(cell)
  }

  #dropHand(cell: ActorCell): void {
    const { hand } = cell
    cell.hand = undefined
    if (hand === undefined) return
    hand.end(cell.label)
    if (hand.nested.size > 0) this.nested.giveUp(cell, hand)
  }

  /** Takes every waiting message of an actor that ended; `bury` gets each that the books know. */
  clearMailbox(cell: ActorCell, bury: (message: unknown, asker: Asker | undefined) => void): void {
    const mailbox = cell.mailbox
    cell.mailbox = undefined
    while (mailbox !== undefined && mailbox.length > 0) {
      const message = mailbox.take()
      const beside = mailbox.takenAsker
      if (!isOwn(beside)) bury(message, beside instanceof Stamp ? beside.asker : beside)
    }
    this.#entry.note(cell, 0)
    this.#entry.relieve(cell)
  }

  #runTimer(cell: ActorCell, message: unknown, timer: MessageTimer): void {
    timer.taken()
    if (timer.isCancelled || timer.incarnation !== cell.incarnation) return
    cell.hand = new Hand(timer)
    this.#run(cell, message, undefined, false)
  }

  #runInfo(cell: ActorCell, message: unknown, info: InfoMessage): void {
    if (cell.infos?.take(info) !== true || cell.program?.info === undefined) return
    cell.hand = new Hand(info)
    this.#run(cell, message, undefined, false, true)
  }

  #runStamped(cell: ActorCell, message: unknown, stamp: Stamp): void {
    if (stamp.expiresAt <= this.#host.now()) {
      this.#expire(cell, message, stamp)
      return
    }
    cell.hand = new Hand(stamp)
    this.#run(cell, message, stamp.asker, true)
  }

  #runNested(cell: ActorCell, hand: Hand, message: unknown, stamp: Stamp): void {
    if (stamp.expiresAt <= this.#host.now()) {
      this.#expire(cell, message, stamp)
      return
    }
    const outer = this.current
    this.current = cell
    this.nested.run(cell, hand, message, stamp)
    this.current = outer
  }

  #expire(cell: ActorCell, message: unknown, { asker, expiresAt }: Stamp): void {
    this.#host.deadLetters.bury('expired', cell, {
      name: cell.name,
      message,
      detail: `its time was over: lateMs=${Math.max(0, this.#host.now() - expiresAt).toFixed(1)}`,
    })
    if (asker !== undefined) this.#host.replyError(asker, expiredError(cell))
  }

  #run(cell: ActorCell, message: unknown, asker: Asker | undefined, isCounted: boolean, isInfo = false): void {
    cell.asker = asker
    this.current = cell
    this.#host.handler.enter(cell)
    let result: unknown
    let isPromise = false
    try {
      const program = cell.program as NonNullable<ActorCell['program']>
      const context = cell.context as NonNullable<ActorCell['context']>
      result = isInfo
        ? this.asyncWork.inform(cell, message as Info)
        : cell.isAsync
          ? this.asyncWork.receive(cell, message)
          : program.receive(cell.state, message, context)
      isPromise = result !== undefined && result instanceof Promise
    } catch (error) {
      this.current = undefined
      this.#crashed(cell, message, error, isCounted)
      return
    }
    this.#host.fence.pass()
    this.current = undefined
    if (result !== undefined && result !== cell.state) {
      if (isPromise) {
        this.#runAsync(cell, message, result as Promise<unknown>, isCounted)
        return
      }
      cell.state = result
    }
    this.#finish(cell, message, isCounted)
  }

  #runAsync(cell: ActorCell, message: unknown, result: Promise<unknown>, isCounted: boolean): void {
    if (cell.status !== READY) {
      // Its own handler has had it stopped, by the root on this very core: nobody waits for the rest, not even for its error.
      result.catch(() => {})
      this.#finish(cell, message, isCounted)
      return
    }
    cell.status = BUSY
    cell.phase += 1
    cell.inHand = keepMessage(message)
    cell.isInHandCounted = isCounted
    if (!cell.isAsync && cell.hand?.hasAsks === true) this.askCycles.recheck(cell.hand)
    const ready = (): void => {
      cell.inHand = undefined
      cell.status = cell.isSuspended ? SUSPENDED : READY
      cell.phase += 1
    }
    this.asyncWork.follow(
      cell,
      cell.isReentrant ? this.nested.outlast(cell, result) : result,
      (next) => {
        ready()
        if (next !== undefined) cell.state = next
        this.#finish(cell, message, isCounted)
        this.#idle(cell)
      },
      (error) => {
        ready()
        this.#crashed(cell, message, error, isCounted)
        this.#idle(cell)
      },
    )
  }

  #finish(cell: ActorCell, message: unknown, isCounted: boolean): void {
    const { hand } = cell
    if (hand !== undefined) {
      cell.hand = undefined
      hand.end(cell.label)
      if (hand.stash !== 'no') {
        this.stash.putAside(cell, hand, message)
        isCounted = false // not yet, or as a dead letter
      }
    }
    if (isCounted) this.#host.books[PROCESSED] = (this.#host.books[PROCESSED] as number) + 1
    const asker = cell.asker
    if (asker !== undefined) {
      cell.asker = undefined
      if (asker !== ANSWERED) this.#host.replyError(asker, noReplyError(cell))
    }
    if (cell.stopRequest !== undefined) {
      const reason = cell.stopRequest
      cell.stopRequest = undefined
      if (reason.kind === 'crash') this.crashes.report(cell, 'message', message, reason.error)
      this.#host.ended(cell, reason)
    }
  }

  #crashed(cell: ActorCell, message: unknown, error: unknown, isCounted: boolean): void {
    const record = toErrorRecord(error)
    this.crashes.report(cell, 'message', message, record)
    this.#dropHand(cell)
    if (isCounted) this.#host.deadLetters.bury('crashed', cell, { name: cell.name, message, detail: record.message })
    const asker = cell.asker
    cell.asker = undefined
    if (asker !== undefined && asker !== ANSWERED) this.#host.replyError(asker, crashError(cell, record, error))
    cell.stopRequest = undefined
    this.#host.ended(cell, { kind: 'crash', error: record })
  }
}
