/** A monitor for code outside actors: a promise in place of the callback `info`. */
import { isRef } from '@cambium/actor'
import type { ExitReason } from '@cambium/actor'
import { CambiumError, checkFields, formatAddress, optionError } from '@cambium/base'
import { checkHosted } from '@cambium/scheduler'
import type { Core } from '@cambium/scheduler'

/** Watches from core 0, until the end, the abort, or the end of the system. */
export async function monitorFromOutside(
  core: Core,
  terminated: Promise<unknown>,
  ref: unknown,
  options: { readonly signal?: AbortSignal },
): Promise<ExitReason> {
  if (!isRef(ref)) throw optionError('ref', ref, 'a ref')
  checkHosted(ref, core.sender)
  checkFields('options', options, ['signal'])
  const { signal } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw optionError('signal', signal, 'an AbortSignal')
  signal?.throwIfAborted()
  let stopWatching = (): void => {}
  let onAbort = (): void => {}
  try {
    return await new Promise<ExitReason>((resolve, reject) => {
      onAbort = () => {
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      stopWatching = core.bonds.watch(ref, resolve)
      void terminated.then(() => {
        reject(new CambiumError('ERR_SYSTEM_CLOSED', `system has shut down: ref=${formatAddress(ref)}`))
      })
    })
  } finally {
    signal?.removeEventListener('abort', onAbort)
    stopWatching()
  }
}
