/** A TCP front end: every connection feeds lines to the same server, which may live on any core. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { serveStream } from 'cambium'
import type { Ref } from 'cambium'
import { hits } from './hits.ts'
import type { Input, Output } from './hits.ts'

const IDLE_MS_MAX = 60_000

/** Listens on `port`, or on a free one for 0, and resolves with it. */
export async function listen(counter: Ref<Input, Output>, port: number): Promise<number> {
  // Half-open: a client that has sent its last line still gets the answer.
  const listener = createServer({ allowHalfOpen: true }, (socket) => {
    socket.setTimeout(IDLE_MS_MAX, () => socket.destroy())
    serveStream(hits, counter, socket).then(
      (report) => {
        console.log('connection: %o', report)
        socket.end()
      },
      (error: unknown) => {
        console.log(`connection failed: ${String(error)}`)
      },
    )
  })
  await once(listener.listen(port, '127.0.0.1'), 'listening')
  return (listener.address() as AddressInfo).port
}
