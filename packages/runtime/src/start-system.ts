/** Starts a system on worker threads, and ties it to the signals of the process. */
import { createSystem } from './system.ts'
import { endProcess } from './process-end.ts'
import type { System } from './system.ts'
import type { SystemOptions } from './system-options.ts'
import { checkMayStartSystem } from './thread-role.ts'
import { createWorkerPlatform } from './worker-platform.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/**
 * Signals that come within this time of the first are the same press of a key, in milliseconds: npm and other runners pass on to their children
 * what the terminal has sent to them already.
 */
const SAME_PRESS_MS = 250

/**
 * Starts `options.cores` worker threads and resolves when all of them run. Several systems in one process are isolated from each other.
 *
 * On SIGINT and SIGTERM the system shuts down; when no other listener is left the signal then takes its usual course, so that the exit
 * code tells it (130, 143 in a shell). A second one, a quarter of a second later or more, takes its course at once: nothing is waited for any
 * longer. Rejects with `ERR_OPTION`; with `ERR_CORE_INTENSITY`, whose `cause` says why, when cores do not start; with `ERR_NESTED_SYSTEM` in a
 * module that a core or an offloaded job imports.
 *
 * With `onFailure: 'exit'` the process ends when the system has failed: after one line of JSON on stderr, with code 70. It does so in any case when
 * more than `abandonedMax` threads do not end, then by SIGKILL (137 in a shell), as Node's own exit would wait for them.
 */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  checkMayStartSystem()
  const platform = createWorkerPlatform()
  const system = await createSystem(platform, options)
  void system.terminated.then(async ({ error }) => {
    if (error === undefined || (options.onFailure !== 'exit' && error.code !== 'ERR_CORES_ABANDONED')) return
    endProcess(error, await system.shutdown()) // after whoever waits for `terminated`
  })
  if (options.handleSignals === false) return system
  let firstMs: number | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = platform.corePlatform.now()
    firstMs ??= now
    if (now - firstMs < SAME_PRESS_MS) void system.shutdown().then(() => takeCourse(signal))
    else {
      leave()
      takeCourse(signal)
    }
  }
  const leave = (): void => {
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  void system.terminated.then(leave)
  return system
}

/** Lets a signal do what it does to a process that does not listen, unless somebody still listens. */
function takeCourse(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
}
