/**
 * Priority floods: storms of messages of every priority at mailboxes of a few places with each overflow policy, at slow consumers, and round circles of
 * actors that wait for each other. Some priorities are given by the sender, some told by the receiver. Checked: order within a priority, what each policy
 * drops and what it refuses, that nothing disappears, and that the circle comes apart; order by priority is for the oracles that always run.
 */
import { defineActor } from '@cambium/actor'
import type { ActorContext, Behaviour, DeadLetter, OverflowPolicy, Priority, Ref } from '@cambium/actor'
import { CambiumError, sameAddress } from '@cambium/base'
import { isOver } from '../oracles/incarnations.ts'
import { violation } from '../oracles/violation.ts'
import { Journal, journalOf, OUTSIDE, tellStamped } from './journal.ts'
import type { Member, Stamp } from './journal.ts'
import {
  ASK_OPTIONS,
  booksOf,
  checkBooks,
  comeToRest,
  countLosses,
  FORGIVEN_ASKS,
  spawnPatiently,
  untilHandled,
} from './workload.ts'
import type { Workload, WorkloadWorld } from './workload.ts'

interface Drop {
  readonly stamp: Stamp
  readonly urgency: Priority
  /** The sender has given it that priority; else the receiver may. */
  readonly isGiven: boolean
  readonly blob?: Uint8Array
}

type DrainRef = Ref<Drop, number>

interface Drain {
  readonly id: string
  readonly ref: DrainRef
  readonly overflow: OverflowPolicy
  /** It tells the priority of what was sent without. */
  readonly isSorter: boolean
}

interface Pour {
  readonly stamp: Stamp
  readonly drain: DrainRef
  readonly drainId: string
  readonly count: number
  /** In turn. */
  readonly urgencies: readonly Priority[]
}

interface Draining {
  readonly member: Member
  readonly isSlow: boolean
}

interface Round {
  readonly stamp: Stamp
  readonly left: number
}
interface Introduction {
  readonly stamp: Stamp
  readonly next: Ref<Round>
}
interface Neighbour {
  readonly member: Member
  readonly next: Ref<Round> | undefined
  readonly nextId: string
}

const POLICIES: readonly OverflowPolicy[] = ['backpressure', 'drop-newest', 'drop-oldest', 'shed-low', 'fail']
const URGENCIES: readonly Priority[] = ['high', 'normal', 'low']
const CAPACITY = 6
const SPOUTS = 6
const POURS = 40
const POUR_MAX = 48
const PATTERN_MAX = 8
const CIRCLE = 3
const ROUNDS = 6
const BLOB_BYTES = 9000

export const spout: Behaviour<Member, Pour> = defineActor<Member, Pour, unknown, Member>(
  import.meta.url,
  'spout',
  {
    init: (member) => member,
    receive({ run, id }, { stamp, drain: ref, drainId, count, urgencies }) {
      const journal = journalOf(run, Journal)
      journal.take(stamp, id)
      for (let i = 0; i < count; i += 1) {
        const urgency = urgencies[i % urgencies.length] as Priority
        const isGiven = i % 2 === 0
        tellStamped(journal, id, { id: drainId, ref }, (on) => ({ stamp: on, urgency, isGiven }), {
          lane: laneOf(urgency, isGiven),
          ...(isGiven ? { priority: urgency } : {}),
        })
      }
      journal.finish()
    },
  },
  { balance: true },
)

const drainProgram = {
  init: (argument: Draining): Draining => argument,
  receive({ member, isSlow }: Draining, { stamp, blob }: Drop, ctx: ActorContext<Drop, number>): undefined | Promise<undefined> {
    const journal = journalOf(member.run, Journal)
    journal.take(stamp, member.id)
    if (blob !== undefined && (blob.length !== BLOB_BYTES || blob.some((byte) => byte !== stamp.sequence % 256))) {
      journal.fail('ERR_ORACLE_WORKLOAD', 'a large message was changed on its way', {
        to: member.id,
        sequence: stamp.sequence,
        bytes: blob.length,
      })
    }
    if (ctx.isAsked) {
      journal.answering()
      ctx.reply(stamp.sequence)
    }
    if (!isSlow) {
      journal.finish()
      return undefined
    }
    return Promise.resolve().then(() => {
      if (!isOver(ctx as unknown as ActorContext)) journal.finish()
      return undefined
    })
  },
}

