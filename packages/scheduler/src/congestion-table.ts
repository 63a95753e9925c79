/**
 * What a core tells in shared memory of its full mailboxes: one word for each bucket of slots (ARCHITECTURE.md, Sending).
 *
 *   0                    none is full
 *   bit 0  CONGESTED     one is; senders hold their messages back
 *   bit 1  HIGH_FULL     it is full of messages of high priority too; else those may still come
 *   bit 2  SHEDS         it sheds messages of low priority: they may come, and be dropped there
 *   bit 3  FAILS         it takes nothing and holds nobody back: whatever comes is refused there
 *   bit 4  MANY          more than one is full, whose kinds are not told: all are treated as if they held everything back
 *   bit 5  HAS_LOW       it holds some of them, which give way to whatever comes
 *   bits 8 …             the full one's slot without the bits that its bucket tells
 *
 * Only the core itself writes its table, by Atomics.store; what it knows of each bucket besides is its own.
 */
import { HIGH, LOW } from '@cambium/actor'
import type { ActorCell } from './actor-cell.ts'
import { CONGESTION_BUCKETS } from './system-memory.ts'

const BUCKET_MASK = CONGESTION_BUCKETS - 1
const BUCKET_BITS = 31 - Math.clz32(CONGESTION_BUCKETS)

const CONGESTED = 1
const HIGH_FULL = 2
const SHEDS = 4
const FAILS = 8
const MANY = 16
const HAS_LOW = 32
const SLOT_SHIFT = 8

/** The owner's side. */
export class CongestionTable {
  /** By bucket; those that have any. */
  readonly #full = new Map<number, ActorCell[]>()
  readonly #words: () => Int32Array

  constructor(words: () => Int32Array) {
    this.#words = words
  }

  add(cell: ActorCell): void {
    const bucket = cell.slot & BUCKET_MASK
    const cells = this.#full.get(bucket)
    if (cells === undefined) this.#full.set(bucket, [cell])
    else cells.push(cell)
    this.publish(cell)
  }

  remove(cell: ActorCell): void {
    const bucket = cell.slot & BUCKET_MASK
    const left = (this.#full.get(bucket) ?? []).filter((each) => each !== cell)
    if (left.length === 0) this.#full.delete(bucket)
    else this.#full.set(bucket, left)
    this.publish(cell)
  }

  /** Something about a full mailbox has changed. */
  publish(cell: ActorCell): void {
    const bucket = cell.slot & BUCKET_MASK
    const cells = this.#full.get(bucket) ?? []
    const only = cells[0]
    Atomics.store(this.#words(), bucket, only === undefined ? 0 : cells.length > 1 ? CONGESTED | MANY : wordOf(only))
  }
}

function wordOf(cell: ActorCell): number {
  return (
    CONGESTED |
    (cell.isHighFull ? HIGH_FULL : 0) |
    (cell.overflow === 'shed-low' ? SHEDS : 0) |
    (cell.hasLow ? HAS_LOW : 0) |
    (cell.overflow === 'fail' ? FAILS : 0) |
    ((cell.slot >>> BUCKET_BITS) << SLOT_SHIFT)
  )
}

/** Whether a sender that read `word` for `slot` holds back a message of this priority. */
export function holdsBack(word: number, slot: number, priority: number): boolean {
  if (word === 0) return false
  if (!isAbout(word, slot)) return true
  if ((word & FAILS) !== 0) return false
  if (priority === HIGH) return (word & HIGH_FULL) !== 0
  return (word & (priority === LOW ? SHEDS : HAS_LOW)) === 0
}

/** Whether the mailbox of `slot` refuses what is sent to it now. */
export function refuses(word: number, slot: number): boolean {
  return (word & FAILS) !== 0 && isAbout(word, slot)
}

/** Whether a `trySend` that read `word` says that the mailbox is full. */
export function saysFull(word: number, slot: number, priority: number): boolean {
  if (word === 0) return false
  return priority === LOW || holdsBack(word, slot, priority) || refuses(word, slot)
}

function isAbout(word: number, slot: number): boolean {
  return (word & MANY) === 0 && word >>> SLOT_SHIFT === slot >>> BUCKET_BITS
}

/** What the table would say of one actor of this very core. */
export function localWord(cell: ActorCell | undefined): number {
  return cell?.isCongested === true ? wordOf(cell) : 0
}
