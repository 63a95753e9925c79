/**
 * What a layer above may attach to a running system, as applications do (`otp`): trees whose end for good it learns of, a part in the system's orderly
 * end, and a way to end it. Not for users: it is found by the system, and is no method of it.
 */
import type { Behaviour, ExitReason, Ref } from '@cambium/actor'
import { optionError } from '@cambium/base'
import type { CambiumError } from '@cambium/base'
import type { SpawnOptions } from './spawn-options.ts'
import type { System } from './system.ts'
import type { SystemEventMap } from './system-events.ts'

export interface SystemHooks {
  /** Monotonic milliseconds. */
  now(): number
  /** Throws `ERR_SYSTEM_CLOSED` once the system shuts down. */
  checkOpen(): void
  /** Calls back after so many milliseconds of the system's clock; what is returned prevents that. */
  after(delayMs: number, callback: () => void): () => void
  /**
   * As `system.spawn`, transient: it is started again when its core dies, within `intensity` and `periodMs` where that fails, and when it ends by itself it has ended.
   * `onGone` is told once, when it will not be started again, how its last incarnation ended; also when it was asked to end.
   */
  startTree<A, M, R>(
    behaviour: Behaviour<A, M, R>,
    argument: A,
    options: SpawnOptions,
    onGone: (reason: ExitReason) => void,
  ): Promise<Tree<M, R>>
  /** Has a part in the orderly end: called once, before messages from outside are refused, and awaited. One hook a system. */
  onShutdown(hook: (stage: ShutdownStage) => Promise<void>): void
  /** Ends the system as failed; `terminated` says why. */
  fail(error: CambiumError): void
  publish<K extends keyof SystemEventMap>(event: K, ...args: SystemEventMap[K]): void
}

export interface Tree<M, R> {
  readonly ref: Ref<M, R>
  /** Ends it, within its own shutdown time; with `untilMs` the wait for it ends then at the latest. */
  stop(untilMs?: number): Promise<void>
  /** What it is started with from now on. Throws `ERR_CANNOT_TRAVEL`. */
  replaceArgument(argument: unknown): void
}

/** The part of a shutdown that belongs to the hook. */
export interface ShutdownStage {
  /** It is to be over by then. */
  readonly untilMs: number
  /** Waits until nothing is queued, until `untilMs` at the latest; what is left counts as undrained. At once in a system that has failed. */
  drain(untilMs: number): Promise<void>
}

const attached = new WeakMap<System, SystemHooks>()

export function attachHooks(system: System, hooks: SystemHooks): void {
  attached.set(system, hooks)
}

/** Throws `ERR_OPTION` for what is no system. */
export function hooksOf(system: System): SystemHooks {
  const hooks = attached.get(system)
  if (hooks === undefined) throw optionError('system', system, 'what startSystem resolved with')
  return hooks
}
