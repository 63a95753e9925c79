/**
 * A region: the one who knows who waits for which of its tiles. It answers from the cache of its core, colours a field that lies there anew, or
 * has the tile drawn by the pool; once, whoever waits for it, and in the colours of all of them.
 *
 * 1. A request waits until its tile is drawn or cannot be, until it is cancelled, or until its deadline.
 * 2. A tile for which nobody waits any more is withdrawn from the pool.
 * 3. A tile whose job was too late is asked for again as long as somebody with a later deadline waits.
 * 4. Once a second, while anybody waits: who is past his deadline waits no longer, and what is waited for is asked for again. The pool, which has it
 *    already, takes no notice; one that has lost its memory learns of it.
 * 5. After a crash of the region nobody waits: the runtime tells those who did, and their requests come again. What the pool has in hand for it
 *    is drawn all the same, and goes to the cache.
 */
import { defineActor } from 'cambium'
import type { ActorContext, Behaviour, Ref } from 'cambium'
import { nowMs } from './clock.ts'
import { failOnPurpose } from './drill.ts'
import type { CacheMessage, DeskMessage, Field, Found, PictureOutcome, PictureRequest, RegionMessage } from './protocol.ts'
import { pictureKey, tileKey } from './tile-address.ts'
import type { Picture } from './tile-address.ts'
import { encodePicture } from './tile-image.ts'

export interface RegionArgument {
  readonly desk: Ref<DeskMessage>
  /** By core; a region has that of its own. */
  readonly caches: readonly (Ref<CacheMessage> | undefined)[]
}

interface Waiter {
  readonly ticket: number
  readonly picture: Picture
  readonly deadlineMs: number
  readonly reply: (outcome: PictureOutcome) => void
}

interface State {
  readonly desk: Ref<DeskMessage>
  readonly cache: Ref<CacheMessage>
  readonly core: number
  readonly self: Ref<RegionMessage>
  /** By tile, then by ticket. */
  readonly waiting: Map<string, Map<number, Waiter>>
  readonly tileOf: Map<number, string>
}

/** Requests that may wait at one region. */
const WAITERS_MAX = 512
const MAILBOX_CAPACITY = 64
const LOOK_INTERVAL_MS = 1000

export const region: Behaviour<RegionArgument, RegionMessage> = defineActor<RegionArgument, RegionMessage, unknown, State>(
  import.meta.url,
  'region',
  {
    init({ desk, caches }, { core, self }) {
      const cache = caches[core]
      if (cache === undefined) throw new Error(`core has no cache: core=${core}`)
      return { desk, cache, core, self, waiting: new Map(), tileOf: new Map() }
    },

    receive(state, message, context) {
      switch (message.type) {
        case 'picture':
          return requested(state, message, context)
        case 'cancel':
          cancelled(state, message.ticket)
          break
        case 'drawn':
          drawn(state, message)
          break
        case 'undrawn':
          undrawn(state, message)
          break
        case 'look':
          look(state, context)
          break
        case 'drill':
          return failOnPurpose(message)
      }
    },
  },
  { mailbox: { capacity: MAILBOX_CAPACITY } },
)

async function requested(state: State, request: PictureRequest, context: ActorContext<RegionMessage>): Promise<void> {
  const { picture, deadlineMs } = request
  const tile = tileKey(picture.tile)
  if (nowMs() >= deadlineMs) {
    context.reply({ kind: 'late' })
    return
  }
  if (!state.waiting.has(tile)) {
    const found = await find(state, tile, picture)
    if (found !== undefined) {
      const isPicture = 'png' in found
      const png = isPicture ? found.png : recolour(state, picture, found)
      context.reply({ kind: 'picture', png, core: found.core, source: isPicture ? 'cache' : 'recoloured' })
      return
    }
  }
  if (state.tileOf.size >= WAITERS_MAX) {
    context.reply({ kind: 'busy' })
    return
  }
  let waiters = state.waiting.get(tile)
  if (waiters === undefined) {
    waiters = new Map()
    state.waiting.set(tile, waiters)
    order(state, picture, deadlineMs)
  }
  if (state.tileOf.size === 0) context.setTimer('look', LOOK_INTERVAL_MS, { type: 'look' })
  waiters.set(request.ticket, { ticket: request.ticket, picture, deadlineMs, reply: context.deferReply() })
  state.tileOf.set(request.ticket, tile)
}

