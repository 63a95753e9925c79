/**
 * Looks for what a simulation has no hold on: files, sockets, child processes, threads. Node's `async_hooks` tell of every such thing as it
 * is made, its diagnostics channels of requests over a socket that is there already; and the context of the run (`sim-context.ts`) tells whose it is.
 *
 * What is done once (reading a file, resolving a name) is counted until it has called back: the run lets no virtual time pass meanwhile, so
 * that the outcome of one such thing at a time does not depend on real time. What stays open (sockets, processes) is only reported.
 */
import { createHook } from 'node:async_hooks'
import type { AsyncHook } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { simFrames } from './sim-context.ts'
import type { SimScope } from './sim-context.ts'

/** Types of asynchronous resources, and what they are to people. Pipes are left out: the console's may be one. */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^(FSREQCALLBACK|FSREQPROMISE|FILEHANDLE.*)$/, 'files'],
  [/^(TCP|TLS|UDP|PIPE(SERVER|CONNECT)).*WRAP$|^HTTP/, 'sockets'],
  [/^(GETADDRINFO|GETNAMEINFO|QUERY).*WRAP$|^DNSCHANNEL$/, 'name lookups'],
  [/^PROCESSWRAP$/, 'child processes'],
  [/^WORKER$/, 'worker threads'],
  [/^MESSAGEPORT$/, 'message ports'],
  [/^(FSEVENTWRAP|STATWATCHER)$/, 'watched files'],
  [/^(ZLIB|BROTLI|ZSTD).*$/, 'compression off the thread'],
  [/^[A-Z0-9]+(REQUEST|JOB)$/, 'cryptography off the thread'],
]
const ONCE = /REQ(CALLBACK|PROMISE|WRAP)?$|^FILEHANDLECLOSEREQ$|^QUERY.*WRAP$|REQUEST$/

/** Requests of `fetch` and of `node:http`. */
const REQUESTS = ['undici:request:create', 'http.client.request.start']

const kinds = new Map<string, string | undefined>()
const underWay = new Map<number, SimScope>()
let hook: AsyncHook | undefined
let watchers = 0

/** Begins to look; the returned function ends it. */
export function watchOutside(): () => void {
  watchers += 1
  if (watchers === 1) {
    const done = (asyncId: number): void => {
      const scope = underWay.get(asyncId)
      if (scope === undefined) return
      underWay.delete(asyncId)
      scope.outside -= 1
    }
    const options = {
      init(asyncId: number, type: string): void {
        const kind = kindOf(type)
        if (kind === undefined) return
        const scope = simFrames.getStore()?.scope
        if (scope === undefined) return
        scope.met(kind)
        if (!ONCE.test(type)) return
        underWay.set(asyncId, scope)
        scope.outside += 1
      },
      after: done,
      destroy: done,
      // Promises are no business of this hook, and following them costs; Node before 24 follows them all the same.
      trackPromises: false,
    }
    hook = createHook(options).enable()
    for (const channel of REQUESTS) subscribe(channel, onRequest)
  }
  let isWatching = true
  return () => {
    if (!isWatching) return
    isWatching = false
    watchers -= 1
    if (watchers > 0) return
    hook?.disable()
    for (const channel of REQUESTS) unsubscribe(channel, onRequest)

    underWay.clear()
  }
}

function onRequest(): void {
  simFrames.getStore()?.scope.met('sockets')
}

function kindOf(type: string): string | undefined {
  if (!kinds.has(type)) kinds.set(type, KINDS.find(([pattern]) => pattern.test(type))?.[1])
  return kinds.get(type)
}
