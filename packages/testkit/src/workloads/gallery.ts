/**
 * A gallery: pictures go from painter to painter by reference, some in shared memory, some in memory that is moved, while painters
 * move too. What each painter has for itself, its palette, is shared memory that goes with it. Checked: every picture that comes is
 * whole and the one that it says, and comes to each painter of its way once; one that is missing is a dead letter; in the end no core
 * keeps any of them.
 */
import { defineActor } from '@cambium/actor'
import type { Behaviour, Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import { share, transfer } from '@cambium/codec'
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
  moveSomewhere,
  spawnPatiently,
} from './workload.ts'
import type { Workload, WorkloadWorld } from './workload.ts'

type Painter = Ref<GalleryMessage, Int32Array>

interface Stop {
  readonly id: string
  readonly ref: Painter
}

/** `pixels`: the number of the picture in every word, but for the count of strokes in the second. */
interface Picture {
  readonly number: number
  readonly pixels: Int32Array
}

type GalleryMessage =
  /** `way`: the painters that follow; `hop`: those that had it before. */
  | ({ readonly type: 'paint'; readonly stamp: Stamp; readonly hop: number; readonly way: readonly Stop[] } & Picture)
  | ({ readonly type: 'retouch'; readonly stamp: Stamp } & Picture)

interface Studio {
  readonly member: Member
  /** Counts its strokes. */
  readonly palette: Int32Array
}

type Kind = 'shared' | 'moved'

const PAINTERS = 8
const PICTURES = 240
const HOPS_MAX = 5
const RETOUCHED = 0.15
const MOVES = 0.1
const SHARED_BYTES = 4096
/** Smaller ones are copied. */
const MOVED_BYTES = 32 * 1024
const STROKES = 1
/** A way for what is moved, or a core, may have died. */
const FORGIVEN: ReadonlySet<string> = new Set([...FORGIVEN_ASKS, 'ERR_SHARE_LOST'])
/** A core looks so often for what has been taken, and a little longer. */
const LOOK_MS = 200

/** What became of the pictures. */
class Catalogue extends Journal {
  /** By picture: painters that have had it. */
  readonly strokes = new Map<number, number>()
  readonly strokesOf = new Map<string, number>()
  hung = 0
  /** Pictures that their sender still had when they were on their way. */
  undetached = 0

  paint(number: number, hop: number, painter: string): void {
    const strokes = this.strokes.get(number) ?? 0
    if (strokes !== hop)
      this.fail('ERR_ORACLE_WORKLOAD', 'a picture came twice, or out of turn', { number, painter, hop, strokes })
    this.strokes.set(number, strokes + 1)
    this.retouch(painter)
  }

  retouch(painter: string): void {
    this.strokesOf.set(painter, (this.strokesOf.get(painter) ?? 0) + 1)
  }

  hang(): void {
    this.hung += 1
  }

  keptMoved(): void {
    this.undetached += 1
  }

  spoilt(number: number, where: string, found: number): void {
    this.fail('ERR_ORACLE_WORKLOAD', 'a picture is not the one that it says, or not whole', { number, where, found })
  }
}

function createPicture(number: number, kind: Kind): Picture {
  const pixels: Int32Array =
    kind === 'shared' ? share(new Int32Array(new SharedArrayBuffer(SHARED_BYTES))) : new Int32Array(MOVED_BYTES / 4)
  pixels.fill(number)
  pixels[STROKES] = 0
  return { number, pixels }
}

/** Marks what is to be moved for its next way. */
function sendable(pixels: Int32Array): Int32Array {
  return pixels.buffer instanceof SharedArrayBuffer ? pixels : transfer(pixels as Int32Array<ArrayBuffer>)
}

/** Looks at some of its words. */
function check(catalogue: Catalogue, { number, pixels }: Picture, where: string): void {
  const { length } = pixels
  if (length * 4 !== SHARED_BYTES && length * 4 !== MOVED_BYTES) catalogue.spoilt(number, where, length)
  for (let at = 0; at < length; at += at === 0 ? 2 : 509)
    if (pixels[at] !== number) catalogue.spoilt(number, where, pixels[at] as number)
  if (pixels[length - 1] !== number) catalogue.spoilt(number, where, pixels[length - 1] as number)
}

export const painter: Behaviour<Studio, GalleryMessage, Int32Array> = defineActor<Studio, GalleryMessage, Int32Array, Studio>(
  import.meta.url,
  'painter',
  {
    init: (studio) => studio,
    receive({ member: { run, id }, palette }, message, ctx) {
      const catalogue = journalOf(run, Catalogue)
      catalogue.take(message.stamp, id)
      const { number, pixels } = message
      check(catalogue, message, id)
      if (message.type === 'paint') catalogue.paint(number, message.hop, id)
      else catalogue.retouch(id)
      Atomics.add(palette, 0, 1)
      Atomics.add(pixels, STROKES, 1)
      if (message.type === 'retouch') {
        catalogue.answering()
        ctx.reply(sendable(pixels))
      } else {
        const [next, ...way] = message.way
        if (next === undefined) catalogue.hang()
        else {
          const hop = message.hop + 1
          tellStamped<GalleryMessage>(catalogue, id, next, (stamp) => ({
            type: 'paint',
            stamp,
            number,
            hop,
            way,
            pixels: sendable(pixels),
          }))
          if (next.ref.core !== ctx.core) leave(catalogue, pixels)
        }
      }
      catalogue.finish()
    },
  },
  { balance: true },
)

