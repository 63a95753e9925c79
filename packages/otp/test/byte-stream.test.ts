/** R1.4: a server is fed bytes, over TCP and over streams whose chunks the test cuts itself. */
import { once } from 'node:events'
import { PassThrough, duplexPair } from 'node:stream'
import type { Duplex } from 'node:stream'
import { startSystem } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Ref } from '@cambium/actor'
import { expectNothingLeft } from '../../runtime/test/nothing-left.ts'
import { serveStream } from '../src/index.ts'
import { frameOf } from '../src/frame-splitter.ts'
import { BULK_BYTES, bulky, counter, faulty, mute } from './fixtures/counter.ts'
import type { CounterInput, CounterOutput } from './fixtures/counter.ts'
import { listen } from './tcp.ts'

let system: System
let ref: Ref<CounterInput, CounterOutput>

beforeAll(async () => {
  system = await startSystem({ cores: 1, handleSignals: false })
})
afterAll(async () => {
  await system.shutdown()
})
expectNothingLeft(() => system)
beforeEach(async () => {
  ref = await system.spawn(counter, 0, { core: 1, intensity: 100 })
})
afterEach(async () => {
  await system.stop(ref)
})

describe('over TCP', () => {
  test('R1.4 R1.1 inputs are answered in order, on one connection', async () => {
    const frontEnd = await listen(counter, ref)
    const client = await frontEnd.connect()
    client.send('increment\n')
    expect(await client.lines(1)).toEqual(['ack'])
    client.send('increment\nread\nincrement\nread\n')
    expect(await client.lines(4)).toEqual(['ack', 'value 2', 'ack', 'value 3'])
    expect(await client.end()).toBe('')
    expect(await frontEnd.served[0]).toEqual({ answered: 5, skipped: 0, failed: 0 })
  })

  test('R1.4 frames that are no input are skipped and counted, and the loop survives', async () => {
    const frontEnd = await listen(counter, ref, { frameBytesMax: 16 })
    const client = await frontEnd.connect()
    client.send(`increment\nnonsense\n!\n${'x'.repeat(200_000)}\n\nread\n`)
    expect(await client.lines(2)).toEqual(['ack', 'value 1'])
    await client.end()
    expect(await frontEnd.served[0]).toEqual({ answered: 2, skipped: 4, failed: 0 })
  })

  test('R1.4 R1.6 an input that crashes the server is counted, and the same connection goes on with the restarted one', async () => {
    const frontEnd = await listen(counter, ref)
    const client = await frontEnd.connect()
    client.send('increment\nreset\nreset\nread\nincrement\nread\n')
    expect(await client.lines(5)).toEqual(['ack', 'ack', 'value 0', 'ack', 'value 1'])
    await client.end()
    expect(await frontEnd.served[0]).toEqual({ answered: 5, skipped: 0, failed: 1 })
  })

  test('R1.4 R3.3 the death of the server’s core leaves the connection alive', async () => {
    const frontEnd = await listen(counter, ref)
    const client = await frontEnd.connect()
    client.send('increment\nread\n')
    expect(await client.lines(2)).toEqual(['ack', 'value 1'])
    const lost = once(system.events, 'core_lost')
    system.killCore(1)
    await lost
    client.send('increment\nread\n')
    expect(await client.lines(2)).toEqual(['ack', 'value 1'])
    await client.end()
    expect(await frontEnd.served[0]).toEqual({ answered: 4, skipped: 0, failed: 0 })
  })

  test('R1.4 a client that closed its side gets its last answers, the last line without a line feed included', async () => {
    const frontEnd = await listen(counter, ref)
    const client = await frontEnd.connect()
    client.send(`${'increment\n'.repeat(100)}read`)
    expect(await client.end()).toBe(`${'ack\n'.repeat(100)}value 100\n`)
    expect(await frontEnd.served[0]).toEqual({ answered: 101, skipped: 0, failed: 0 })
  })

  test('R1.4 a client that goes away in the middle of a frame disturbs nobody', async () => {
    const frontEnd = await listen(counter, ref)
    const leaver = await frontEnd.connect()
    const stayer = await frontEnd.connect()
    leaver.send('increment\nincre')
    expect(await leaver.lines(1)).toEqual(['ack'])
    leaver.socket.destroy()
    expect(await frontEnd.served[0]).toEqual({ answered: 1, skipped: 1, failed: 0 })
    stayer.send('read\n')
    expect(await stayer.lines(1)).toEqual(['value 1'])
  })

  test('R1.4 a client that resets its connection is that stream’s error, and nobody else’s', async () => {
    const frontEnd = await listen(counter, ref)
    const leaver = await frontEnd.connect()
    const stayer = await frontEnd.connect()
    leaver.send('increment\n')
    expect(await leaver.lines(1)).toEqual(['ack'])
    leaver.socket.resetAndDestroy()
    await expect(frontEnd.served[0]).rejects.toMatchObject({ code: 'ECONNRESET' })
    stayer.send('read\n')
    expect(await stayer.lines(1)).toEqual(['value 1'])
  })

  test('R1.4 length32 frames both ways', async () => {
    const frontEnd = await listen(counter, ref, { frame: 'length32', frameBytesMax: 16 })
    const client = await frontEnd.connect()
    const inputs = ['increment', 'x'.repeat(17), 'nonsense', 'read'].map((text) => frameOf('length32', Buffer.from(text)))
    client.send(Buffer.concat(inputs))
    const expected = Buffer.concat(['ack', 'value 1'].map((text) => frameOf('length32', Buffer.from(text))))
    expect(await client.bytes(expected.length)).toEqual(expected)
    await client.end()
    expect(await frontEnd.served[0]).toEqual({ answered: 2, skipped: 2, failed: 0 })
  })
})

