/**
 * A telephone exchange: every call is a child actor with timers, numbers are asked of a directory that answers at once or later, exchanges tick.
 * Checked: a cancelled timer never fires, none fires early or at another incarnation, every call ends, every reply reaches its asker.
 */
import { defineActor } from '@cambium/actor'
import type { ActorContext, Behaviour, Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import { isOver } from '../oracles/incarnations.ts'
import { violation } from '../oracles/violation.ts'
import { Journal, journalOf, OUTSIDE, tellStamped } from './journal.ts'
import type { Member, Stamp } from './journal.ts'
import { ASK_OPTIONS, checkBooks, comeToRest, countLosses, FORGIVEN_ASKS, spawnPatiently } from './workload.ts'
import type { Workload, WorkloadWorld } from './workload.ts'

type Phone = Ref<PhoneMessage>
type Directory = Ref<DirectoryMessage, DirectoryAnswer>
type Exchange = Ref<ExchangeMessage>
type CallRef = Ref<CallMessage>

type DirectoryMessage = Query | { readonly type: 'answer late' }

interface Query {
  readonly type: 'look up'
  readonly stamp: Stamp
  readonly number: number
  readonly isSlow: boolean
}
interface DirectoryAnswer {
  readonly number: number
}
type ExchangeMessage =
  | {
      readonly type: 'dial'
      readonly stamp: Stamp
      readonly call: number
      readonly phone: Phone
      readonly phoneId: string
      readonly pace: number
    }
  | { readonly type: 'tick'; readonly incarnation: number }
type PhoneMessage =
  | { readonly type: 'ring'; readonly stamp: Stamp; readonly call: CallRef; readonly callId: string }
  | { readonly type: 'hang up'; readonly stamp: Stamp; readonly callId: string }
type SubscriberMessage =
  | { readonly type: 'look up'; readonly stamp: Stamp; readonly number: number }
  | { readonly type: 'blink'; readonly incarnation: number }
type CallMessage =
  | { readonly type: 'answer'; readonly stamp: Stamp }
  | { readonly type: 'ring timeout' }
  | { readonly type: 'talk over'; readonly dueMs: number }

const CALLS = 400
const PHONES = 40
const EXCHANGES = 4
const RING_MS = 3000
const TALK_MS_MAX = 8000
const TICK_MS = 100
const BLINK_MS = 10
const DEFERRED_MS = 20
const ANSWER_CHANCE = 0.7

/** On real threads calls ring and talk for a tenth of their time. */
const REAL_PACE = 0.1

class CallLog extends Journal {
  /** Running calls by id, with their contexts where those are at hand; one whose context is over has ended. */
  readonly calls = new Map<string, ActorContext | undefined>()
  readonly ended = new Set<string>()
  readonly ticks = new Map<string, number>()

  callStarted(id: string, context: ActorContext | undefined): void {
    this.calls.set(id, context)
  }

  callEnded(id: string): void {
    if (this.ended.has(id)) this.fail('ERR_ORACLE_WORKLOAD', 'a call ended twice', { call: id })
    this.ended.add(id)
  }

  tick(id: string): void {
    this.ticks.set(id, (this.ticks.get(id) ?? 0) + 1)
  }
}

export const directory: Behaviour<Member, DirectoryMessage, DirectoryAnswer> = defineActor<
  Member,
  DirectoryMessage,
  DirectoryAnswer,
  { readonly member: Member; late: (() => void)[] }
>(
  import.meta.url,
  'directory',
  {
    init: (member) => ({ member, late: [] }),
    receive(state, message, ctx) {
      const log = journalOf(state.member.run, CallLog)
      if (message.type === 'answer late') for (const answer of state.late.splice(0)) answer()
      else {
        log.take(message.stamp, state.member.id)
        log.answering()
        if (message.isSlow) {
          const reply = ctx.deferReply()
          state.late.push(() => {
            reply({ number: message.number })
          })
          ctx.setTimer('late', DEFERRED_MS, { type: 'answer late' })
        } else ctx.reply({ number: message.number })
        log.finish()
      }
    },
  },
  { balance: true },
)

interface CallPlan {
  readonly member: Member
  readonly phone: Phone
  readonly phoneId: string
  /** Its times are so much of the usual ones. */
  readonly pace: number
}

const call: Behaviour<CallPlan, CallMessage> = defineActor(
  import.meta.url,
  'call',
  {
    init({ member, phone, phoneId, pace }: CallPlan, ctx: ActorContext<CallMessage>) {
      const log = journalOf(member.run, CallLog)
      const startedMs = ctx.now()
      log.callStarted(member.id, ctx as unknown as ActorContext)
      ctx.setTimer('ring', RING_MS * pace, { type: 'ring timeout' })
      tellStamped<PhoneMessage>(log, member.id, { id: phoneId, ref: phone }, (stamp) => ({
        type: 'ring',
        stamp,
        call: ctx.self,
        callId: member.id,
      }))
      return { member, phone, phoneId, pace, isAnswered: false, startedMs }
    },
    receive(state, message: CallMessage, ctx) {
      const log = journalOf(state.member.run, CallLog)
      if (message.type === 'answer') {
        log.take(message.stamp, state.member.id)
        state.isAnswered = true
        ctx.cancelTimer('ring')
        const talkMs = 1 + ctx.random() * TALK_MS_MAX * state.pace
        ctx.setTimer('talk', talkMs, { type: 'talk over', dueMs: ctx.now() + talkMs })
        log.finish()
        return
      }
      if (message.type === 'ring timeout') {
        if (state.isAnswered) log.fail('ERR_ORACLE_WORKLOAD', 'a cancelled timer fired', { call: state.member.id })
        if (ctx.now() < state.startedMs + RING_MS * state.pace - 1)
          log.fail('ERR_ORACLE_WORKLOAD', 'a timer fired early', { call: state.member.id, afterMs: ctx.now() - state.startedMs })
      } else {
        if (ctx.now() < message.dueMs - 1)
          log.fail('ERR_ORACLE_WORKLOAD', 'a timer fired early', {
            call: state.member.id,
            dueMs: message.dueMs,
            nowMs: ctx.now(),
          })
        const { id } = state.member
        tellStamped<PhoneMessage>(log, id, { id: state.phoneId, ref: state.phone }, (stamp) => ({
          type: 'hang up',
          stamp,
          callId: id,
        }))
      }
      log.callEnded(state.member.id)
      ctx.stop()
    },
  },
  { balance: true },
)

export const exchange: Behaviour<Member, ExchangeMessage> = defineActor<Member, ExchangeMessage, unknown, Member>(
  import.meta.url,
  'exchange',
  {
    init(member, ctx) {
      ctx.setTimer('tick', TICK_MS, { type: 'tick', incarnation: ctx.incarnation }, { repeat: true })
      return member
    },
    receive({ run, id }, message, ctx) {
      const log = journalOf(run, CallLog)
      if (message.type === 'tick') {
        log.tick(id)
        if (message.incarnation !== ctx.incarnation)
          log.fail('ERR_ORACLE_INCARNATION', 'a timer fired at another incarnation', {
            exchange: id,
            set: message.incarnation,
            fired: ctx.incarnation,
          })
        return
      }
      log.take(message.stamp, id)
      const member = { run, id: `call-${message.call}` }
      ctx.spawn(call, { member, phone: message.phone, phoneId: message.phoneId, pace: message.pace })
      log.finish()
    },
  },
  { balance: true },
)

export const phone: Behaviour<Member, PhoneMessage> = defineActor<Member, PhoneMessage, unknown, Member>(
  import.meta.url,
  'phone',
  {
    init: (member) => member,
    receive({ run, id }, message, ctx) {
      const log = journalOf(run, CallLog)
      log.take(message.stamp, id)
      if (message.type === 'ring' && ctx.random() < ANSWER_CHANCE)
        tellStamped<CallMessage>(log, id, { id: message.callId, ref: message.call }, (stamp) => ({ type: 'answer', stamp }))
      log.finish()
    },
  },
  { balance: true },
)

/** Asks the directory, one number after the other, and crashes now and then when it has waited for one. Its own timer goes off meanwhile. */
export const subscriber: Behaviour<{ readonly member: Member; readonly directory: Directory }, SubscriberMessage> = defineActor(
  import.meta.url,
  'subscriber',
  {
    init(argument: { readonly member: Member; readonly directory: Directory }, ctx: ActorContext<SubscriberMessage>) {
      ctx.setTimer('blink', BLINK_MS, { type: 'blink', incarnation: ctx.incarnation }, { repeat: true })
      return argument
    },
    async receive({ member, directory: book }, message: SubscriberMessage, ctx) {
      const log = journalOf(member.run, CallLog)
      if (message.type === 'blink') {
        if (message.incarnation !== ctx.incarnation)
          log.fail('ERR_ORACLE_INCARNATION', 'a timer fired at another incarnation', {
            actor: member.id,
            set: message.incarnation,
            fired: ctx.incarnation,
          })
        return
      }
      log.take(message.stamp, member.id)
      await lookUp(log, book, member.id, message.number, message.number % 3 === 0)
      if (message.number % 7 === 0) throw new CambiumError('ERR_SIM_CRASH', 'subscriber has had enough', { severity: 'crash' })
      if (!isOver(ctx as unknown as ActorContext)) log.finish()
    },
  },
  { balance: true },
)

async function lookUp(log: CallLog, book: Directory, from: string, number: number, isSlow: boolean): Promise<void> {
  log.ask()
  let answer: DirectoryAnswer
  try {
    answer = await book.ask({ type: 'look up', stamp: log.stamp(from, 'directory'), number, isSlow }, ASK_OPTIONS)
  } catch (error) {
    if (!(error instanceof CambiumError) || !FORGIVEN_ASKS.has(error.code)) throw error
    log.askFailed()
    return
  }
  log.askAnswered()
  if (answer.number !== number)
    log.fail('ERR_ORACLE_WORKLOAD', 'a reply reached another asker', { from, asked: number, answered: answer.number })
}

async function telephone(sim: WorkloadWorld): Promise<void> {
  const log = new CallLog(sim.random.seed)
  const losses = countLosses(sim)
  const pace = sim.isReal === true ? REAL_PACE : 1
  const member = (id: string): Member => ({ run: log.run, id })
  const book = await spawnPatiently(sim, directory, member('directory'))
  const exchanges: { readonly id: string; readonly ref: Exchange }[] = []
  for (let i = 0; i < EXCHANGES; i += 1)
    exchanges.push({ id: `exchange-${i}`, ref: await spawnPatiently(sim, exchange, member(`exchange-${i}`)) })
  const phones: { readonly id: string; readonly ref: Phone }[] = []
  for (let i = 0; i < PHONES; i += 1)
    phones.push({ id: `phone-${i}`, ref: await spawnPatiently(sim, phone, member(`phone-${i}`)) })
  const curious = await spawnPatiently(sim, subscriber, { member: member('subscriber'), directory: book })
  const asks: Promise<void>[] = []
  for (let number = 0; number < CALLS; number += 1) {
    const at = sim.random.pick(exchanges)
    const to = sim.random.pick(phones)
    at.ref.tell({ type: 'dial', stamp: log.stamp(OUTSIDE, at.id), call: number, phone: to.ref, phoneId: to.id, pace })
    if (sim.random.chance(0.1)) asks.push(lookUp(log, book, OUTSIDE, number, sim.random.chance(0.5)))
    if (sim.random.chance(0.1)) curious.tell({ type: 'look up', stamp: log.stamp(OUTSIDE, 'subscriber'), number })
    if (sim.random.chance(0.1)) await sim.advance(sim.random.below(200) * pace)
  }
  const isRunning = await comeToRest(sim, log, losses)
  await Promise.all(asks)
  if (isRunning)
    await checkTimers(
      sim,
      log,
      exchanges.map(({ id }) => id),
      pace,
    )
  log.check()
  checkBooks(sim, log, losses)
  log.close()
}

/** Faults are off: ticks come as they should, and after the longest ring and talk no call is left. */
async function checkTimers(sim: WorkloadWorld, log: CallLog, exchanges: readonly string[], pace: number): Promise<void> {
  await sim.advance((RING_MS + TALK_MS_MAX) * pace + 1000)
  log.catchUp()
  log.ticks.clear()
  const beganMs = sim.now()
  await sim.advance(10 * TICK_MS)
  log.catchUp()
  const periods = (sim.now() - beganMs) / TICK_MS
  for (const id of exchanges) {
    const ticks = log.ticks.get(id) ?? 0
    // On a machine that others use as well a tick may be late, and its like are not made up for.
    if (ticks > Math.ceil(periods) + 1 || ticks < (sim.isReal === true ? 1 : Math.floor(periods) - 1))
      throw violation('ERR_ORACLE_WORKLOAD', 'a repeating timer does not keep its time', { exchange: id, ticks, periods })
  }
  for (const [id, context] of log.calls) {
    if (context !== undefined && !isOver(context))
      throw violation('ERR_ORACLE_WORKLOAD', 'a call never ended', { call: id, hasEnded: log.ended.has(id) })
  }
}

export const telephoneExchange: Workload = {
  name: 'telephone',
  summary: 'calls as actors with timers; every call ends, every reply reaches its asker',
  cores: 3,
  run: telephone,
}
