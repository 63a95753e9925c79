/** Cambium: a multicore actor runtime for Node.js. What users import; every name is documented where it is defined. */
export { crashReason, defineActor, formatExitReason, IGNORE, isRef } from '@cambium/actor'
export type {
  ActorContext,
  AskOptions,
  AnyRef,
  Behaviour,
  BehaviourMailboxOptions,
  BehaviourOptions,
  Call,
  ChildOptions,
  DeadLetter,
  DeadLetterReason,
  ExitReason,
  GivenReason,
  Info,
  MailboxOptions,
  Monitor,
  OverflowPolicy,
  Priority,
  Program,
  Received,
  Ref,
  ReplyTo,
  SendOptions,
  SendOutcome,
  SendWaitOptions,
  WaitOptions,
} from '@cambium/actor'
export { byTag, keepMessage } from '@cambium/codec'
export type { AnyLayout, LayoutsFor, TaggedLayouts } from '@cambium/codec'
export { CambiumError } from '@cambium/base'
export type { ActorAddress, ErrorRecord, Severity } from '@cambium/base'
export {
  childRef,
  countChildren,
  defineServer,
  defineSupervisor,
  deleteChild,
  restartChild,
  run,
  serveStream,
  startChild,
  terminateChild,
  whichChildren,
} from '@cambium/otp'
export type {
  ByteStreamOptions,
  ByteStreamReport,
  Run,
  Server,
  ServerDefinition,
  Supervisor,
  SupervisorChild,
  SupervisorDefinition,
  SupervisorRef,
  SupervisorSpec,
} from '@cambium/otp'
export { bool, bytes, f32, f64, i16, i32, i8, layout, text, u16, u32, u8 } from '@cambium/ring'
export type { FieldType, Layout, LayoutFields, LayoutValues } from '@cambium/ring'
export { child, startSystem } from '@cambium/runtime'
export type {
  ActorEvent,
  ActorInspector,
  ActorOptions,
  ActorStatistics,
  ActorStatus,
  AskCycle,
  ChildOfSupervisorOptions,
  Books,
  CoreReport,
  CrashReport,
  GroupChild,
  GroupChildren,
  GroupOptions,
  GroupRefs,
  LoadShed,
  PlacementOptions,
  ShutdownOptions,
  ShutdownReport,
  SpawnOptions,
  System,
  SystemEventMap,
  SystemEvents,
  SystemOptions,
  Termination,
  TraceEvent,
} from '@cambium/runtime'
export type {
  AutoShutdown,
  ChildCounts,
  RestartBackoff,
  RestartType,
  Shutdown,
  Strategy,
  SupervisorFlags,
} from '@cambium/supervision'
