/** The real platform: cores on worker threads, the machine's clock, Comlink to each worker, one pool for offloaded jobs. */
import { availableParallelism } from 'node:os'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { CorePlatform, ErrorRecord } from '@cambium/base'
import { CambiumError, fromErrorRecord, toErrorRecord, WorkerFlags } from '@cambium/base'
import { createDoorbell } from '@cambium/ring'
import { attachSystemMemory } from '@cambium/scheduler'
import type { Core, CoreBlock, SystemMemory } from '@cambium/scheduler'
import * as Comlink from 'comlink'
import { nodeEndpoint } from './node-endpoint.ts'
import { createProcessClock } from './process-clock.ts'
import type { LoadOutcome, RootControl, WorkerControl, WorkerSetting } from './control-plane.ts'
import { CoreLoop } from './core-loop.ts'
import { v8HeapMb } from './heap-guard.ts'
import { checkNotAborted, OffloadPool, unwrapOutcome } from './offload-pool.ts'
import { PortPost } from './port-post.ts'
import { isLastWords, threadDeath } from './thread-death.ts'
import { watchLife } from './thread-life.ts'
import type { LastWords } from './thread-death.ts'
import type { CoreThread, Driver, SystemPlatform, ThreadEvents, ThreadStart } from './system-platform.ts'

/** Keeps the process alive while a system runs, whatever else happens; the interval itself does nothing. */
const KEEP_ALIVE_MS = 2 ** 30

