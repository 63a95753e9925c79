/** `GET /live`: how the service is doing, as server-sent events. A bounded number of listeners; one that does not read is let go. */
import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { sendProblem } from './problem.ts'

export interface LiveRouteOptions {
  /** What is sent, as plain data. */
  readonly snapshot: () => Promise<object>
}

const INTERVAL_MS = 500
const LISTENERS_MAX = 64
/** Unread bytes of one listener. */
const BACKLOG_BYTES_MAX = 256 * 1024

export interface LiveStream {
  readonly listeners: number
  /** Ends all streams. */
  close(): void
}

export function addLiveRoutes(app: FastifyInstance, { snapshot }: LiveRouteOptions): LiveStream {
  const listeners = new Set<ServerResponse>()
  let timer: NodeJS.Timeout | undefined
  let isSending = false

  const send = async (): Promise<void> => {
    if (isSending) return
    isSending = true
    try {
      const text = `data: ${JSON.stringify(await snapshot())}\n\n`
      for (const listener of listeners) {
        if (listener.writableLength > BACKLOG_BYTES_MAX) listener.destroy()
        else listener.write(text)
      }
    } catch {
      // The next one may go better; who looks at the stream sees that it stands still.
    } finally {
      isSending = false
    }
  }

  app.get('/live', { exposeHeadRoute: false }, (_request, reply) => {
    if (listeners.size >= LISTENERS_MAX) {
      sendProblem(reply, 503, `as many listen as may: listeners=${LISTENERS_MAX}`)
      return
    }
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    raw.write('retry: 1000\n\n')
    listeners.add(raw)
    timer ??= setInterval(() => void send(), INTERVAL_MS)
    void send()
    raw.once('close', () => {
      listeners.delete(raw)
      if (listeners.size > 0) return
      clearInterval(timer)
      timer = undefined
    })
  })

  return {
    get listeners() {
      return listeners.size
    },
    close() {
      for (const listener of listeners) listener.end()
    },
  }
}