/** A cache that fails has nothing. */
function find({ cache }: State, tile: string, picture: Picture): Promise<Found> {
  return cache.ask({ type: 'find', tile, picture: pictureKey(picture) }).catch(() => undefined)
}

function recolour({ cache }: State, picture: Picture, { field, core }: Field): Uint8Array {
  const png = encodePicture(field, picture.palette)
  cache.tell({ type: 'keep', picture: pictureKey(picture), png, core })
  return png
}

function order({ desk, self, core }: State, picture: Picture, deadlineMs: number): void {
  desk.tell({ type: 'draw', job: { id: tileKey(picture.tile), picture, deadlineMs, region: self, home: core } })
}

/** Rule 2. */
function cancelled(state: State, ticket: number): void {
  const tile = state.tileOf.get(ticket)
  const waiters = tile === undefined ? undefined : state.waiting.get(tile)
  if (tile === undefined || waiters === undefined) return // answered meanwhile
  waiters.get(ticket)?.reply({ kind: 'cancelled' })
  waiters.delete(ticket)
  state.tileOf.delete(ticket)
  if (waiters.size > 0) return
  state.waiting.delete(tile)
  state.desk.tell({ type: 'withdraw', id: tile })
}

function drawn(state: State, { picture, core, field, png }: Extract<RegionMessage, { type: 'drawn' }>): void {
  const tile = tileKey(picture.tile)
  state.cache.tell({ type: 'keep', tile, field, core })
  state.cache.tell({ type: 'keep', picture: pictureKey(picture), png, core })
  const pngs = new Map([[picture.palette, png]])
  for (const waiter of takeWaiters(state, tile)) {
    const { palette } = waiter.picture
    const own = pngs.get(palette) ?? recolour(state, waiter.picture, { field, core })
    pngs.set(palette, own)
    waiter.reply({ kind: 'picture', png: own, core, source: 'drawn' })
  }
}

function undrawn(state: State, { tile, why, detail }: Extract<RegionMessage, { type: 'undrawn' }>): void {
  const key = tileKey(tile)
  const now = nowMs()
  const left: Waiter[] = []
  for (const waiter of takeWaiters(state, key)) {
    if (why === 'late' && waiter.deadlineMs > now) left.push(waiter)
    else waiter.reply(why === 'failed' ? { kind: 'failed', detail } : { kind: why })
  }
  waitOn(state, key, left)
}

/** Rule 4. */
function look(state: State, context: ActorContext<RegionMessage>): void {
  const now = nowMs()
  for (const [tile, waiters] of state.waiting) {
    for (const { ticket, deadlineMs, reply } of waiters.values()) {
      if (deadlineMs > now) continue
      reply({ kind: 'late' })
      waiters.delete(ticket)
      state.tileOf.delete(ticket)
    }
    const [first] = waiters.values()
    if (first === undefined) {
      state.waiting.delete(tile)
      state.desk.tell({ type: 'withdraw', id: tile })
    } else order(state, first.picture, latestOf([...waiters.values()]))
  }
  if (state.tileOf.size > 0) context.setTimer('look', LOOK_INTERVAL_MS, { type: 'look' })
}

function latestOf(waiters: readonly Waiter[]): number {
  return Math.max(...waiters.map(({ deadlineMs }) => deadlineMs))
}

/** Rule 3. */
function waitOn(state: State, tile: string, waiters: readonly Waiter[]): void {
  const [first] = waiters
  if (first === undefined) return
  state.waiting.set(tile, new Map(waiters.map((waiter) => [waiter.ticket, waiter])))
  for (const { ticket } of waiters) state.tileOf.set(ticket, tile)
  order(state, first.picture, latestOf(waiters))
}

function takeWaiters(state: State, tile: string): Waiter[] {
  const waiters = [...(state.waiting.get(tile)?.values() ?? [])]
  state.waiting.delete(tile)
  for (const { ticket } of waiters) state.tileOf.delete(ticket)
  return waiters
}
