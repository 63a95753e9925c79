/** The service as it is run: a process, a port, a signal. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { checksumOf, plainChecksum } from './plain-renderer.ts'
import { bytesOf, SLOW_TILES } from './service-under-test.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly out: string
  readonly err: string
}

interface Program {
  readonly child: ChildProcess
  readonly address: Promise<string>
  readonly ended: Promise<Ended>
}

function tiles(...args: readonly string[]): Program {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  let out = ''
  let err = ''
  const address = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      const found = /http:\/\/\S+/.exec(out)?.[0]
      if (found !== undefined) resolve(found)
    })
    child.once('close', () => reject(new Error(`ended without an address: ${err}`)))
  })
  address.catch(() => {})
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, out, err }))
  })
  return { child, address, ended }
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s: what is open is answered, then it ends with 0',
  async (signal) => {
    const program = tiles('--port', '0', '--cores', '1', '--deadline-ms', '60000', '--turn-ms', '60000')
    const address = await program.address
    const live = await fetch(`${address}/live`) // an endless answer does not hold it up
    const idle = await fetch(`${address}/healthz`) // nor does a connection that is kept open
    await idle.arrayBuffer()
    let answered = 0
    const open = SLOW_TILES.slice(0, 3).map(async (path) => {
      const response = await fetch(`${address}${path}`)
      await response.arrayBuffer()
      answered += 1
      return response.status
    })
    const reader = (live.body as ReadableStream<Uint8Array>).getReader()
    let seen = ''
    while (!seen.includes('"inFlight":3')) seen += new TextDecoder().decode((await reader.read()).value)
    expect(answered).toBe(0)
    program.child.kill(signal)
    program.child.kill(signal) // of one press of a key, as npm passes it on
    expect(await Promise.all(open)).toEqual([200, 200, 200])
    const ended = await program.ended
    expect([ended.code, ended.signal, ended.err]).toEqual([0, null, ''])
    expect(ended.out).toContain(`stopping on ${signal}`)
    await expect(fetch(`${address}/healthz`)).rejects.toThrow('fetch failed')
  },
  60_000,
)

test('a second signal ends it at once', async () => {
  const program = tiles('--port', '0', '--cores', '1', '--deadline-ms', '60000', '--turn-ms', '60000')
  const address = await program.address
  const open = fetch(`${address}${SLOW_TILES[0]}`).then(
    () => 'answered',
    () => 'cut',
  )
  const watch = fetch(`${address}/live`)
  const reader = ((await watch).body as ReadableStream<Uint8Array>).getReader()
  let seen = ''
  while (!seen.includes('"inFlight":1')) seen += new TextDecoder().decode((await reader.read()).value)
  program.child.kill('SIGINT')
  const again = setInterval(() => program.child.kill('SIGINT'), 50) // those of the first quarter of a second belong to the first press
  const ended = await program.ended
  clearInterval(again)
  expect([ended.code, await open]).toEqual([130, 'cut'])
}, 60_000)

test('a port that is taken is one clear line', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => {
    other.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    other.close()
  })
  const { port } = other.address() as AddressInfo
  const { code, out, err } = await tiles('--port', String(port), '--cores', '1').ended
  expect([code, out]).toEqual([1, ''])
  expect(err).toBe(`tiles: something else listens there already: host=127.0.0.1, port=${port} (--port takes another)\n`)
})

test('an address that is not ours, wrong arguments, help', async () => {
  const strange = await tiles('--host', '192.0.2.1', '--port', '0', '--cores', '1').ended
  expect([strange.code, strange.err]).toEqual([1, 'tiles: this machine has no such address: host=192.0.2.1\n'])
  const wrong = await tiles('--cores', 'many').ended
  expect([wrong.code, wrong.out]).toEqual([2, ''])
  expect(wrong.err).toMatch(/^tiles: --cores must be a whole number .*\n$/)
  const help = await tiles('--help').ended
  expect([help.code, help.err]).toEqual([0, ''])
  expect(help.out).toContain('--no-drills')
})

test('listens on another address when it is told to, IPv6 for one', async () => {
  const program = tiles('--host', '::1', '--port', '0', '--cores', '1', '--no-drills')
  const address = await program.address
  expect(address).toMatch(/^http:\/\/\[::1\]:\d+$/)
  const response = await fetch(`${address}/tiles/tricorn/1/0/1.png`)
  expect(checksumOf(await bytesOf(response))).toBe(plainChecksum('tricorn', 1, 0, 1, 'ember'))
})
