/**
 * Floods: storms of messages at mailboxes of a few places with each overflow policy, at slow consumers, and round circles of actors that
 * wait for each other. Checked: order, the bound of each policy, that nothing disappears, and that the circle comes apart.
 */
import { defineActor } from '@cambium/actor'
import type { ActorContext, Behaviour, OverflowPolicy, Ref } from '@cambium/actor'
import { isOver } from '../oracles/incarnations.ts'
import { violation } from '../oracles/violation.ts'
import { Journal, journalOf, OUTSIDE, tellStamped } from './journal.ts'
import type { Member, Stamp } from './journal.ts'
import { booksOf, checkBooks, comeToRest, countLosses, spawnPatiently } from './workload.ts'
import type { Workload, WorkloadWorld } from './workload.ts'

type Drain = Ref<{ readonly stamp: Stamp }>

interface Storm {
  readonly stamp: Stamp
  readonly drain: Drain
  readonly drainId: string
  readonly count: number
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

const POLICIES: readonly OverflowPolicy[] = ['backpressure', 'drop-newest', 'drop-oldest']
const CAPACITY = 6
const SPOUTS = 6
const STORMS = 40
const STORM_MAX = 60
const CIRCLE = 3
const ROUNDS = 6
const BLOB_BYTES = 9000

export const spout: Behaviour<Member, Storm> = defineActor<Member, Storm, unknown, Member>(import.meta.url, 'spout', {
  init: (member) => member,
  receive({ run, id }, { stamp, drain, drainId, count }) {
    const journal = journalOf(run, Journal)
    journal.take(stamp, id)
    for (let i = 0; i < count; i += 1) tellStamped(journal, id, { id: drainId, ref: drain }, (on) => ({ stamp: on }))
    journal.finish()
  },
})

/** Takes one message a turn, or as many as come. */
export const drain: Behaviour<
  { readonly member: Member; readonly isSlow: boolean },
  { readonly stamp: Stamp; readonly blob?: Uint8Array }
> = defineActor(import.meta.url, 'drain', {
  init: (argument: { readonly member: Member; readonly isSlow: boolean }) => argument,
  receive({ member, isSlow }, { stamp, blob }: { readonly stamp: Stamp; readonly blob?: Uint8Array }, ctx) {
    const journal = journalOf(member.run, Journal)
    journal.take(stamp, member.id)
    if (blob !== undefined && (blob.length !== BLOB_BYTES || blob.some((byte) => byte !== stamp.sequence % 256))) {
      journal.fail('ERR_ORACLE_WORKLOAD', 'a large message was changed on its way', {
        to: member.id,
        sequence: stamp.sequence,
        bytes: blob.length,
      })
    }
    if (!isSlow) {
      journal.finish()
      return undefined
    }
    return Promise.resolve().then(() => {
      if (!isOver(ctx as unknown as ActorContext)) journal.finish()
    })
  },
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
  { mailbox: { capacity: 2 } },
)

async function flood(sim: WorkloadWorld): Promise<void> {
  const journal = new Journal()
  const losses = countLosses(sim)
  const member = (id: string): Member => ({ run: journal.run, id })
  const drains: { readonly id: string; readonly ref: Drain }[] = []
  for (const overflow of POLICIES) {
    for (const isSlow of [true, false]) {
      const id = `${overflow}-${isSlow ? 'slow' : 'fast'}`
      drains.push({
        id,
        ref: await spawnPatiently(sim, drain, { member: member(id), isSlow }, { mailbox: { capacity: CAPACITY, overflow } }),
      })
    }
  }
  const spouts: { readonly id: string; readonly ref: Ref<Storm> }[] = []
  for (let i = 0; i < SPOUTS; i += 1)
    spouts.push({ id: `spout-${i}`, ref: await spawnPatiently(sim, spout, member(`spout-${i}`)) })
  const circle = await startCircle(sim, journal)
  for (let i = 0; i < STORMS; i += 1) {
    const from = sim.random.pick(spouts)
    const to = sim.random.pick(drains)
    from.ref.tell({
      stamp: journal.stamp(OUTSIDE, from.id),
      drain: to.ref,
      drainId: to.id,
      count: 1 + sim.random.below(STORM_MAX),
    })
    if (sim.random.chance(0.2)) tellDirectly(sim, journal, sim.random.pick(drains))
    if (sim.random.chance(0.2)) circle.ref.tell({ stamp: journal.stamp(OUTSIDE, circle.id), left: ROUNDS })
    if (sim.random.chance(0.2)) await sim.advance(sim.random.below(20))
  }
  await comeToRest(sim, journal, losses)
  checkBooks(sim, journal, losses)
  const { dead, deadTotal, queued } = booksOf(sim)
  const lost = journal.told - journal.taken
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

/** From outside: plainly, if there is room, or a large one that travels in fragments. */
function tellDirectly(sim: WorkloadWorld, journal: Journal, { id, ref }: { readonly id: string; readonly ref: Drain }): void {
  const stamp = journal.stamp(OUTSIDE, id)
  if (sim.random.chance(0.5)) {
    ref.tell({ stamp, blob: new Uint8Array(BLOB_BYTES).fill(stamp.sequence % 256) } as { readonly stamp: Stamp })
    return
  }
  if (ref.trySend({ stamp }) !== 'sent') journal.untold()
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
  summary: 'storms at tiny mailboxes of every policy, slow consumers, waiting circles, large messages',
  cores: 3,
  options: { outboxCapacity: 512, sendTimeoutMs: 1500, ringBytes: 8192 },
  run: flood,
}
