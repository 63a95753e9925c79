/** Offloaded jobs of a simulation: in this thread, since there is no other; what a job takes is virtual. */
import { CambiumError, moduleLoadError } from '@cambium/base'
import { offloadAborted } from '@cambium/runtime'
import type { SimFrame } from './sim-context.ts'

/** A job takes up to so many virtual milliseconds. */
const JOB_MS_MAX = 5

/** One that is aborted before its time is not run; if it has begun, nobody waits for it any more. */
export async function offloadHere(
  frame: SimFrame,
  url: string,
  job: string,
  argument: unknown,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const { scope } = frame
  if (signal?.aborted === true) throw offloadAborted(signal.reason)
  scope.met('offloaded jobs')
  const work = async (): Promise<unknown> => {
    scope.outside += 1
    let run: unknown
    try {
      run = ((await import(url)) as Record<string, unknown>)[job]
    } catch (cause) {
      throw moduleLoadError(url, cause)
    } finally {
      scope.outside -= 1
    }
    if (typeof run !== 'function')
      throw new CambiumError('ERR_OFFLOAD_JOB', `module exports no such function: module=${url}, job=${job}`)
    await scope.timers.sleep(frame, scope.random.next() * JOB_MS_MAX, undefined, signal)
    return structuredClone(await (run as (argument: unknown) => unknown)(structuredClone(argument)))
  }
  if (signal === undefined) return work()
  let onAbort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      reject(offloadAborted())
    }
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([aborted, work()])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