export function createWorkerPlatform(): SystemPlatform {
  const parallelism = availableParallelism()
  const flags = new WorkerFlags(process.execArgv)
  const pool = new OffloadPool(parallelism, flags)
  let loop: CoreLoop | undefined
  let memory: SystemMemory | undefined
  let keepAlive: NodeJS.Timeout | undefined
  let lastOffload = 0
  let lastWorker = 0
  const post = new PortPost()
  /** How each running core is told of a way for parcels to a peer. */
  const ends = new Map<number, ParcelEnd>()

  const corePlatform: CorePlatform = {
    now: createProcessClock(),
    random: () => Math.random(),
    importModule: (url) => import(url) as Promise<Record<string, unknown>>,
    requestTurn: () => loop?.requestTurn(),
    parcels: post,
    async offload(module, job, argument, signal) {
      checkNotAborted(signal)
      lastOffload += 1
      const key = `0/${lastOffload}`
      const onAbort = (): void => {
        pool.cancel(key)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      try {
        return unwrapOutcome(await pool.run(key, { module, job, argument }))
      } finally {
        signal?.removeEventListener('abort', onAbort)
      }
    },
  }

  return {
    parallelism,
    corePlatform,
    allocate: (bytes) => new SharedArrayBuffer(bytes),
    drive(core: Core): Driver {
      keepAlive = setInterval(() => {}, KEEP_ALIVE_MS)
      memory ??= attachSystemMemory(core.memory)
      loop = new CoreLoop({ core, memory, parallelism, mayBlock: false })
      ends.set(0, (peer, port) => {
        post.connect(peer, port)
        core.parcels.connected(peer)
      })
      loop.start()
      return {
        stop() {
          loop?.stop()
          clearInterval(keepAlive)
        },
      }
    },
    startThread(start: ThreadStart, events: ThreadEvents): CoreThread {
      memory ??= attachSystemMemory(start.memory)
      lastWorker += 1
      return startWorker(start, events, memory, pool, flags, lastWorker, ends)
    },
    close() {
      post.close()
      return pool.close()
    },
  }
}

/** Told of a way for parcels between this core and a peer. */
type ParcelEnd = (peer: number, port: MessagePort) => void

/** Joins a new core with each that runs. */
function connectParcels(core: number, connect: ParcelEnd, ends: Map<number, ParcelEnd>): void {
  for (const [peer, connectPeer] of ends) {
    if (peer === core) continue
    const { port1, port2 } = new MessageChannel()
    connect(peer, port1)
    connectPeer(core, port2)
  }
  ends.set(core, connect)
}

function startWorker(
  start: ThreadStart,
  events: ThreadEvents,
  memory: SystemMemory,
  pool: OffloadPool,
  flags: WorkerFlags,
  life: number,
  ends: Map<number, ParcelEnd>,
): CoreThread {
  // Of this thread alone: a successor counts its jobs anew while those of its predecessor still run.
  const owner = `${life}/`
  const { port1, port2 } = new MessageChannel()
  const setting: WorkerSetting = { rootPort: port2, heapMb: start.heapMb }
  const worker = flags.start(
    (options) =>
      new Worker(new URL(import.meta.resolve('#core-worker')), {
        ...options,
        name: `cambium-core-${life}`,
        workerData: setting,
        transferList: [port2],
        ...(start.heapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: v8HeapMb(start.heapMb) } }),
      }),
  )
  const remote = Comlink.wrap<WorkerControl>(nodeEndpoint(worker))
  const rootControl: RootControl = {
    offload: (id, module, job, argument) => pool.run(`${owner}${id}`, { module, job, argument }),
    cancelOffload: (id) => {
      pool.cancel(`${owner}${id}`)
    },
  }
  Comlink.expose(rootControl, nodeEndpoint(port1))

  /** Undefined while it is a spare, which waits in its event loop and needs no bell. */
  let block: CoreBlock | undefined
  let label = 'spare'
  let isTold = false
  let cause: ErrorRecord | undefined
  let onGone: (() => void)[] = []
  const attention = (): void => {
    if (block === undefined) return
    Atomics.store(block.attention, 0, 1)
    createDoorbell(block.bell).ring()
  }
  /** A call whose answer never comes, because the thread ended, is an error. */
  const call = async <T>(answer: Promise<T>): Promise<T> => {
    attention()
    let gone: () => void = () => {}
    const ended = new Promise<never>((_resolve, reject) => {
      gone = () => {
        reject(new CambiumError('ERR_CORE_LOST', `core ended during the call: core=${label}`, { severity: 'crash' }))
      }
      onGone.push(gone)
    })
    try {
      return await Promise.race([answer, ended])
    } finally {
      onGone = onGone.filter((each) => each !== gone)
    }
  }

  // Its memory may be read for good when its JavaScript is over: that is told before its `exit` where the reason of its end is known by then.
  let thrown: { readonly value: unknown } | undefined
  let lastWords: LastWords | undefined
  let isOver = false
  let isKilled = false
  let isSilent = false
  const death = (exitCode?: number): ErrorRecord =>
    cause ?? threadDeath({ core: label, heapMb: start.heapMb, thrown, lastWords, exitCode })
  const tellSilent = (): void => {
    if (!isOver || isSilent || isTold) return
    const hasExited = lastWords?.lastWords === 'exit'
    if (!isKilled && !hasExited && (thrown === undefined || lastWords === undefined)) return
    isSilent = true
    disconnect()
    events.onSilent(death())
  }
  const lifePort = watchLife(() => {
    isOver = true
    tellSilent()
  })
  worker.on('message', (message) => {
    if (!isLastWords(message)) return
    lastWords ??= message // an uncaught error is followed by an exit
    tellSilent()
  })
  worker.on('error', (value: unknown) => {
    thrown ??= { value }
    events.onFailing(death())
    tellSilent()
  })
  worker.on('messageerror', (error) => {
    cause ??= toErrorRecord(error)
  })
  let number: number | undefined
  const connect: ParcelEnd = (peer, port) => {
    call(remote.connect(peer, Comlink.transfer(port, [port]))).catch(() => {})
  }
  const disconnect = (): void => {
    if (number !== undefined && ends.get(number) === connect) ends.delete(number)
    port1.close()
    pool.cancelAll(owner)
    for (const gone of onGone) gone()
  }
  worker.on('exit', (code) => {
    isSilent = true // the news of the port may come behind it
    disconnect()
    events.onEnd(isTold && cause === undefined && thrown === undefined ? undefined : death(code))
  })
  const kill = (): void => {
    isKilled = true
    void worker.terminate()
  }
  const endWith = (error: unknown): void => {
    if (isSilent) return // a call that ended with its thread
    cause ??= toErrorRecord(error)
    events.onFailing(cause)
    kill()
  }
  call(remote.prepare(start.memory, start.isSpare, Comlink.transfer(lifePort, [lifePort]))).then(() => {
    events.onReady()
  }, endWith)

  return {
    run(core) {
      label = String(core.number)
      block = memory.blocks[core.number]
      call(remote.run(core)).catch(endWith)
      number = core.number
    },
    connect() {
      if (number !== undefined) connectParcels(number, connect, ends)
    },
    report: () => call(remote.report()),
    async load(module) {
      const outcome = await call(remote.load(module) as Promise<LoadOutcome>)
      if ('error' in outcome) throw fromErrorRecord(outcome.error)
      return outcome.names
    },
    stop() {
      isTold = true
      call(remote.stop()).catch(() => {})
    },
    kill,
    abandon: disconnect,
  }
}
