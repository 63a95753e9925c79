/** What a running actor may ask of its core. One context belongs to one incarnation; after its end every call throws `ERR_ACTOR_STOPPED`. */
import type { Behaviour } from './behaviour.ts'
import type { MailboxOptions } from './mailbox.ts'
import type { Ref } from './ref.ts'

export interface ActorContext<Messages = unknown, Reply = unknown> {
  readonly self: Ref<Messages, Reply>
  readonly name: string | undefined
  /** The core this actor lives on; 0 is the main thread. */
  readonly core: number
  /** 0 for the first, one more after each restart on this core. */
  readonly incarnation: number
  /** Aborted when this incarnation ends; hand it to whatever the actor waits for. */
  readonly signal: AbortSignal
  /** Whether the message in hand came by `ask` and has not been answered. */
  readonly isAsked: boolean
  /** Answers the message in hand. Throws `ERR_NOT_ASKED` when nobody waits for an answer. */
  reply(value: Reply): void
  /**
   * Takes the duty to answer the message in hand; the returned function answers it later, once. An actor owes 262,144 answers at most; beyond that
   * the oldest are given up, and their asks fail with `ERR_NO_REPLY`.
   */
  deferReply(): (value: Reply) => void
  /** Monotonic milliseconds of this core's clock; virtual in the simulator. */
  now(): number
  /** Uniform in [0, 1); seeded in the simulator. */
  random(): number
  /**
   * Starts a child on this core: it stops when this incarnation ends, and is not restarted by itself. The ref is valid at once;
   * messages wait until `init` is done.
   */
  spawn<A, M, R>(behaviour: Behaviour<A, M, R>, argument: A, options?: ChildOptions): Ref<M, R>
  /** Stops a child of this actor; its queued messages become dead letters. Resolves when it has ended. */
  stopChild(child: Ref<never>): Promise<void>
  /** Ends this actor after the message in hand; `normal` unless an error is given, which makes it a crash. */
  stop(error?: Error): void
  /** Sends `message` to this incarnation after `delayMs`; the same key replaces. With `repeat`, again each `delayMs`. */
  setTimer(key: string, delayMs: number, message: Messages, options?: { readonly repeat?: boolean }): void
  /** A cancelled timer never fires, its message already queued or not. Answers whether there was one. */
  cancelTimer(key: string): boolean
  /**
   * Runs the exported function `job` of `module` with `argument` on a pool of plain threads, off the schedulers. Rejects with what the job threw, or with
   * `ERR_OPTION`, `ERR_OFFLOAD_JOB`, `ERR_OFFLOAD_ARGUMENT`, `ERR_OFFLOAD_RESULT`, `ERR_OFFLOAD_ABORTED`, `ERR_OFFLOAD_FAILED`. A job that goes on when its actor has
   * ended keeps its thread: hand it {@link signal}.
   */
  offload<T>(module: string | URL, job: string, argument: unknown, options?: { readonly signal?: AbortSignal }): Promise<T>
}

export interface ChildOptions {
  readonly name?: string
  readonly mailbox?: MailboxOptions
  /** Milliseconds that `init` may take. @default 5000 */
  readonly initTimeoutMs?: number
}
