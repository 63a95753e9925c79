/**
 * A pipeline: sources, stages and a slow sink, mailboxes of a few messages, over cores. Checked: order from each source to the sink, and that
 * backpressure reaches the source: what is under way stays within what mailboxes, outboxes and rings hold together.
 */
import { defineActor } from '@cambium/actor'
import type { ActorContext, Behaviour, Ref } from '@cambium/actor'
import { sameAddress } from '@cambium/base'
import { isOver } from '../oracles/incarnations.ts'
import { violation } from '../oracles/violation.ts'
import { Journal, journalOf, OUTSIDE, tellStamped } from './journal.ts'
import type { Member, Stamp } from './journal.ts'
import { booksOf, checkBooks, comeToRest, countLosses, spawnPatiently } from './workload.ts'
import type { Workload, WorkloadWorld } from './workload.ts'

interface Item {
  readonly stamp: Stamp
  readonly source: string
  readonly number: number
}
type Stage = Ref<Item>

interface NextStage {
  readonly member: Member
  readonly next: Stage
  readonly nextId: string
}

const SOURCES = 4
const STAGES = 4
const ITEMS = 400
const BATCH = 20
const CAPACITY = 4
const OUTBOX = 64
const RING_BYTES = 4096
/** No item takes fewer bytes of a ring. */
const ITEM_BYTES_MIN = 40

class Line extends Journal {
  emitted = 0
  sunkCount = 0
  readonly #lastSunk = new Map<string, number>()

  /** Answers the item's number: higher than those before. */
  emit(): number {
    this.emitted += 1
    return this.emitted
  }

  sink(source: string, number: number): void {
    const last = this.#lastSunk.get(source) ?? 0
    if (number <= last) this.fail('ERR_ORACLE_ORDER', 'items of one source came out of order', { source, number, last })
    this.#lastSunk.set(source, number)
    this.sunkCount += 1
  }
}

/** Emits a batch for each message that it sends to itself. */
export const source: Behaviour<NextStage, { readonly stamp: Stamp; readonly left: number }> = defineActor(
  import.meta.url,
  'source',
  {
    init: (argument: NextStage) => argument,
    receive({ member, next, nextId }, { stamp, left }: { readonly stamp: Stamp; readonly left: number }, ctx) {
      const line = journalOf(member.run, Line)
      line.take(stamp, member.id)
      for (let i = 0; i < Math.min(BATCH, left); i += 1) {
        const number = line.emit()
        tellStamped(line, member.id, { id: nextId, ref: next }, (on) => ({ stamp: on, source: member.id, number }))
      }
      if (left > BATCH) ctx.self.tell({ stamp: line.stamp(member.id, member.id), left: left - BATCH })
      line.finish()
    },
  },
  { balance: true },
)

export const stage: Behaviour<NextStage, Item> = defineActor(
  import.meta.url,
  'stage',
  {
    init: (argument: NextStage) => argument,
    receive({ member, next, nextId }, { stamp, source: from, number }: Item) {
      const line = journalOf(member.run, Line)
      line.take(stamp, member.id)
      tellStamped(line, member.id, { id: nextId, ref: next }, (on) => ({ stamp: on, source: from, number }))
      line.finish()
    },
  },
  { mailbox: { capacity: CAPACITY }, balance: true },
)

/** Takes one item a turn: its handler is asynchronous. */
export const sink: Behaviour<Member, Item> = defineActor(
  import.meta.url,
  'sink',
  {
    init: (member: Member) => member,
    async receive({ run, id }, { stamp, source: from, number }: Item, ctx) {
      const line = journalOf(run, Line)
      line.take(stamp, id)
      line.sink(from, number)
      await Promise.resolve()
      if (!isOver(ctx as unknown as ActorContext)) line.finish()
    },
  },
  { mailbox: { capacity: CAPACITY }, balance: true },
)

