/**
 * Why the thread of a core ended, as one error with a code for each way to end. What was thrown is its cause.
 *
 * Node tells the main thread what was thrown, but not whether by a callback or by a promise that nobody handled. So the thread says that itself, with its
 * last words: a message that is there before the thread's `exit` is told. So does a thread that exits by itself say with which code: its `exit` comes late.
 */
import { CambiumError, toErrorRecord } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'

export type LastWords =
  | { readonly lastWords: 'uncaughtException' | 'unhandledRejection' }
  | { readonly lastWords: 'exit'; readonly exitCode: number }

export function isLastWords(message: unknown): message is LastWords {
  return typeof message === 'object' && message !== null && 'lastWords' in message
}

export interface ThreadDeath {
  readonly core: string
  readonly heapMb: number | undefined
  /** What Node gave with the event `error`; undefined when there was none. */
  readonly thrown: { readonly value: unknown } | undefined
  readonly lastWords: LastWords | undefined
  readonly exitCode: number | undefined
}

export function threadDeath({ core, heapMb, thrown, lastWords, exitCode }: ThreadDeath): ErrorRecord {
  const endedWith = exitCode ?? (lastWords?.lastWords === 'exit' ? lastWords.exitCode : undefined)
  const crash = (code: string, message: string, fields: Readonly<Record<string, unknown>>): ErrorRecord =>
    toErrorRecord(
      new CambiumError(code, message, { severity: 'crash', fields, ...(thrown === undefined ? {} : { cause: thrown.value }) }),
    )
  if (thrown === undefined)
    return crash('ERR_CORE_EXIT', `thread of the core ended: core=${core}, exitCode=${endedWith}`, { code: endedWith })
  const cause = toErrorRecord(thrown.value)
  // By the guard (`heap-guard.ts`), or by Node, whose code begins with its own ERR_WORKER_.
  if (cause.code.endsWith('OUT_OF_MEMORY')) {
    const limit = heapMb ?? 'the limit of V8'
    const message = cause.code === 'ERR_CORE_OUT_OF_MEMORY' ? cause.message : `core used up its heap: heapMb=${limit}`
    return crash('ERR_CORE_OUT_OF_MEMORY', message, { heapMb: heapMb ?? null })
  }
  const error = `${cause.name}: ${cause.message}`
  return lastWords?.lastWords === 'unhandledRejection'
    ? crash('ERR_CORE_REJECTION', `promise was rejected and not handled: core=${core}, error=${error}`, {})
    : crash('ERR_CORE_UNCAUGHT', `error was not caught: core=${core}, error=${error}`, {})
}
