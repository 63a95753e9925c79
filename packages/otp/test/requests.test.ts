/** Requests that are waited for later, one by one and in collections, on the real platform and under seeds. */
import type { Ref } from '@cambium/actor'
import { startSystem } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { simulate } from '@cambium/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectNothingLeft } from '../../runtime/test/nothing-left.ts'
import { createRequests, sendRequest } from '../src/index.ts'
import { desk } from './fixtures/desk.ts'
import type { DeskInput } from './fixtures/desk.ts'

type Desk = Ref<DeskInput>

describe('requests', () => {
  let system: System
  let ref: Desk
  beforeAll(async () => {
    system = await startSystem({ cores: 1, handleSignals: false })
    ref = (await system.spawn(desk, {}, { core: 1 })) as Desk
  })
  afterAll(async () => {
    await system.shutdown()
  })
  expectNothingLeft(() => system)

  test('to what is no actor is refused', () => {
    for (const no of [undefined, {}, 'desk'])
      expect(() => sendRequest(no as never, { type: 'wait' } as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  })

  test('C-23 awaited with timeout 0 a request answers "not yet", and later still yields the reply', async () => {
    const request = sendRequest(ref, { type: 'wait' })
    expect(await request.wait({ timeoutMs: 0 })).toEqual({ type: 'not_yet' })
    expect(await request.wait({ timeoutMs: 5 })).toEqual({ type: 'not_yet' })
    expect(request.settled).toBeUndefined()
    ref.tell({ type: 'answer', value: 'here' })
    expect(await request.wait()).toEqual({ type: 'reply', reply: 'here' })
    expect(await request.wait({ timeoutMs: 0 })).toEqual({ type: 'reply', reply: 'here' })
    expect(await request.reply).toBe('here')
  })

  test('C-23 replies of a collection are taken as they come, by their labels', async () => {
    const requests = createRequests<unknown>()
    requests.add('slow', sendRequest(ref, { type: 'wait' }))
    requests.add('fast', sendRequest(ref, { type: 'log' }))
    requests.add('wrong', sendRequest(ref, { type: 'forget' }))
    expect(await requests.next()).toEqual({ type: 'reply', reply: [], label: 'fast' })
    expect(await requests.next()).toMatchObject({ type: 'error', error: { code: 'ERR_NO_REPLY' }, label: 'wrong' })
    expect(await requests.next({ timeoutMs: 5 })).toEqual({ type: 'not_yet' })
    expect(requests.size).toBe(1)
    ref.tell({ type: 'answer', value: 'at last' })
    const rest: unknown[] = []
    for await (const each of requests) rest.push(each)
    expect(rest).toEqual([{ type: 'reply', reply: 'at last', label: 'slow' }])
    expect(await requests.next()).toEqual({ type: 'none' })
  })

  test('C-24 a request whose server ends has its error at once; its own timeout is one too', async () => {
    const other = (await system.spawn(desk, {}, { core: 1, restart: 'temporary' })) as Desk
    const [ended, expired] = [
      sendRequest(other, { type: 'wait' }, { timeoutMs: Infinity }),
      sendRequest(ref, { type: 'forget' }, { timeoutMs: 1000 }),
    ]
    await other.ask({ type: 'log' })
    await system.stop(other)
    expect(await ended.wait()).toMatchObject({ type: 'error', error: { code: 'ERR_NO_SUCH_ACTOR' } })
    expect(await expired.wait()).toMatchObject({ type: 'error', error: { code: 'ERR_NO_REPLY' } })
  })

  test('C-42 an abandoned request has no reply any more; a wait that is aborted ends, the request goes on', async () => {
    const [abandoned, kept] = [sendRequest(ref, { type: 'wait' }), sendRequest(ref, { type: 'wait' })]
    abandoned.abandon()
    expect(await abandoned.wait()).toMatchObject({ type: 'error', error: { name: 'AbortError' } })
    const abort = new AbortController()
    const wait = kept.wait({ signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(wait).rejects.toThrow('enough')
    ref.tell({ type: 'answer', value: 'to nobody' })
    ref.tell({ type: 'answer', value: 'kept' })
    expect(await kept.reply).toBe('kept')
  })

  test('what is no request, and what is no option, is refused', async () => {
    expect(() => {
      createRequests().add('a', {} as never)
    }).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    const request = sendRequest(ref, { type: 'log' })
    await expect(request.wait({ timeoutMs: -1 })).rejects.toMatchObject({ code: 'ERR_OPTION' })
    await request.reply
  })
})

test('C-23 waits take virtual time in the simulator', async () => {
  await simulate(
    async (sim) => {
      const ref = (await sim.spawn(desk, {}, { core: 1 })) as Desk
      const request = sendRequest(ref, { type: 'wait' }, { timeoutMs: 3_600_000 })
      const before = sim.now()
      expect(await request.wait({ timeoutMs: 60_000 })).toEqual({ type: 'not_yet' })
      expect(sim.now() - before).toBeGreaterThanOrEqual(60_000)
      ref.tell({ type: 'answer', value: 'here' })
      expect(await request.wait()).toEqual({ type: 'reply', reply: 'here' })
    },
    { seed: 1, runs: 10, cores: 1 },
  )
})
