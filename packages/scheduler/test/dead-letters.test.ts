/** Nothing disappears (D6, R2.2): each reason for a dead letter, what it says, and how many are shown. */
import { expect, test } from 'vitest'
import { attachProducer, createDoorbell } from '@cambium/ring'
import { PUT, SENT } from '../src/books.ts'
import { ParcelSender } from '../src/parcels.ts'
import { ASK, RecordLane, TELL } from '../src/record-lane.ts'
import { gate, handler, World } from './harness.ts'

test('each names reason, target, finder and, where it is at hand, the message', async () => {
  const world = new World()
  const wait = gate()
  const ref = world.spawn(
    1,
    handler(() => wait.promise),
    null,
    { name: 'target' },
  )
  ref.tell('in hand')
  ref.tell({ queued: true })
  await world.run()
  const stopped = world.stop(ref, { timeoutMs: 0 })
  await world.run()
  await stopped
  ref.tell('late')
  await world.run()
  const target = { core: 1, slot: ref.slot, generation: ref.generation }
  expect(world.letters).toEqual([
    { reason: 'stopped', target, core: 1, count: 1, name: 'target', message: 'in hand' },
    { reason: 'stopped', target, core: 1, count: 1, name: 'target', message: { queued: true } },
    { reason: 'no_such_actor', target, core: 1, count: 1 },
  ])
  expect(world.signals.filter((signal) => signal.type === 'dead_letter')).toHaveLength(3) // the root is told
  world.expectBalanced()
})

test('at most a hundred a second are shown; all are counted', async () => {
  const world = new World()
  const nobody = world.ref({ core: 1, slot: 77, generation: 1 })
  for (let i = 0; i < 250; i += 1) nobody.tell(i)
  await world.run()
  expect(world.letters).toHaveLength(100)
  expect(world.dead()).toEqual({ no_such_actor: 250 })
  world.nowMs += 1000
  for (let i = 0; i < 3; i += 1) nobody.tell(i)
  await world.run()
  expect(world.letters).toHaveLength(103)
  expect(world.dead()).toEqual({ no_such_actor: 253 })
  world.expectBalanced()
})

test('bytes that cannot be decoded are not_decodable, and cost their sender an error, nobody else anything', async () => {
  const world = new World()
  const ref = world.spawn(
    1,
    handler((message) => world.note(message)),
    null,
  )
  await world.run()
  // A second writer on the ring of a core that writes nothing itself from here on.
  const producer = attachProducer(world.memory.dataRing(0, 1))
  const books = world.block(0).books
  for (const type of [TELL, ASK]) {
    const offset = producer.claim(type, 20)
    producer.int32.set([ref.slot, ref.generation, type === ASK ? 4711 : 0], offset >> 2)
    producer.buffer.fill(0xc1, offset + 12, offset + 20) // a byte that no encoding has
    producer.commit()
    books[SENT] = (books[SENT] as number) + 1
    books[PUT] = (books[PUT] as number) + 1
  }
  producer.publish()
  world.core(1).requestTurn()
  await world.run()
  expect(world.notes).toEqual([])
  expect(world.dead()).toEqual({ not_decodable: 2, late_reply: 1 }) // the error for an ask that nobody made
  world.expectBalanced()
})

test('a message larger than its receiver takes is not_decodable, and says so', async () => {
  const world = new World({ limits: { messageBytesMax: 100_000 } })
  const ref = world.spawn(
    1,
    handler((message) => world.note(message)),
    null,
  )
  await world.run()
  // A sender without the limit, on the ring of a core that writes nothing itself from here on.
  const noParcels = new ParcelSender(undefined, 1, 0, 0)
  const lane = new RecordLane(
    attachProducer(world.memory.dataRing(0, 1)),
    createDoorbell(world.block(1).bell),
    0,
    undefined,
    noParcels,
  )
  lane.enqueue({
    type: TELL,
    a: ref.slot,
    b: ref.generation,
    c: 0,
    bytes: Buffer.alloc(200_000),
    layout: 0,
    parcel: undefined,
    sinceMs: Infinity,
    isDropped: undefined,
    onBegun: undefined,
    onWritten: undefined,
    onExpired: undefined,
  })
  while (!lane.drain()) world.turn(1)
  const { books } = world.block(0)
  books[SENT] = (books[SENT] as number) + 1
  books[PUT] = (books[PUT] as number) + 1
  await world.run()
  expect(world.letters).toMatchObject([{ reason: 'not_decodable', core: 1, detail: 'it is larger than messageBytesMax' }])
  expect(world.notes).toEqual([])
  world.expectBalanced()
})

test('after the close, what outside actors tell is shut_down and the rest is refused; actors go on', async () => {
  const world = new World()
  const ref = world.spawn(
    1,
    handler<string>((message) => world.note(message)),
    null,
  )
  const relay = world.spawn(
    0,
    handler<string>((message) => world.inside(ref, 0).tell(message)),
    null,
  )
  relay.tell('before')
  world.core(0).handleSignal({ type: 'close' })
  ref.tell('after')
  expect(ref.trySend('after')).toBe('closed')
  await expect(ref.send('after')).rejects.toMatchObject({ code: 'ERR_SYSTEM_CLOSED' })
  await expect(ref.ask('after')).rejects.toMatchObject({ code: 'ERR_SYSTEM_CLOSED' })
  await world.run()
  expect(world.notes).toEqual(['before'])
  expect(world.dead()).toEqual({ shut_down: 1 })
  world.expectBalanced()
})
