/** Actors that are started, asked once, crashed and stopped: the subjects of the spawn, memory and restart cases. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { defineActor } from 'cambium'
import type { Behaviour, Ref } from 'cambium'
import { nowNs } from './messages.ts'

export interface Ping {
  readonly type: 'ping'
}

/** An actor with a little state that answers with the number it was given. */
export const idler: Behaviour<number, Ping, number> = defineActor<number, Ping, number, { readonly id: number }>(
  import.meta.url,
  'idler',
  {
    init: (id) => ({ id }),
    receive(state, _ping, context) {
      context.reply(state.id)
    },
  },
)

export interface LifeTally {
  readonly spawnNs: number
  readonly askNs: number
  readonly stopNs: number
  readonly count: number
  readonly checksum: number
}

export type ParentMessage =
  | { readonly type: 'live'; readonly count: number; readonly chunk: number }
  | { readonly type: 'raise'; readonly count: number; readonly chunk: number }

/** Spawns children on its own core. `live` has them answer and stops them again; `raise` keeps them. */
export const parent: Behaviour<null, ParentMessage, LifeTally> = defineActor<null, ParentMessage, LifeTally>(
  import.meta.url,
  'parent',
  {
    init: () => null,
    async receive(_state, { type, count, chunk }, context) {
      const children: Ref<Ping, number>[] = []
      const startNs = nowNs()
      while (children.length < count) {
        const until = Math.min(count, children.length + chunk)
        while (children.length < until) children.push(context.spawn(idler, children.length))
        // Children start in order: when the last one answers, the chunk is up.
        await children.at(-1)?.ask({ type: 'ping' })
      }
      const spawnedNs = nowNs()
      const { count: answered, checksum } = await askEach(children, chunk)
      const askedNs = nowNs()
      if (type === 'live') {
        for (let from = 0; from < count; from += chunk) {
          await Promise.all(children.slice(from, from + chunk).map((child) => context.stopChild(child)))
        }
      }
      context.reply({
        spawnNs: spawnedNs - startNs,
        askNs: askedNs - spawnedNs,
        stopNs: nowNs() - askedNs,
        count: answered,
        checksum,
      })
    },
  },
)

/** Every one answers one ask; `chunk` asks are under way at a time. */
export async function askEach(
  refs: readonly Ref<Ping, number>[],
  chunk: number,
): Promise<{ readonly count: number; readonly checksum: number }> {
  let count = 0
  let checksum = 0
  for (let from = 0; from < refs.length; from += chunk) {
    for (const id of await Promise.all(refs.slice(from, from + chunk).map((ref) => ref.ask({ type: 'ping' })))) {
      count += 1
      checksum = (checksum + id) | 0
    }
  }
  return { count, checksum }
}

export interface MemoryReading {
  /** Live bytes of the core's own heap, after a full collection. */
  readonly heap: number
  /** Bytes of its buffers, which lie outside the heap. */
  readonly buffers: number
  /** Of the process. */
  readonly rss: number
}

/** Reads the memory of the core it lives on. */
export const memoryReader: Behaviour<null, { readonly type: 'read' }, MemoryReading> = defineActor<
  null,
  { readonly type: 'read' },
  MemoryReading
>(import.meta.url, 'memoryReader', {
  init: () => null,
  receive(_state, _message, context) {
    context.reply(readMemory())
  },
})

/** The heap is the calling thread's. */
export function readMemory(): MemoryReading {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
  return { heap: heapUsed, buffers: arrayBuffers, rss }
}

export type FragileMessage = { readonly type: 'crash' } | { readonly type: 'probe' }
/** From the crash to the handling of the probe, and how often the actor has been restarted on this core. */
export interface ProbeAnswer {
  readonly ns: number
  readonly incarnation: number
}

/** It outlives the incarnation: the next one, on the same core, reads when the last one crashed. */
let crashedAtNs = 0

export const fragile: Behaviour<null, FragileMessage, ProbeAnswer> = defineActor<null, FragileMessage, ProbeAnswer>(
  import.meta.url,
  'fragile',
  {
    init: () => null,
    receive(_state, message, context) {
      if (message.type === 'crash') {
        crashedAtNs = nowNs()
        throw new Error('crashed on purpose')
      }
      context.reply({ ns: nowNs() - crashedAtNs, incarnation: context.incarnation })
    },
  },
)
