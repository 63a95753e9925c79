/** Channels: room, waits and wake-ups between cores that sleep, and who takes a dead reader's place. */
import { describe, expect, test } from 'vitest'
import { READY, SUSPENDED } from '../src/actor-cell.ts'
import type { ActorCell } from '../src/actor-cell.ts'
import type { ChannelReader } from '../src/channel-reader.ts'
import type { ChannelWriter } from '../src/channel-writer.ts'
import { CHANNEL_READERS_MAX } from '../src/channel-memory.ts'
import { codeOf, handler, World } from './harness.ts'

const RING_BYTES = 1024
const TEXT = 'x'.repeat(90)
/** Eight of these fill the ring: 16 bytes of header each, 8 for the layout, and the text. */
const PER_RING = 8

interface Channel {
  readonly world: World
  readonly writer: ChannelWriter
  /** An actor of that core that reads all there is when it is woken. */
  readonly reader: (core: number) => { readonly place: number; readonly read: unknown[]; readonly cell: ActorCell }
}

function channel(cores = 3): Channel {
  const world = new World({ cores })
  const publisher = world.cell(
    world.spawn(
      0,
      handler(() => {}),
      null,
    ),
  ) as ActorCell
  const writer = world.core(0).channels.open(publisher, RING_BYTES)
  return {
    world,
    writer,
    reader(core) {
      const read: unknown[] = []
      const ref = world.spawn(
        core,
        handler(() => {
          while (end.next()) read.push(end.value)
          end.release()
        }),
        null,
      )
      const cell = world.cell(ref) as ActorCell
      const place = writer.join(core)
      const end: ChannelReader = world.core(core).channels.read(cell, { memory: writer.memory, core: 0, place }, 'wake')
      return { place, read, cell }
    },
  }
}

test('R1.7 what is written once is read on each core, which is woken for it', async () => {
  const { world, writer, reader } = channel()
  const [one, two] = [reader(1), reader(2)]
  await world.run() // all cores sleep
  for (const value of [1, { a: 'b' }, [TEXT]]) expect(writer.write(value)).toBe(true)
  await world.run()
  expect(one.read).toEqual([1, { a: 'b' }, [TEXT]])
  expect(two.read).toEqual(one.read)
})

describe('a publisher', () => {
  test('R1.9 finds no room beside a reader that does not read, and is woken when there is', async () => {
    const { world, writer, reader } = channel()
    const { read, cell } = reader(1)
    await world.run()
    cell.status = SUSPENDED
    let written = 0
    while (writer.write(TEXT)) written += 1
    expect(written).toBe(PER_RING)
    let hasRoom = false
    void writer.whenRoom().then(() => (hasRoom = true))
    await world.run()
    expect(hasRoom).toBe(false)
    cell.status = READY
    world.core(1).dispatcher.schedule(cell)
    world.core(1).requestTurn()
    await world.run()
    expect(hasRoom).toBe(true)
    expect(read).toHaveLength(PER_RING)
    expect(writer.write(TEXT)).toBe(true)
  })

  test('is told when all have read what it had written, once, in order', async () => {
    const { world, writer, reader } = channel()
    const [one, two] = [reader(1), reader(2)]
    await world.run()
    const told: string[] = []
    for (const name of ['a', 'b']) {
      writer.write(name)
      writer.whenRead(() => told.push(`${name}: ${one.read.length}, ${two.read.length}`))
    }
    await world.run()
    expect(told).toHaveLength(2)
    expect(told[1]).toBe('b: 2, 2')
  })

  test('waits no more for a reader whose place it has taken back', async () => {
    const { world, writer, reader } = channel()
    const { place, cell } = reader(1)
    await world.run()
    cell.status = SUSPENDED
    let isRead = false
    writer.write(1)
    writer.whenRead(() => (isRead = true))
    await world.run()
    expect(isRead).toBe(false)
    writer.leave(place)
    await world.run()
    expect(isRead).toBe(true)
  })

  test('refuses what cannot be written, and more readers than there may be', () => {
    const { writer, reader } = channel()
    reader(1)
    const refused = (act: () => unknown): unknown => {
      try {
        return act()
      } catch (error) {
        return codeOf(error)
      }
    }
    expect(refused(() => writer.write('x'.repeat(200)))).toBe('ERR_MESSAGE_TOO_LARGE')
    expect(refused(() => writer.write({ of: () => {} }))).toBe('ERR_CANNOT_TRAVEL')
    expect(refused(() => writer.write(writer.memory))).toBe('ERR_CANNOT_TRAVEL')
    for (let core = 2; core <= CHANNEL_READERS_MAX; core += 1) writer.join(core)
    expect(refused(() => writer.join(99))).toBe('ERR_CHANNEL_READERS')
  })

  test('writes nothing once its incarnation has ended', () => {
    const { world, writer, reader } = channel()
    reader(1)
    world.core(0).channels.sever()
    expect(writer.write(1)).toBe(true)
    expect(world.core(0).channels.size).toBe(0)
  })
})

test('C-48 D3 the successor of a reader goes on behind the record that was in hand; all before it is read, all behind it is not lost', async () => {
  const { world, writer } = channel(2)
  const cellOf = (): ActorCell =>
    world.cell(
      world.spawn(
        1,
        handler(() => {}),
        null,
      ),
    ) as ActorCell
  const place = writer.join(1)
  const dead = world.core(1).channels.read(cellOf(), { memory: writer.memory, core: 0, place }, 'wake')
  for (const value of [1, 2, 3, 4]) writer.write(value)
  writer.flush()
  dead.next()
  dead.next()
  expect(dead.value).toBe(2) // in hand, and then the thread is gone
  const successor = world.core(1).channels.read(cellOf(), { memory: writer.memory, core: 0, place }, 'wake')
  const read: unknown[] = []
  while (successor.next()) read.push(successor.value)
  expect(read).toEqual([3, 4])
})
