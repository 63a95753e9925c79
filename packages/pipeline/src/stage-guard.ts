/**
 * A handler as its processor may call it: what it throws outside of a record has a code, and a promise that it returns is refused.
 *
 * A processor goes on as soon as a handler has returned, and those behind then read the slot. Nobody would wait for a promise, and nobody
 * would hear that it was rejected.
 */
import { CambiumError } from '@cambium/base'
import type { BatchHandler } from '@cambium/ring'
import { stageHookError, stagePromiseError } from './errors.ts'
import type { StageHandler } from './stage-handler.ts'

/** @param onReady called when `onStart` has returned */
export function guardHandler<S>(stage: string, handler: StageHandler<S>, onReady: () => void): BatchHandler<S> {
  const given: BatchHandler<S> = typeof handler === 'function' ? { onEvent: handler } : handler
  const refuse = (method: string, answer: unknown): void => {
    if (isPromise(answer)) throw stagePromiseError(stage, method)
  }
  const hook = (method: string, call: () => unknown): void => {
    let answer: unknown
    try {
      answer = call()
    } catch (error) {
      throw stageHookError(stage, method, error)
    }
    refuse(method, answer)
  }
  const guarded: BatchHandler<S> = {
    onEvent(slot, sequence, endOfBatch, batchSize) {
      const answer: unknown = given.onEvent(slot, sequence, endOfBatch, batchSize)
      if (answer !== undefined) refuse('onEvent', answer)
    },
    onStart() {
      hook('onStart', () => given.onStart?.())
      onReady()
    },
  }
  if (given.onBatchStart !== undefined) {
    guarded.onBatchStart = (batchSize, queueDepth) => hook('onBatchStart', () => given.onBatchStart?.(batchSize, queueDepth))
  }
  if (given.onTimeout !== undefined) guarded.onTimeout = (sequence) => hook('onTimeout', () => given.onTimeout?.(sequence))
  if (given.onShutdown !== undefined) guarded.onShutdown = () => hook('onShutdown', () => given.onShutdown?.())
  if (given.onError !== undefined) {
    guarded.onError = (error, sequence, slot) => {
      // Not for the handler to decide: it would be so at the next record too.
      if (error instanceof CambiumError && error.code === 'ERR_STAGE_PROMISE') throw error
      refuse('onError', given.onError?.(error, sequence, slot))
    }
  }
  return guarded
}

function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