/** Takes one message a turn, or as many as come. */
export const drain: Behaviour<Draining, Drop, number> = defineActor(import.meta.url, 'drain', drainProgram, { balance: true })

/** The same, and says how urgent is what nobody else said that of. */
export const sorter: Behaviour<Draining, Drop, number> = defineActor(import.meta.url, 'sorter', drainProgram, {
  mailbox: { priority: ({ urgency }: Drop) => urgency },
  balance: true,
})

/** Tells its neighbour twice for each message: with tiny mailboxes round a circle, all of them soon wait. */
export const waiter: Behaviour<Neighbour, Round | Introduction> = defineActor(
  import.meta.url,
  'waiter',
  {
    init: (neighbour: Neighbour) => neighbour,
    receive(neighbour, message: Round | Introduction) {
      const journal = journalOf(neighbour.member.run, Journal)
      journal.take(message.stamp, neighbour.member.id)
      if ('next' in message) {
        journal.finish()
        return { ...neighbour, next: message.next }
      }
      const { next, nextId } = neighbour
      for (let i = 0; i < 2 && message.left > 0 && next !== undefined; i += 1) {
        tellStamped(journal, neighbour.member.id, { id: nextId, ref: next }, (stamp) => ({ stamp, left: message.left - 1 }))
      }
      journal.finish()
      return undefined
    },
  },
  { mailbox: { capacity: 2 }, balance: true },
)

async function flood(sim: WorkloadWorld): Promise<void> {
  const journal = new Journal(sim.random.seed)
  const losses = countLosses(sim)
  const member = (id: string): Member => ({ run: journal.run, id })
  const drains: Drain[] = []
  for (const overflow of POLICIES) {
    for (const kind of ['slow', 'fast', 'slow-sorter'] as const) {
      const id = `${overflow}-${kind}`
      const [isSlow, isSorter] = [kind !== 'fast', kind === 'slow-sorter']
      const argument = { member: member(id), isSlow }
      const options = { mailbox: { capacity: CAPACITY, overflow } }
      drains.push({ id, ref: await spawnPatiently(sim, isSorter ? sorter : drain, argument, options), overflow, isSorter })
    }
  }
  sim.system.events.on('dead_letter', (letter) => {
    checkDrop(journal, drains, letter)
  })
  const spouts: { readonly id: string; readonly ref: Ref<Pour> }[] = []
  for (let i = 0; i < SPOUTS; i += 1)
    spouts.push({ id: `spout-${i}`, ref: await spawnPatiently(sim, spout, member(`spout-${i}`)) })
  const circle = await startCircle(sim, journal)
  const waits: Promise<void>[] = []
  for (let i = 0; i < POURS; i += 1) {
    const from = sim.random.pick(spouts)
    const to = sim.random.pick(drains)
    const urgencies = Array.from({ length: 1 + sim.random.below(PATTERN_MAX) }, () => sim.random.pick(URGENCIES))
    const count = 1 + sim.random.below(POUR_MAX)
    from.ref.tell({ stamp: journal.stamp(OUTSIDE, from.id), drain: to.ref, drainId: to.id, count, urgencies })
    if (sim.random.chance(0.3)) waits.push(tellDirectly(sim, journal, sim.random.pick(drains)))
    if (sim.random.chance(0.2)) circle.ref.tell({ stamp: journal.stamp(OUTSIDE, circle.id), left: ROUNDS })
    if (sim.random.chance(0.2)) await sim.advance(sim.random.below(20))
  }
  await comeToRest(sim, journal, losses)
  await Promise.all(waits)
  await untilHandled(sim)
  journal.check()
  checkBooks(sim, journal, losses)
  const { dead, deadTotal, queued } = booksOf(sim)
  const lost = journal.told - journal.taken - journal.answered
  if (lost > deadTotal + losses.deaths)
    throw violation('ERR_ORACLE_WORKLOAD', 'messages are missing that no dead letter stands for', {
      lost,
      dead: deadTotal,
      queued,
    })
  if (dead.overflow === 0 && dead.send_timeout === 0 && deadTotal === 0 && lost > 0)
    throw violation('ERR_ORACLE_WORKLOAD', 'messages are missing', { lost })
  journal.close()
}

