/** What a running actor may ask of its core. One context belongs to one incarnation; after its end every call throws `ERR_ACTOR_STOPPED`. */
import type { Behaviour } from './behaviour.ts'
import type { Directory } from './directory.ts'
import type { GivenReason } from './exit-reason.ts'
import type { AnyRef, Monitor } from './info.ts'
import type { MailboxOptions } from './mailbox-options.ts'
import type { Ref, WaitOptions } from './ref.ts'

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
  /**
   * The same, for others to give as well: what is told to this ref, once, by whichever actor on whichever core, is the answer. It may be part of messages, and of the state. A
   * second answer, and one that comes when its ask, or this incarnation, has ended, is a dead letter `late_reply`.
   */
  replyToken(): Ref<Reply>
  /**
   * Puts the message in hand aside, with its asker and its deadline, when its handler has ended well; a handler that has changed the state has done so all the
   * same. False when the stash is full (`mailbox.stashCapacity`): the message is dropped then, as a dead letter `stash_full`, and its asker is told
   * `ERR_STASH_FULL`. Throws `ERR_NOT_STASHABLE` outside the handler of a message.
   */
  stash(): boolean
  /**
   * Puts what was put aside back before everything else in the mailbox, in order of arrival, and answers how many messages that were. The message in hand
   * is not among them, if it is put aside by this very handler. When the incarnation ends they go back by themselves: to the next incarnation, if there is one.
   */
  unstashAll(): number
  /**
   * Inside an asynchronous handler: resolves with the first message that matches, queued already or still to come; all others stay in the mailbox, in their
   * order. Rejects with `ERR_RECEIVE_TIMEOUT`, with the abort reason, with what `match` threw, with `ERR_NOT_RECEIVING` outside the handler of a message or
   * when it has ended, and with `ERR_RECEIVE_LIMIT` beyond 64 at a time.
   */
  receive<M extends Messages>(match: (message: Messages) => message is M, options?: WaitOptions): Promise<Received<M, Reply>>
  receive(match: (message: Messages) => boolean, options?: WaitOptions): Promise<Received<Messages, Reply>>
  /** Monotonic milliseconds, of one clock for all cores; virtual in the simulator. */
  now(): number
  /** Uniform in [0, 1); seeded in the simulator. */
  random(): number
  /**
   * Starts a child on this core: it stops when this incarnation ends, and is not restarted by itself. The ref is valid at once;
   * messages wait until `init` is done.
   */
  spawn<A, M, R>(behaviour: Behaviour<A, M, R>, argument: A, options?: ChildOptions): Ref<M, R>
  /** Stops a child of this actor; its queued messages become dead letters. Resolves when it has ended. Throws `ERR_OPTION`, `ERR_FOREIGN_REF`; rejects with `ERR_NOT_A_CHILD`. */
  stopChild(child: Ref<never>): Promise<void>
  /** Ends this actor after the message in hand; `normal` unless a reason is given. An error makes it a crash. Throws `ERR_OPTION`, `ERR_CANNOT_TRAVEL`. */
  stop(reason?: Error | GivenReason): void
  /**
   * Links this incarnation with the present one of another actor, in both directions: when one ends with a reason other than `normal`, the other ends
   * with it too, or, if it traps exits, is told `exit`. Linking twice is linking once. A link with an actor that is not there ends at once
   * with `noproc`. Throws `ERR_OPTION`, `ERR_FOREIGN_REF`, `ERR_NO_SUCH_CORE`, `ERR_SIGNALS_FULL`.
   */
  link(ref: AnyRef): void
  /** Ends the link, if there is one. No `exit` of it comes any more, not even one that is already queued. */
  unlink(ref: AnyRef): void
  /**
   * Watches the present incarnation of an actor: {@link Program.info} is told `down` once, when it ends, or at once with `noproc` when it is not there, as
   * between a crash and its restart. Each call makes a monitor of its own. Throws like {@link link}.
   */
  monitor(ref: AnyRef): Monitor
  /** Ends a monitor of this incarnation. With `flush`, a `down` of it that is already queued does not come either. Answers whether it still watched. */
  demonitor(monitor: Monitor, options?: { readonly flush?: boolean }): boolean
  /**
   * Sends an exit signal: the other actor ends with `reason` after the message in hand, or, if it traps exits, is told `exit`. `normal` is ignored by
   * actors that do not trap, except when it comes from themselves. `killed` cannot be trapped, and ends the other at once, without its `terminate`. Nothing
   * happens when it is not there. Throws like {@link link}, and `ERR_CANNOT_TRAVEL`.
   */
  exit(ref: AnyRef, reason: Error | GivenReason): void
  /** Whether exit signals are told to {@link Program.info} as `exit` instead of ending this incarnation. Answers what held before. @default false for each incarnation */
  trapExits(isOn: boolean): boolean
  /**
   * Takes a name for this incarnation, unique in the system and free again when it ends; the same names as `system.spawn` gives. Rejects with
   * `ERR_NAME_TAKEN`; throws `ERR_OPTION`.
   */
  register(name: string): Promise<void>
  /** Gives a name back; resolves with whether this incarnation had it. */
  unregister(name: string): Promise<boolean>
  /** The actor of that name, if there is one: a look at this core's copy of the directory. */
  whereis<M = unknown, R = unknown>(name: string): Ref<M, R> | undefined
  /** What names, registries, groups and locks are made of. */
  readonly directory: Directory
  /** Sends `message` to this incarnation after `delayMs`; the same key replaces. With `repeat`, again each `delayMs`. Throws `ERR_OPTION`. */
  setTimer(key: string, delayMs: number, message: Messages, options?: { readonly repeat?: boolean }): void
  /** A cancelled timer never fires, its message already queued or not. Answers whether there was one. */
  cancelTimer(key: string): boolean
  /**
   * Runs the exported function `job` of `module` with `argument` on a pool of plain threads, off the schedulers. Throws `ERR_OPTION`; rejects with what the
   * job threw, or with `ERR_OFFLOAD_JOB`, `ERR_OFFLOAD_ARGUMENT`, `ERR_OFFLOAD_RESULT`, `ERR_OFFLOAD_ABORTED`, `ERR_OFFLOAD_FAILED`. A job that goes on when its
   * actor has ended keeps its thread: hand it {@link signal}.
   */
  offload<T>(module: string | URL, job: string, argument: unknown, options?: { readonly signal?: AbortSignal }): Promise<T>
}

/** A message taken by {@link ActorContext.receive}. */
export interface Received<Messages = unknown, Reply = unknown> {
  readonly message: Messages
  readonly isAsked: boolean
  /** Answers it, once, now or later, as what {@link ActorContext.deferReply} returns does. Throws `ERR_NOT_ASKED` when nobody waits for an answer. */
  readonly reply: (value: Reply) => void
}

export interface ChildOptions {
  readonly name?: string
  readonly mailbox?: MailboxOptions
  /** Milliseconds that `init` may take. @default 5000 */
  readonly initTimeoutMs?: number
  /** Links the child with this actor before its `init` begins. @default false */
  readonly link?: boolean
  /** Monitors the child from before its `init` begins; the `down` names it by its ref. @default false */
  readonly monitor?: boolean
}
