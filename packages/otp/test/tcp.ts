/** A TCP front end as users write it, and a client that reads frames. Both are closed when the test ends. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Ref } from '@cambium/actor'
import { serveStream } from '../src/index.ts'
import type { ByteStreamOptions, ByteStreamReport, Server } from '../src/index.ts'

export interface FrontEnd {
  connect(): Promise<Client>
  /** How serving the connections ended, in the order in which they came. */
  readonly served: readonly Promise<ByteStreamReport>[]
}

export interface Client {
  readonly socket: Socket
  send(text: string | Uint8Array): void
  /** The next `count` lines. */
  lines(count: number): Promise<string[]>
  /** The next `count` bytes. */
  bytes(count: number): Promise<Buffer>
  /** Closes this side and gives what still came. */
  end(): Promise<string>
}

export async function listen<A, S, I, O>(
  server: Server<A, S, I, O>,
  ref: Ref<I, O>,
  options: ByteStreamOptions = {},
): Promise<FrontEnd> {
  const served: Promise<ByteStreamReport>[] = []
  const sockets = new Set<Socket>()
  const listener = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    const serving = serveStream(server, ref, socket, options)
    served.push(serving)
    serving.then(
      () => socket.end(),
      () => {}, // the test looks at `served`
    )
  })
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(async () => {
    const closed = once(listener, 'close')
    listener.close()
    for (const socket of sockets) socket.destroy()
    await Promise.allSettled(served)
    await closed
  })
  const { port } = listener.address() as AddressInfo
  return {
    served,
    connect: async () => {
      const accepted = once(listener, 'connection')
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      onTestFinished(() => {
        socket.destroy()
      })
      await Promise.all([accepted, once(socket, 'connect')])
      return createClient(socket)
    },
  }
}

function createClient(socket: Socket): Client {
  let unread = Buffer.alloc(0)
  const chunks = socket.iterator({ destroyOnReturn: false })
  const more = async (): Promise<boolean> => {
    const { value, done } = (await chunks.next()) as IteratorResult<Buffer, undefined>
    if (value !== undefined) unread = Buffer.concat([unread, value])
    return done !== true
  }
  const take = (length: number): Buffer => {
    const taken = unread.subarray(0, length)
    unread = unread.subarray(length)
    return taken
  }
  return {
    socket,
    send: (text) => {
      socket.write(text)
    },
    async lines(count) {
      const lines: string[] = []
      while (lines.length < count) {
        const end = unread.indexOf('\n')
        if (end >= 0)
          lines.push(
            take(end + 1)
              .toString()
              .trimEnd(),
          )
        else if (!(await more())) throw new Error(`stream ended: lines=${lines.length}, wanted=${count}`)
      }
      return lines
    },
    async bytes(count) {
      while (unread.length < count) if (!(await more())) throw new Error(`stream ended: bytes=${unread.length}, wanted=${count}`)
      return take(count)
    },
    async end() {
      socket.end()
      while (await more());
      return take(unread.length).toString()
    },
  }
}
