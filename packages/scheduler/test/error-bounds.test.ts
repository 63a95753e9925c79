/** Errors and signals within their limits: nothing that an actor throws ends its core, stays in a queue, or floods the root. */
import { expect, test } from 'vitest'
import { CambiumError, toErrorRecord } from '@cambium/base'
import { InboundLane } from '../src/inbound-link.ts'
import { ParcelReceiver, ParcelSender } from '../src/parcels.ts'
import { RecordLane, TELL } from '../src/record-lane.ts'
import { attachConsumer, attachProducer, createDoorbell } from '@cambium/ring'
import { behave, gate, handler, outcomeOf, World } from './harness.ts'

test('fields that cannot travel do not end the core, on the way of a reply, an exit, a fault and a failed start', async () => {
  const fail = (): never => {
    throw new CambiumError('MINE', 'no', { fields: { f() {}, kept: 1 } })
  }
  const world = new World()
  const ref = world.spawn(1, handler(fail), null)
  const asked = ref.ask('go').catch((error: unknown) => error)
  const parent = world.spawn(
    1,
    handler<string>((_, context) => {
      context.spawn(handler(fail, 'child'), null).tell('go')
      context.spawn(behave<null, string>({ init: fail, receive: () => {} }, 'unborn'), null)
    }),
    null,
  )
  parent.tell('go')
  await world.run()
  expect(await asked).toMatchObject({ code: 'ERR_ACTOR_CRASHED', cause: { code: 'MINE', fields: { kept: 1 } } })
  expect(world.exits).toMatchObject([{ reason: { kind: 'crash', error: { code: 'MINE', fields: { kept: 1 } } } }])
  expect(world.faults.map(({ where }) => where.slice(0, 8)).toSorted()).toEqual(['actor ch', 'start of'])
  world.expectBalanced()
})

test('what only looks like a record is no record: thrown by terminate, it is a fault like any other', async () => {
  const world = new World()
  const terminate = (): never => {
    const stranger: unknown = { code: 'E', f() {} }
    throw stranger
  }
  const ref = world.spawn(1, behave<null, string>({ init: () => null, receive: () => {}, terminate }), null)
  const stopped = world.stop(ref)
  await world.run()
  expect((await stopped).kind).toBe('shutdown')
  expect(world.faults).toMatchObject([{ message: '[object Object]' }])
})

test('an error larger than a message may be is cut, and answers', async () => {
  const world = new World({ ringBytes: 4096, limits: { messageBytesMax: 1024 } })
  const ref = world.spawn(
    1,
    handler(() => {
      throw new Error('€'.repeat(3000))
    }),
    null,
  )
  const answer = ref.ask('go').catch((error: unknown) => error)
  await world.run()
  expect(await answer).toMatchObject({ code: 'ERR_ACTOR_CRASHED', name: 'CambiumError' })
  expect((await answer) instanceof Error && ((await answer) as Error).message).toMatch(/€€€/)
  world.expectBalanced()
})

test('a reply larger than a message may be answers with ERR_MESSAGE_TOO_LARGE', async () => {
  const world = new World({ ringBytes: 4096, limits: { messageBytesMax: 1024 } })
  const ref = world.spawn(
    1,
    handler((_, context) => context.reply('x'.repeat(5000))),
    null,
  )
  const answer = outcomeOf(ref.ask('go'))
  await world.run()
  expect(await answer).toBe('ERR_MESSAGE_TOO_LARGE')
  world.expectBalanced()
})

test('signals do not follow messageBytesMax: a large argument starts, one beyond their own limit is refused to the root', async () => {
  const world = new World({ limits: { messageBytesMax: 1024 } })
  const got = gate<number>()
  const program = behave<string, string>({
    init: (argument) => {
      got.open(argument.length)
    },
    receive: () => {},
  })
  world.core(1).loader.learn(program as never)
  const spawn = (argument: unknown): void =>
    world.signal(1, {
      type: 'spawn',
      request: 1,
      spec: {
        module: program.module,
        behaviour: program.name,
        argument,
        name: undefined,
        mailbox: undefined,
        initTimeoutMs: 5000,
      },
    })
  spawn('y'.repeat(200_000))
  await world.run()
  expect(await got.promise).toBe(200_000)
  expect(() => spawn('y'.repeat(65 * 1024 * 1024))).toThrow(expect.objectContaining({ code: 'ERR_MESSAGE_TOO_LARGE' }))
})

test('a message that the reader refuses as too large is counted with its last fragment', () => {
  const world = new World({ ringBytes: 4096 })
  const bell = createDoorbell(world.block(1).bell)
  const out = new RecordLane(
    attachProducer(world.memory.dataRing(0, 1)),
    bell,
    0,
    undefined,
    new ParcelSender(undefined, 1, 0, 0),
  )
  const lane = new InboundLane(attachConsumer(world.memory.dataRing(0, 1)), 1024, new ParcelReceiver(undefined, 0, () => 0), 0)
  const send = (bytes: Buffer): void =>
    out.enqueue({
      type: TELL,
      a: 1,
      b: 2,
      c: 0,
      bytes,
      layout: 0,
      parcel: undefined,
      sinceMs: Infinity,
      isDropped: undefined,
      onBegun: undefined,
      onWritten: undefined,
      onExpired: undefined,
    })
  send(Buffer.alloc(20_000, 1))
  send(Buffer.alloc(20, 2))
  const outcomes: string[] = []
  for (let rounds = 0; rounds < 100; rounds += 1) {
    out.drain()
    out.flush()
    for (let outcome = lane.next(); outcome !== 'none'; outcome = lane.next()) outcomes.push(outcome)
    lane.release()
  }
  expect(outcomes.filter((outcome) => outcome !== 'part')).toEqual(['too_large', 'record'])
  expect(outcomes.length).toBeGreaterThan(5)
  expect(lane.record.length).toBe(20)
})

test('faults are shown at most 100 times a second, and the next one tells how many were not', async () => {
  const world = new World()
  for (let i = 0; i < 250; i += 1) world.core(1).reportFault('somewhere', new Error(`fault ${i}`))
  await world.run()
  expect(world.faults).toHaveLength(100)
  await world.jump(1000)
  world.core(1).reportFault('later', toErrorRecord(new Error('a')))
  world.core(1).reportFault('later', new Error('b'))
  await world.run()
  expect(world.faults.slice(100)).toEqual([
    { where: 'later (faults not shown before it: 150)', message: 'a' },
    { where: 'later', message: 'b' },
  ])
})