/** It is on its way to another core. */
function leave(catalogue: Catalogue, { buffer }: Int32Array): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) catalogue.keptMoved()
}

async function show(sim: WorkloadWorld): Promise<void> {
  const catalogue = new Catalogue(sim.random.seed)
  const losses = countLosses(sim)
  const painters: (Stop & { readonly palette: Int32Array })[] = []
  for (let i = 0; i < PAINTERS; i += 1) {
    const id = `painter-${i}`
    const palette = share(new Int32Array(new SharedArrayBuffer(SHARED_BYTES)))
    painters.push({ id, palette, ref: await spawnPatiently(sim, painter, { member: { run: catalogue.run, id }, palette }) })
  }
  const pick = (): Stop => {
    const { id, ref } = sim.random.pick(painters)
    return { id, ref }
  }
  const shared: Picture[] = []
  const asked: Promise<void>[] = []
  const moves: Promise<void>[] = []
  let shown = 0
  for (let number = 1; number <= PICTURES; number += 1) {
    const picture = createPicture(number, sim.random.chance(0.5) ? 'shared' : 'moved')
    if (sim.random.chance(RETOUCHED)) asked.push(retouch(catalogue, pick(), picture))
    else {
      const [first, ...way] = Array.from({ length: 1 + sim.random.below(HOPS_MAX) }, pick) as [Stop, ...Stop[]]
      if (picture.pixels.buffer instanceof SharedArrayBuffer) shared.push(picture)
      shown += 1
      tellStamped<GalleryMessage>(catalogue, OUTSIDE, first, (stamp) => ({ type: 'paint', stamp, hop: 0, way, ...sent(picture) }))
      if (first.ref.core !== 0) leave(catalogue, picture.pixels)
    }
    if (sim.random.chance(MOVES)) moves.push(moveSomewhere(sim, sim.random.pick(painters).ref))
    if (sim.random.chance(0.1)) await sim.advance(sim.random.below(10))
  }
  const isRunning = await comeToRest(sim, catalogue, losses)
  await Promise.all(asked)
  await Promise.all(moves)
  catalogue.check()
  checkBooks(sim, catalogue, losses)
  checkPictures(sim, catalogue, shown)
  const slack = sim.isReal === true ? losses.deaths : 0
  for (const { number, pixels } of shared)
    checkStrokes('picture', number, catalogue.strokes.get(number) ?? 0, pixels[STROKES] as number, slack)
  for (const { id, palette } of painters)
    checkStrokes('palette', id, catalogue.strokesOf.get(id) ?? 0, palette[0] as number, slack)
  if (isRunning && booksOf(sim).queued === 0) await checkNothingKept(sim)
  catalogue.close()
}

function sent({ number, pixels }: Picture): Picture {
  return { number, pixels: sendable(pixels) }
}

/** It comes back, with one more stroke. */
async function retouch(catalogue: Catalogue, { id, ref }: Stop, picture: Picture): Promise<void> {
  catalogue.ask()
  try {
    const pixels = await ref.ask({ type: 'retouch', stamp: catalogue.stamp(OUTSIDE, id), ...sent(picture) }, ASK_OPTIONS)
    catalogue.askAnswered()
    check(catalogue, { number: picture.number, pixels }, OUTSIDE)
    if (pixels[STROKES] !== 1) catalogue.spoilt(picture.number, OUTSIDE, pixels[STROKES] as number)
  } catch (error) {
    if (!(error instanceof CambiumError) || !FORGIVEN.has(error.code)) throw error
    catalogue.askFailed()
  }
}

function checkPictures(sim: WorkloadWorld, { hung, undetached }: Catalogue, shown: number): void {
  const { dead, deadTotal, queued } = booksOf(sim)
  // Painters that wait for each other in a circle give up one message at each limit, so some may still be on their way.
  if (shown - hung > deadTotal + queued)
    throw violation('ERR_ORACLE_WORKLOAD', 'pictures are missing that no dead letter carried', {
      shown,
      hung,
      dead: deadTotal,
      queued,
    })
  if (hung > shown) throw violation('ERR_ORACLE_WORKLOAD', 'more pictures hang than there are', { shown, hung })
  // What found no room to wait was never on its way.
  if (undetached > 0 && dead.outbox_full === 0)
    throw violation('ERR_ORACLE_WORKLOAD', 'a sender kept what it had moved', { undetached })
}

/** The memory is the one that was given, wherever who had it was: it has each stroke once. */
function checkStrokes(what: string, which: string | number, made: number, found: number, slack: number): void {
  if (Math.abs(made - found) <= slack) return
  throw violation('ERR_ORACLE_WORKLOAD', `a ${what} has other strokes than were made`, { which, made, found })
}

async function checkNothingKept(sim: WorkloadWorld): Promise<void> {
  await sim.advance(LOOK_MS)
  for (const { core, parcels } of await sim.system.report())
    if (parcels > 0) throw violation('ERR_ORACLE_LEAK', 'a core keeps what others have taken', { core, parcels })
}

export const gallery: Workload = {
  name: 'gallery',
  summary: 'pictures that are shared or moved, among painters that move; each is whole, and none is kept',
  cores: 4,
  run: show,
}
