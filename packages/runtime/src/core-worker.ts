/**
 * Entry of a worker thread: a spare first, which loads what it is told to, then one core, driven by the thread's event loop, under the control of
 * the root.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { availableParallelism } from 'node:os'
import { attachSystemMemory, Core, createLayoutsAhead } from '@cambium/scheduler'
import type { SystemMemory } from '@cambium/scheduler'
import { CambiumError, moduleLoadError, toErrorRecord } from '@cambium/base'
import type { CorePlatform } from '@cambium/base'
import { isBehaviour } from '@cambium/actor'
import type { Behaviour } from '@cambium/actor'
import * as Comlink from 'comlink'
import { nodeEndpoint } from './node-endpoint.ts'
import { createProcessClock } from './process-clock.ts'
import type { RootControl, WorkerControl, WorkerSetting } from './control-plane.ts'
import { CoreLoop } from './core-loop.ts'
import { guardHeap } from './heap-guard.ts'
import { argumentError, checkNotAborted, unwrapOutcome } from './offload-pool.ts'
import { PortPost } from './port-post.ts'
import { rehearse } from './rehearsal.ts'
import type { LastWords } from './thread-death.ts'
import { keepLife } from './thread-life.ts'
import { setThreadRole } from './thread-role.ts'

const setting = workerData as WorkerSetting
setThreadRole('spare core')
guardHeap(setting.heapMb)
const root = Comlink.wrap<RootControl>(nodeEndpoint(setting.rootPort))
let loop: CoreLoop | undefined
let core: Core | undefined
let memory: SystemMemory | undefined
/** Whatever is pending before any module of behaviours is loaded is ours: the port of the control plane. */
let ownResources = 0
/** Loaded while this was a spare. */
const learnt: Behaviour<unknown, unknown>[] = []
/** How often a spare looks for layouts of messages that are new, in milliseconds. */
const AHEAD_MS = 1000
/** While this is a spare. */
let ahead: NodeJS.Timeout | undefined
const post = new PortPost()
let lastOffload = 0

async function offload(module: string, job: string, argument: unknown, signal: AbortSignal | undefined): Promise<unknown> {
  checkNotAborted(signal)
  lastOffload += 1
  const id = lastOffload
  const onAbort = (): void => {
    void root.cancelOffload(id)
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    const outcome = await root.offload(id, module, job, argument).catch((error: unknown) => {
      throw argumentError(error)
    })
    return unwrapOutcome(outcome)
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

const platform: CorePlatform = {
  now: createProcessClock(),
  random: () => Math.random(),
  importModule: (url) => import(url) as Promise<Record<string, unknown>>,
  requestTurn: () => loop?.requestTurn(),
  offload,
  parcels: post,
}

const control: WorkerControl = {
  prepare(shared, isSpare, life) {
    keepLife(life)
    ownResources = process.getActiveResourcesInfo().length
    memory = attachSystemMemory(shared)
    if (!isSpare) return
    rehearse(platform)
    const readOn = createLayoutsAhead(memory)
    readOn()
    ahead = setInterval(readOn, AHEAD_MS).unref()
  },
  run(start) {
    setThreadRole(`core ${start.number}`)
    clearInterval(ahead)
    memory ??= attachSystemMemory(start.memory)
    core = new Core({
      number: start.number,
      memory,
      limits: start.limits,
      isStrict: start.isStrict,
      isOpen: start.isOpen,
      platform,
    })
    loop = new CoreLoop({
      core,
      memory,
      parallelism: availableParallelism(),
      mayBlock: true,
      ownResources,
      onStopped: () => {
        // With its ports closed nothing keeps the thread alive, unless an actor left something behind: then the root kills it.
        setting.rootPort.close()
        post.close()
        parentPort?.close()
      },
    })
    for (const behaviour of learnt.splice(0)) core.loader.learn(behaviour)
    core.toRoot({ type: 'hello', core: start.number })
    loop.start()
  },
  async load(module) {
    let exports: Record<string, unknown>
    try {
      exports = (await import(module)) as Record<string, unknown>
    } catch (cause) {
      return { error: toErrorRecord(moduleLoadError(module, cause)) }
    }
    const behaviours = Object.values(exports).filter(isBehaviour)
    if (core === undefined) learnt.push(...behaviours)
    else for (const behaviour of behaviours) core.loader.learn(behaviour)
    return { names: behaviours.map((behaviour) => behaviour.name) }
  },
  connect(peer, port) {
    post.connect(peer, port)
    core?.parcels.connected(peer)
  },
  report() {
    if (core === undefined) throw new CambiumError('ERR_CORE_NOT_STARTED', 'core has not started: its thread is a spare')
    return core.report()
  },
  stop() {
    core?.flush()
    // After the answer to this call has left.
    setImmediate(() => loop?.stop())
  },
}

function say(words: LastWords): void {
  parentPort?.postMessage(words)
}
process.on('uncaughtExceptionMonitor', (_error, origin) => {
  say({ lastWords: origin })
})
process.on('exit', (exitCode) => {
  say({ lastWords: 'exit', exitCode })
})
if (parentPort === null) throw new CambiumError('ERR_NOT_A_WORKER', 'this module is the entry of a worker thread')
Comlink.expose(control, nodeEndpoint(parentPort))