/** What is at most under way from core to core, or within one. To an actor that is away its home is a stage of its own: all that it passes on is charged to it. */
function leg(isLocal: boolean): number {
  return CAPACITY + OUTBOX + (isLocal ? 0 : RING_BYTES / ITEM_BYTES_MIN)
}

async function pipe(sim: WorkloadWorld): Promise<void> {
  const line = new Line(sim.random.seed)
  const losses = countLosses(sim)
  const member = (id: string): Member => ({ run: line.run, id })
  const pairs: { readonly from: string; readonly to: string; readonly isLocal: boolean }[] = []
  const stages: { readonly id: string; readonly ref: Stage }[] = []
  const ends: { readonly id: string; readonly ref: Ref<{ readonly stamp: Stamp; readonly left: number }> }[] = []
  /** Those that have ever been on another core than their own. */
  const moved = new Set<string>()
  sim.system.events.on('actor_moved', ({ actor }) => {
    const each = [...stages, ...ends].find(({ ref }) => sameAddress(ref, actor))
    if (each !== undefined) moved.add(each.id)
  })
  const last = { id: 'sink', ref: await spawnPatiently<Member, Item, unknown>(sim, sink, member('sink')) }
  stages.push(last)
  for (let i = 0; i < SOURCES; i += 1) {
    let next = last
    const place = i === 0 ? { core: 1 } : {} // one line lies on one core
    for (let s = STAGES - 1; s >= 0; s -= 1) {
      const id = `stage-${i}-${s}`
      const ref = await spawnPatiently(sim, stage, { member: member(id), next: next.ref, nextId: next.id }, place)
      pairs.push({ from: id, to: next.id, isLocal: ref.core === next.ref.core })
      next = { id, ref }
      stages.push(next)
    }
    const id = `source-${i}`
    const ref = await spawnPatiently(sim, source, { member: member(id), next: next.ref, nextId: next.id }, place)
    pairs.push({ from: id, to: next.id, isLocal: ref.core === next.ref.core })
    ends.push({ id, ref })
  }
  for (const { id, ref } of ends) ref.tell({ stamp: line.stamp(OUTSIDE, id), left: ITEMS })
  await sim.advance(sim.random.below(100))
  await comeToRest(sim, line, losses)
  checkBooks(sim, line, losses)
  const { dead, deadTotal } = booksOf(sim)
  if (dead.send_timeout > 0)
    throw violation('ERR_ORACLE_WORKLOAD', 'items waited for room that was there', { dead: dead.send_timeout })
  if (line.emitted - line.sunkCount > deadTotal)
    throw violation('ERR_ORACLE_WORKLOAD', 'items are missing that no dead letter carried', {
      emitted: line.emitted,
      sunk: line.sunkCount,
      dead: deadTotal,
    })
  if (deadTotal === 0 && line.sunkCount !== SOURCES * ITEMS)
    throw violation('ERR_ORACLE_WORKLOAD', 'items are missing', { expected: SOURCES * ITEMS, sunk: line.sunkCount })
  // Of a stage that is on its way back after the death of its core nobody knows the capacity.
  if (deadTotal === 0 && losses.deaths === 0) {
    for (const { from, to, isLocal } of pairs) {
      const bound = BATCH + leg(isLocal && !moved.has(from) && !moved.has(to)) + (moved.has(to) ? leg(false) : 0)
      const found = line.aheadMax(from, to)
      if (found > bound)
        throw violation('ERR_ORACLE_MAILBOX', 'backpressure did not reach the sender', {
          from,
          to,
          isLocal,
          underWay: found,
          bound,
        })
    }
  }
  line.close()
}

export const pipeline: Workload = {
  name: 'pipeline',
  summary: 'sources, stages and a slow sink with tiny mailboxes; order and backpressure',
  cores: 3,
  options: { outboxCapacity: OUTBOX, sendTimeoutMs: 20_000, ringBytes: RING_BYTES },
  run: pipe,
}