/** Messages of one lane have one priority, whoever receives them. */
function laneOf(urgency: Priority, isGiven: boolean): string {
  return `${isGiven ? 'given' : 'said'} ${urgency}`
}

/** From outside: if there is room, when there is room, with an answer, or a large one that travels in fragments. */
async function tellDirectly(sim: WorkloadWorld, journal: Journal, to: Drain): Promise<void> {
  const urgency = sim.random.pick(URGENCIES)
  const isGiven = sim.random.chance(0.5)
  const stamp = journal.stamp(OUTSIDE, to.id, laneOf(urgency, isGiven))
  const message: Drop = { stamp, urgency, isGiven }
  const options = isGiven ? { priority: urgency } : {}
  const way = sim.random.below(4)
  if (way === 0) to.ref.tell({ ...message, blob: new Uint8Array(BLOB_BYTES).fill(stamp.sequence % 256) }, options)
  else if (way === 1) {
    if (to.ref.trySend(message, options) !== 'sent') journal.untold()
  } else if (way === 2) {
    await to.ref.send(message, options).catch((error: unknown) => {
      checkRefusal(to, error)
      journal.untold()
    })
  } else {
    journal.ask()
    await to.ref.ask(message, { ...ASK_OPTIONS, ...options }).then(
      () => {
        journal.askAnswered()
      },
      (error: unknown) => {
        checkRefusal(to, error)
        journal.askFailed()
      },
    )
  }
}

/** Whoever waits is told of a full mailbox only where it drops or fails. */
function checkRefusal({ id, overflow }: Drain, error: unknown): void {
  if (!(error instanceof CambiumError) || !FORGIVEN_ASKS.has(error.code)) throw error
  if (error.code === 'ERR_MAILBOX_FULL' && overflow === 'backpressure')
    throw violation('ERR_ORACLE_WORKLOAD', 'a mailbox with backpressure refused a message', { to: id })
}

/** What a policy has dropped. A dead letter may come without its message. */
function checkDrop(journal: Journal, drains: readonly Drain[], { reason, target, message }: DeadLetter): void {
  if (reason !== 'overflow' && reason !== 'shed') return
  const to = drains.find(({ ref }) => sameAddress(ref, target))
  if (to === undefined || (message !== undefined && !isDrop(message))) return
  const { id, overflow, isSorter } = to
  const priority = message === undefined ? 'unknown' : message.isGiven || isSorter ? message.urgency : 'normal'
  const mayDrop = overflow !== 'backpressure' && (reason === 'shed') === (overflow === 'shed-low')
  if (!mayDrop || (reason === 'shed' && priority !== 'low' && priority !== 'unknown'))
    journal.fail('ERR_ORACLE_WORKLOAD', 'a mailbox dropped what its policy is to keep', { to: id, reason, priority })
}

/** Storms of the simulator are none. */
function isDrop(message: unknown): message is Drop {
  return typeof message === 'object' && message !== null && 'urgency' in message && 'isGiven' in message
}

async function startCircle(sim: WorkloadWorld, journal: Journal): Promise<{ readonly id: string; readonly ref: Ref<Round> }> {
  const idOf = (i: number): string => `waiter-${i % CIRCLE}`
  const refs: Ref<Round | Introduction>[] = []
  let next: Ref<Round> | undefined
  for (let i = CIRCLE - 1; i >= 0; i -= 1) {
    const ref = await spawnPatiently(sim, waiter, { member: { run: journal.run, id: idOf(i) }, next, nextId: idOf(i + 1) })
    refs.push(ref)
    next = ref
  }
  // The last one of the circle learns of the first. A restart forgets it again, which opens the circle.
  refs[0]?.tell({ stamp: journal.stamp(OUTSIDE, idOf(CIRCLE - 1)), next: next as Ref<Round> })
  return { id: idOf(0), ref: next as Ref<Round> }
}

export const floods: Workload = {
  name: 'floods',
  summary: 'floods of every priority at tiny mailboxes of every policy, slow consumers, waiting circles, large messages',
  cores: 3,
  options: { outboxCapacity: 512, sendTimeoutMs: 1500, ringBytes: 8192 },
  run: flood,
}
