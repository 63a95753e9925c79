/** Runs one offloaded job on a thread of the pool: the exported function of a module. */
import { CambiumError, toErrorRecord } from '@cambium/base'
import type { OffloadOutcome } from './control-plane.ts'
import type { OffloadJob } from './offload-pool.ts'

export default async function runJob({ module, job, argument }: OffloadJob): Promise<OffloadOutcome> {
  try {
    const exports = (await import(module)) as Record<string, unknown>
    const run = exports[job]
    if (typeof run !== 'function') {
      throw new CambiumError('ERR_OFFLOAD_JOB', `module exports no such function: module=${module}, job=${job}`)
    }
    return { value: await (run as (argument: unknown) => unknown)(argument) }
  } catch (error) {
    return { error: toErrorRecord(error) }
  }
}
