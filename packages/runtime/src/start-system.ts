/** Starts a system on worker threads, and ties it to the signals of the process. */
import { createSystem } from './system.ts'
import type { System } from './system.ts'
import type { SystemOptions } from './system-options.ts'
import { createWorkerPlatform } from './worker-platform.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Starts `options.cores` worker threads and resolves when all of them run. Several systems in one process are isolated from each other.
 *
 * On SIGINT and SIGTERM the system shuts down; when no other listener is left the signal then takes its usual course, so that the exit
 * code tells it. Rejects with `ERR_OPTION`, `ERR_CORE_START_TIMEOUT`, `ERR_CORE_INTENSITY`.
 */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const system = await createSystem(createWorkerPlatform(), options)
  if (options.handleSignals === false) return system
  const onSignal = (signal: NodeJS.Signals): void => {
    void system.shutdown().then(() => {
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
    })
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  void system.terminated.then(() => {
    for (const signal of SIGNALS) process.off(signal, onSignal)
  })
  return system
}
