/** Runs one offloaded job on a thread of the pool: the exported function of a module. */
import { CambiumError, moduleLoadError, toErrorRecord } from '@cambium/base'
import type { OffloadOutcome } from './control-plane.ts'
import type { OffloadJob } from './offload-pool.ts'
import { setThreadRole } from './thread-role.ts'

setThreadRole('offload')

export default async function runJob({ module, job, argument }: OffloadJob): Promise<OffloadOutcome> {
  try {
    const run = (await load(module))[job]
    if (typeof run !== 'function') {
      throw new CambiumError('ERR_OFFLOAD_JOB', `module exports no such function: module=${module}, job=${job}`)
    }
    return { value: cloneable(await (run as (argument: unknown) => unknown)(argument), module, job) }
  } catch (error) {
    return { error: toErrorRecord(error) }
  }
}

async function load(module: string): Promise<Record<string, unknown>> {
  try {
    return (await import(module)) as Record<string, unknown>
  } catch (cause) {
    throw moduleLoadError(module, cause)
  }
}

/** Tried here, where the job can be named: a pool's thread that cannot post its answer ends without a word. */
function cloneable(value: unknown, module: string, job: string): unknown {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return value
  try {
    structuredClone(value)
    return value
  } catch (cause) {
    const message = `result of the offloaded job cannot be cloned: module=${module}, job=${job}, cause=${cause instanceof Error ? cause.message : String(cause)}`
    throw new CambiumError('ERR_OFFLOAD_RESULT', message, { cause, fields: { module, job } })
  }
}
