/**
 * Moved data (`transfer`) for actors that have moved: larger than any message may be, so only what goes beside its record can arrive.
 *
 * 1. It arrives wherever it meets the move: in the mailbox at home, on its way, in the mailbox of the guest, put aside here or there.
 * 2. What no handler has seen is nobody else's, and is moved on. What one has seen may be held by others, who keep theirs.
 * 3. What a handler sends on by itself is moved only if that handler says so.
 */
import { describe, expect, it } from 'vitest'
import type { Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import { transfer } from '@cambium/codec'
import { AWAY } from '../src/actor-cell.ts'
import type { ActorCell } from '../src/actor-cell.ts'
import { behave, handler, outcomeOf, World } from './harness.ts'

const MESSAGE_BYTES_MAX = 64 * 1024
const LARGE = 4 * MESSAGE_BYTES_MAX
/** Travels as bytes, too. */
const MIDDLE = MESSAGE_BYTES_MAX / 2

type Message =
  | { readonly type: 'put'; readonly pixels: Uint8Array; readonly n: number }
  | { readonly type: 'stash'; readonly isOn: boolean }

type Holder = Ref<Message, number> & ActorAddress

interface Options {
  /** Told of each message by reference, on the same core. */
  readonly friend?: Ref<Message>
  /** Told of each message that is handled. */
  readonly further?: Ref<Message>
}

function holder(world: World, options: Options = {}) {
  return behave<null, Message, { isStashing: boolean }>({
    init: () => ({ isStashing: false }),
    receive(state, message, context) {
      if (message.type === 'stash') {
        if (!message.isOn) context.unstashAll()
        return { isStashing: message.isOn }
      }
      if (state.isStashing) {
        context.stash()
        if (options.friend !== undefined && context.core === 1) options.friend.tell(message)
        return undefined
      }
      const { n, pixels } = message
      if (options.further !== undefined) options.further.tell(message)
      world.note(`${n}: ${pixels[0]} of ${pixels.byteLength} on ${context.core}`)
      if (context.isAsked) context.reply(n)
      return undefined
    },
  })
}

function put(n: number, bytes = LARGE): Message {
  return { type: 'put', pixels: transfer(new Uint8Array(bytes).fill(n)), n }
}

async function worldWith(options: (world: World) => Options = () => ({})): Promise<{ world: World; ref: Holder }> {
  const world = new World({ cores: 4, limits: { messageBytesMax: MESSAGE_BYTES_MAX } })
  const ref = world.spawn(1, holder(world, options(world)), null) as unknown as Holder
  await world.run()
  return { world, ref }
}

async function move(world: World, ref: ActorAddress, to: number): Promise<void> {
  const outcome = world.migrate(ref, to)
  await world.advance(10)
  expect(await outcome).toBe('moved')
}

async function inspect(world: World, ref: ActorAddress, what: 'suspend' | 'resume'): Promise<void> {
  const outcome = world.inspect(ref, { what })
  await world.advance(10)
  await outcome
}

/** The data in a mailbox. */
function waiting(cell: ActorCell | undefined): Uint8Array[] {
  const all: Uint8Array[] = []
  cell?.mailbox?.forEach((message) => all.push((message as Extract<Message, { type: 'put' }>).pixels))
  return all
}

async function end(world: World, notes: readonly string[]): Promise<void> {
  await world.advance(200)
  expect(world.notes).toEqual(notes)
  expect(world.letters).toEqual([])
  expect(world.faults).toEqual([])
  world.expectBalanced()
  for (const core of world.cores) expect(core.parcels.count).toBe(0)
}

describe('R2.1 moved data for an actor that has moved', () => {
  it('arrives where it is, told or asked, from its home or another core', async () => {
    const { world, ref } = await worldWith()
    await move(world, ref, 2)
    const message = put(1) as Extract<Message, { type: 'put' }>
    ref.tell(message)
    await world.advance(10)
    expect(message.pixels.byteLength).toBe(0)
    const answer = outcomeOf(ref.ask(put(2)))
    await world.advance(10)
    expect(await answer).toBe(2)
    const home = world.spawn(
      1,
      handler<number>((n) => world.inside<Message>(ref, 1).tell(put(n))),
      null,
    )
    await world.run()
    home.tell(3)
    const other = world.spawn(
      2,
      handler<number>((n) => world.inside<Message>(ref, 2).tell(put(n))),
      null,
    )
    await world.run()
    other.tell(4)
    await end(
      world,
      [1, 2, 3, 4].map((n) => `${n}: ${n} of ${LARGE} on 2`),
    )
  })

  it('arrives when it had come before the move', async () => {
    const { world, ref } = await worldWith()
    await inspect(world, ref, 'suspend')
    for (const n of [1, 2, 3]) ref.tell(put(n))
    await world.advance(10)
    const here = waiting(world.cell(ref))
    expect(here.map(({ byteLength }) => byteLength)).toEqual([LARGE, LARGE, LARGE])
    await move(world, ref, 2)
    expect(here.map(({ byteLength }) => byteLength)).toEqual([0, 0, 0])
    await inspect(world, ref, 'resume')
    await end(
      world,
      [1, 2, 3].map((n) => `${n}: ${n} of ${LARGE} on 2`),
    )
  })

  it('comes back from the mailbox of the guest, and goes on to a third core', async () => {
    const { world, ref } = await worldWith()
    await move(world, ref, 2)
    await inspect(world, ref, 'suspend')
    for (const n of [1, 2]) ref.tell(put(n))
    await world.advance(10)
    const there = waiting(world.guest(ref))
    expect(there.map(({ byteLength }) => byteLength)).toEqual([LARGE, LARGE])
    await move(world, ref, 3)
    expect(there.map(({ byteLength }) => byteLength)).toEqual([0, 0])
    ref.tell(put(3))
    await world.advance(10)
    expect(world.guest(ref)?.mailbox?.length).toBe(3)
    await move(world, ref, 1)
    expect(world.queueOf(ref)).toBe(3)
    await inspect(world, ref, 'resume')
    await end(
      world,
      [1, 2, 3].map((n) => `${n}: ${n} of ${LARGE} on 1`),
    )
  })

  it('arrives when it was put aside, here or there', async () => {
    const { world, ref } = await worldWith()
    ref.tell({ type: 'stash', isOn: true })
    ref.tell(put(1))
    await world.advance(10)
    await move(world, ref, 2)
    ref.tell(put(2))
    await world.advance(10)
    expect(world.guest(ref)?.stash?.length).toBe(2)
    await move(world, ref, 3)
    expect(world.guest(ref)?.stash?.length).toBe(2)
    await move(world, ref, 1)
    expect(world.cell(ref)?.stash?.length).toBe(2)
    ref.tell({ type: 'stash', isOn: false })
    await end(
      world,
      [1, 2].map((n) => `${n}: ${n} of ${LARGE} on 1`),
    )
  })

  it('what was put aside stays whole for those on its old core who have it too', async () => {
    const kept: Uint8Array[] = []
    const { world, ref } = await worldWith((each) => {
      const friend = each.spawn(
        1,
        handler<Message>((message) => message.type === 'put' && kept.push(message.pixels)),
        null,
      )
      return { friend: each.inside<Message>(friend as never, 1) }
    })
    ref.tell({ type: 'stash', isOn: true })
    ref.tell(put(1))
    await world.advance(10)
    await move(world, ref, 2)
    ref.tell({ type: 'stash', isOn: false })
    await end(world, [`1: 1 of ${LARGE} on 2`])
    expect(kept.map((pixels) => [pixels.byteLength, pixels[0]])).toEqual([[LARGE, 1]])
  })

  it('is lost with the core that had not handed it over', async () => {
    const { world, ref } = await worldWith()
    await move(world, ref, 2)
    const lost = new CambiumError('ERR_SHARE_LOST', 'message lost what it shared or moved', { severity: 'crash' })
    world.core(2).moves.takeForwarded(1, world.guest(ref), { kind: 0, beside: undefined }, () => {
      throw lost
    })
    expect(world.dead()).toEqual({ lost_with_core: 1 })
  })

  it.each([
    ['there', false],
    ['at home, when it has come back,', true],
  ])('is copied when a handler %s sends it on without a word', async (_, comesBack) => {
    const { world, ref } = await worldWith((each) => {
      const far = each.spawn(
        3,
        handler<Message>((message) => message.type === 'put' && each.note(`far: ${message.n}`)),
        null,
      )
      return { further: each.inside<Message>(far as never, comesBack ? 1 : 2) }
    })
    await move(world, ref, 2)
    await inspect(world, ref, 'suspend')
    ref.tell(put(1, MIDDLE))
    await world.advance(10)
    if (comesBack) await move(world, ref, 1)
    else expect(world.cell(ref)?.status).toBe(AWAY)
    await inspect(world, ref, 'resume')
    await end(world, [`1: 1 of ${MIDDLE} on ${comesBack ? 1 : 2}`, 'far: 1'])
  })
})
