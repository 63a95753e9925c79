export { createBehaviour, defineActor, isBehaviour } from './behaviour.ts'
export type { Behaviour, BehaviourOptions, Migration, Program } from './behaviour.ts'
export type { ActorContext, ChildOptions, Received } from './context.ts'
export { DEAD_LETTER_REASONS } from './dead-letter.ts'
export type { DeadLetter, DeadLetterReason } from './dead-letter.ts'
export type { Directory, DirectoryEntry, DirectoryView } from './directory.ts'
export { deepFreeze, isDeepFrozen } from './deep-freeze.ts'
export {
  checkReason,
  crashReason,
  EXIT_KILLED,
  EXIT_NOPROC,
  EXIT_NORMAL,
  EXIT_SHUTDOWN,
  formatExitReason,
} from './exit-reason.ts'
export type { ExitReason, GivenReason } from './exit-reason.ts'
export { IGNORE } from './ignore.ts'
export type { AnyRef, Info, Monitor } from './info.ts'
export { Mailbox, PASSES_MAX } from './mailbox.ts'
export { checkMailboxOptions, MAILBOX_CAPACITY_DEFAULT, STASH_CAPACITY_DEFAULT } from './mailbox-options.ts'
export type { BehaviourMailboxOptions, MailboxOptions, OverflowPolicy } from './mailbox-options.ts'
export { MessageQueue } from './message-queue.ts'
export { HIGH, LOW, NORMAL, PRIORITIES, priorityNumber, UNSET } from './priority.ts'
export type { Priority } from './priority.ts'
export type { Call, ReplyTo } from './protocol.ts'
export { ActorRef, isRef } from './ref.ts'
export type { AskOptions, Ref, RefHost, RefTarget, SendOptions, SendOutcome, SendWaitOptions, WaitOptions } from './ref.ts'
