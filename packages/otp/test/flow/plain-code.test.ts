/** Flows at their edges: plain code that reads events and gives them, as an iterator, a Web stream, or by calls; on real threads and in the simulator. */
import { startSystem } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { simulate } from '@cambium/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectNothingLeft } from '../../../runtime/test/nothing-left.ts'
import { openSource, readableStream, readEvents, stageStatistics, subscribe } from '../../src/index.ts'
import type { ProducerRef } from '../../src/index.ts'
import { journal, numbers, parted, repeater, taker, tower } from './fixtures/stages.ts'

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

let system: System
beforeAll(async () => {
  system = await startSystem({ cores: 2, handleSignals: false })
})
afterAll(async () => {
  await system.shutdown()
})
expectNothingLeft(() => system)

/** Resolves when nobody takes from that stage any more. */
async function isLeft(producer: ProducerRef<number>): Promise<void> {
  while ((await stageStatistics(producer)).subscribers > 0);
}

describe('an iterator', () => {
  test('R2.3 gives all events in order and ends when the producer is done', async () => {
    const producer = await system.spawn(numbers, { to: 1000 }, { core: 1 })
    const got: number[] = []
    for await (const event of readEvents(system, producer, { maxDemand: 10 })) got.push(event)
    expect(got).toEqual(upTo(1000))
    expect(await system.monitor(producer)).toEqual({ kind: 'noproc' })
  })

  test('R1.9 is the demand: no more is made than is read, and a break gives it back', async () => {
    const producer = await system.spawn(numbers, {}, { core: 1 })
    const got: number[] = []
    for await (const event of readEvents(system, producer, { maxDemand: 4, minDemand: 2 })) {
      got.push(event)
      const { sent } = await stageStatistics(producer)
      // The rest of what came together with it, and what was on its way before that.
      expect(sent - got.length).toBeLessThanOrEqual(4)
      if (event === 20) break
    }
    expect(got).toEqual(upTo(21))
    await isLeft(producer)
    expect(await stageStatistics(producer)).toMatchObject({ demand: 0, subscribers: 0 })
    // Another reader goes on with what is made next.
    const { value } = await readEvents(system, producer, { maxDemand: 1 }).next()
    expect(value).toBeGreaterThan(20)
  })

  test('rejects with the crash of its producer, after what came before it', async () => {
    const producer = await system.spawn(tower, undefined, { core: 1, restart: 'temporary' })
    const events = readEvents(system, producer)
    const first = events.next()
    producer.tell({ give: 'ab' })
    expect(await first).toEqual({ done: false, value: 'a' })
    expect(await events.next()).toEqual({ done: false, value: 'b' })
    const next = events.next()
    producer.tell({ give: '!' })
    await expect(next).rejects.toMatchObject({ code: 'ERR_BAD_STEP' })
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  test('goes on with a producer that is back, if it is to', async () => {
    const producer = await system.spawn(numbers, { to: 3 }, { core: 1 })
    const got: number[] = []
    for await (const event of readEvents(system, producer, { maxDemand: 1, resubscribe: true })) {
      got.push(event)
      if (event === 0 && got.length === 1) system.killCore(1)
    }
    expect(got.slice(-3)).toEqual([0, 1, 2])
    expect(got.length).toBeGreaterThan(3)
  })

  test('ends while it waits, by return and by an abort', async () => {
    const producer = await system.spawn(tower, undefined, { core: 1 })
    const events = readEvents(system, producer)
    const waiting = events.next()
    expect(await events.return?.()).toEqual({ done: true, value: undefined })
    expect(await waiting).toEqual({ done: true, value: undefined })
    const abort = new AbortController()
    const aborted = readEvents(system, producer, { signal: abort.signal }).next()
    abort.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
  })

  test('bad demand is an error with a code at the caller', async () => {
    const producer = await system.spawn(numbers, {}, { core: 1 })
    for (const options of [
      { maxDemand: 0 },
      { maxDemand: -1 },
      { maxDemand: 1.5 },
      { minDemand: -1 },
      { maxDemand: 5, minDemand: 5 },
    ])
      expect(() => readEvents(system, producer, options)).toThrow(expect.objectContaining({ code: 'ERR_DEMAND' }))
    expect(() => readEvents(system, {} as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    const noSystem = expect.objectContaining({
      code: 'ERR_OPTION',
      fields: expect.objectContaining({ option: 'system' }) as unknown,
    }) as Error
    for (const wrong of [undefined, null, {}, 'system']) {
      expect(() => readEvents(wrong as never, {} as never)).toThrow(noSystem)
      expect(() => readableStream(wrong as never, {} as never)).toThrow(noSystem)
      await expect(openSource(wrong as never)).rejects.toEqual(noSystem)
    }
    await expect(readEvents(system, producer, { partition: 1 }).next()).rejects.toMatchObject({ code: 'ERR_PARTITION' })
    const consumer = await system.spawn(repeater, { subscription: { to: producer }, times: 1 }, { core: 2 })
    await expect(subscribe(consumer, { to: producer, maxDemand: -3 })).rejects.toMatchObject({
      code: 'ERR_DEMAND',
      message: 'demand is wrong: maxDemand=-3, expected an integer from 1 to 65536',
    })
    const wrong = system.spawn(repeater, { subscription: { to: producer, maxDemand: -1 }, times: 1 }, { core: 2 })
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_INIT_FAILED', cause: expect.objectContaining({ code: 'ERR_DEMAND' }) })
  })
})

test('partitions are read by one reader each', async () => {
  const producer = await system.spawn(numbers, { to: 100 }, { core: 1 })
  const parts = await system.spawn(parted, { to: producer }, { core: 2 })
  const read = async (partition: string): Promise<number[]> => {
    const got: number[] = []
    for await (const event of readEvents(system, parts, { partition, maxDemand: 5 })) got.push(event)
    return got
  }
  const [odd, even] = await Promise.all([read('odd'), read('even')])
  expect(odd).toEqual(upTo(50).map((i) => i * 2 + 1))
  expect(even).toEqual(upTo(50).map((i) => i * 2))
  await expect(read('none')).rejects.toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' }) // it is done
})

test('a Web stream carries events in, another one out; its backpressure is the demand', async () => {
  const { ref, writable } = await openSource<number>(system)
  const doubled = await system.spawn(repeater, { subscription: { to: ref, maxDemand: 2 }, times: 2 }, { core: 1 })
  const written: number[] = []
  const input = new ReadableStream<number>(
    {
      pull(controller) {
        if (written.length === 50) controller.close()
        else controller.enqueue(written.push(written.length) - 1)
      },
    },
    { highWaterMark: 0 },
  )
  const piped = input.pipeTo(writable as WritableStream<number>)
  const reader = readableStream(system, doubled, { maxDemand: 2 }).getReader()
  expect(await reader.read()).toEqual({ done: false, value: 0 })
  // Two are in the hands of each stage at most, and one in those of each stream.
  expect(written.length).toBeLessThan(12)
  const rest: number[] = []
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) rest.push(value as number)
  expect(rest).toEqual([0, ...upTo(49).flatMap((i) => [i + 1, i + 1]), -1])
  await piped
})

test('a Web stream that is cancelled gives its demand back, and one that is aborted stops its producer', async () => {
  const producer = await system.spawn(numbers, {}, { core: 1 })
  const reader = readableStream(system, producer, { maxDemand: 3 }).getReader()
  await reader.read()
  await reader.cancel()
  await isLeft(producer)
  const { ref, writable } = await openSource<number>(system)
  await writable.abort(new Error('no more'))
  expect(await system.monitor(ref)).toEqual({ kind: 'noproc' })
})

test('R1.9 what is no array is refused at the caller, and later pushes wait as before', async () => {
  await simulate(
    async (sim) => {
      const source = await openSource<number>(sim.system, { capacity: 2 })
      for (const wrong of [5, undefined, 'ab', { length: 1 }])
        await expect(source.push(wrong as never)).rejects.toMatchObject({ code: 'ERR_OPTION' })
      let isAccepted = false
      const push = source.push([1, 2, 3]).then(() => {
        isAccepted = true
      })
      await sim.advance(100)
      expect(isAccepted).toBe(false) // three do not fit
      const read = readEvents(sim.system, source.ref)
      expect((await read.next()).value).toBe(1)
      await push
      await read.return?.(undefined)
    },
    { runs: 5, cores: 1 },
  )
})

test('a push waits for demand, for room, or fails; after the end nothing is taken', async () => {
  await simulate(
    async (sim) => {
      const log = await sim.spawn(journal, undefined, { core: 0 })
      const source = await openSource<string>(sim.system, { capacity: 2 })
      let accepted = 0
      const pushes = ['ab', 'cd', 'e'].map(async (events) => {
        await source.push(Array.from(events))
        accepted += 1
      })
      await sim.advance(100)
      expect(accepted).toBe(1) // the first two fit
      await sim.spawn(taker, { name: 'a', log, subscriptions: [{ to: source.ref, maxDemand: 3, minDemand: 2 }] }, { core: 1 })
      await Promise.all(pushes)
      await source.end()
      await sim.advance(100)
      expect((await log.ask('read')).map(([, line]) => line)).toEqual(['a', 'b', 'c', 'd', 'e', 'finish'])
      await expect(source.push(['f'])).rejects.toMatchObject({ code: 'ERR_FLOW_ENDED' })
      const other = await openSource<string>(sim.system)
      const some = Promise.allSettled(Array.from({ length: 1025 }, () => other.push(['x'])))
      await sim.system.stop(other.ref)
      const codes = (await some).map((each) => (each.status === 'rejected' ? (each.reason as { code: string }).code : 'sent'))
      expect(codes.at(-1)).toBe('ERR_BUFFER_FULL')
      expect(codes).not.toContain('sent')
    },
    { runs: 10, cores: 2 },
  )
})