describe('over a stream', () => {
  const collect = async (stream: AsyncIterable<unknown>): Promise<string> => {
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString()
  }

  test('R1.4 inputs may be split across chunks anywhere', async () => {
    const [client, stream] = duplexPair()
    const serving = serveStream(counter, ref, stream).finally(() => stream.end())
    for (const byte of Buffer.from('increment\nincrement\nread\n')) client.write(Uint8Array.of(byte))
    client.end()
    expect(await collect(client)).toBe('ack\nack\nvalue 2\n')
    expect(await serving).toEqual({ answered: 3, skipped: 0, failed: 0 })
  })

  test('R1.4 R1.9 a client that does not read its answers stops its own inputs, and gets all of them later', async () => {
    const slow = await system.spawn(bulky, undefined, { core: 1 })
    const [client, stream] = duplexPair()
    const serving = serveStream(bulky, slow, stream).finally(() => stream.end())
    const inputs = 200
    client.end('next\n'.repeat(inputs))
    while (!stream.writableNeedDrain) await new Promise(setImmediate)
    const taken = Number(await slow.ask('count'))
    expect(taken * BULK_BYTES).toBeLessThan(stream.writableHighWaterMark * 2 + BULK_BYTES * 2)
    // Round trips on which a loop that does not wait would take further inputs.
    for (let i = 0; i < 50; i += 1) expect(await slow.ask('count')).toBe(String(taken))
    const answers = (await collect(client)).trimEnd().split('\n')
    expect(answers.map((answer) => Number.parseInt(answer, 10))).toEqual(Array.from({ length: inputs }, (_, i) => i))
    expect(await serving).toEqual({ answered: inputs, skipped: 0, failed: 0 })
    await system.stop(slow)
  })

  test('R1.4 a stream that is destroyed while its writer waits for room ends the serving', async () => {
    const slow = await system.spawn(bulky, undefined, { core: 1 })
    const [client, stream] = duplexPair()
    const serving = serveStream(bulky, slow, stream)
    client.write('next\n'.repeat(200))
    while (!stream.writableNeedDrain) await new Promise(setImmediate)
    stream.destroy()
    await expect(serving).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
    await system.stop(slow)
  })

  test('R1.4 with the server gone every input fails at once, and the loop survives', async () => {
    const gone = await system.spawn(counter, 0, { core: 1, restart: 'temporary' })
    await system.stop(gone)
    const [client, stream] = duplexPair()
    const serving = serveStream(counter, gone, stream).finally(() => stream.end())
    client.end('read\nread\n')
    expect(await collect(client)).toBe('')
    expect(await serving).toEqual({ answered: 0, skipped: 0, failed: 2 })
  })

  test('R3.1 an error of the stream after its serving has ended does not end the process', async () => {
    const [client, stream] = duplexPair()
    const serving = serveStream(counter, ref, stream)
    client.end('increment\n')
    expect(await serving).toEqual({ answered: 1, skipped: 0, failed: 0 })
    const closed = new Promise((resolve) => {
      stream.on('close', resolve)
    })
    stream.destroy(new Error('reset after the last answer')) // uncaught, it would fail the test run
    await closed
    expect(stream.errored?.message).toBe('reset after the last answer')
  })

  test('what encode throws rejects, and the stream is destroyed', async () => {
    const wrong = await system.spawn(faulty, undefined, { core: 1 })
    const [client, stream] = duplexPair()
    const serving = serveStream(faulty, wrong, stream)
    client.write('bad encode\n')
    await expect(serving).rejects.toThrow('no bytes for this')
    expect(stream.destroyed).toBe(true)
    await system.stop(wrong)
  })
})

describe('is refused', () => {
  test('what is no stream', async () => {
    for (const no of [undefined, 5, { on: () => {} }])
      await expect(serveStream(counter, ref, no as never)).rejects.toMatchObject({
        code: 'ERR_OPTION',
        fields: { option: 'stream' },
      })
  })

  test('a server without a codec, by name', async () => {
    const silent = await system.spawn(mute, undefined, { core: 1 })
    const stream = new PassThrough()
    await expect(serveStream(mute, silent, stream)).rejects.toMatchObject({
      code: 'ERR_NO_CODEC',
      message: 'server cannot be fed bytes: name=mute, missing encode',
    })
    expect(stream.destroyed).toBe(true)
    await system.stop(silent)
  })

  test.each([
    ['frame', { frame: 'word' }],
    ['frameBytesMax', { frameBytesMax: 0 }],
    ['askTimeoutMs', { askTimeoutMs: -1 }],
    ['options.frames', { frames: 'line' }],
  ])('a wrong option: %s', async (option, options) => {
    await expect(serveStream(counter, ref, new PassThrough(), options as object)).rejects.toMatchObject({
      code: 'ERR_OPTION',
      message: expect.stringContaining(`option ${option} is wrong`) as string,
    })
  })

  test.each([
    ['of objects', new PassThrough({ objectMode: true })],
    ['of text', new PassThrough({ encoding: 'utf8' })],
  ])('a stream %s', async (_what, stream: Duplex) => {
    await expect(serveStream(counter, ref, stream)).rejects.toMatchObject({ code: 'ERR_OPTION' })
  })
})
