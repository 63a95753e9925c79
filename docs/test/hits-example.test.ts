/** The first example, docs/examples/hits, as a user runs it: a process, a socket, a signal, and the same again. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { run } from 'cambium'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hits } from '../examples/hits/hits.ts'
import type { Hits, Input } from '../examples/hits/hits.ts'
import { REPOSITORY } from './source-file.ts'

const increment: Input = { type: 'increment' }
const read: Input = { type: 'read' }
const reset: Input = { type: 'reset' }
const none: Hits = { file: 'unused', count: 0 }

describe('without a runtime', () => {
  test.each([
    ['R1.2 Increment, Increment, Read', [increment, increment, read], { type: 'value', value: 2 }],
    ['R1.2 Increment, Increment', [increment, increment], { type: 'ack' }],
    ['R1.2 Increment, Reset, Read', [increment, reset, read], { type: 'value', value: 0 }],
  ])('%s', (_what, inputs, output) => {
    expect(run(hits, none, inputs).output).toEqual(output)
  })

  test('R1.2 Reset, Reset, Read', () => {
    expect(() => run(hits, none, [reset, reset, read])).toThrow('reset at 0')
  })
})

describe('as a process', () => {
  let folder: string
  let file: string
  const processes: ChildProcess[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cambium-hits-'))
    file = join(folder, 'hits.txt')
  })
  afterEach(async () => {
    for (const each of processes.splice(0)) each.kill('SIGKILL')
    await rm(folder, { recursive: true })
  })

  /** Starts the example and resolves, when it listens, with its port. */
  const start = async (): Promise<{ child: ChildProcess; port: number }> => {
    const child = spawn(process.execPath, [join(REPOSITORY, 'docs/examples/hits/main.ts'), '0', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    processes.push(child)
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    const [line] = (await once(lines, 'line')) as [string]
    const port = /^listening: port=(\d+), cores=\d+, counter=core-\d+\/\d+#\d+$/.exec(line)?.[1]
    expect(port, line).toBeDefined()
    return { child, port: Number(port) }
  }

  /** Sends text and gives all answers. */
  const exchange = async (port: number, text: string): Promise<string> => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    socket.end(text)
    return Buffer.concat((await socket.toArray()) as Buffer[]).toString()
  }

  test('R1.3 R1.4 counts over TCP, survives its own bug, saves at Ctrl-C and goes on', async () => {
    const first = await start()
    expect(await exchange(first.port, 'increment\nincrement\nread\n')).toBe('ack\nack\nvalue 2\n')
    expect(await exchange(first.port, 'garbage\nreset\nreset\nincrement\nread')).toBe('ack\nack\nvalue 1\n')
    first.child.kill('SIGINT')
    expect(await once(first.child, 'exit')).toEqual([null, 'SIGINT'])
    expect(await readFile(file, 'utf8')).toBe('1\n')

    const second = await start()
    expect(await exchange(second.port, 'increment\nread\n')).toBe('ack\nvalue 2\n')
    second.child.kill('SIGTERM')
    expect(await once(second.child, 'exit')).toEqual([null, 'SIGTERM'])
    expect(await readFile(file, 'utf8')).toBe('2\n')
  })

  test('R1.3 a damaged file is an error that names it, and the file stays as it is', async () => {
    await writeFile(file, 'many')
    const child = spawn(process.execPath, [join(REPOSITORY, 'docs/examples/hits/main.ts'), '0', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    processes.push(child)
    const errors = (child.stderr as NodeJS.ReadableStream).setEncoding('utf8')
    let said = ''
    errors.on('data', (text: string) => {
      said += text
    })
    const [code] = (await once(child, 'close')) as [number]
    expect(code).toBe(1)
    expect(said).toContain('ERR_INIT_FAILED')
    expect(said).toContain(`saved state is damaged: file=${file}`)
    expect(await readFile(file, 'utf8')).toBe('many')
  })
})
