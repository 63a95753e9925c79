export { applicationOf, reloadConfig, startApplications, stopApplications, whichApplications } from './application-calls.ts'
export type { ApplicationInfo, StartApplicationsOptions } from './application-calls.ts'
export type { ConfigFields, ConfigOf, ConfigProblem, GivenConfig } from './application-config.ts'
export { serveStream } from './byte-stream.ts'
export type { ByteStreamOptions, ByteStreamReport } from './byte-stream.ts'
export { defineApplication } from './define-application.ts'
export type {
  Application,
  ApplicationContext,
  ApplicationDefinition,
  AssetPaths,
  ConfigChange,
  TopSupervisor,
} from './define-application.ts'
export { definePartitionSupervisor, partitionRef } from './define-partition-supervisor.ts'
export type { PartitionDefinition, PartitionSupervisor } from './define-partition-supervisor.ts'
export { defineEventHandler, handler, REMOVE_HANDLER, swapFor } from './define-event-handler.ts'
export type {
  DefinedHandler,
  HandlerBehaviour,
  HandlerContext,
  HandlerDefinition,
  HandlerEnd,
  HandlerOptions,
  HandlerSpec,
  HandlerStep,
  HandlerSwap,
  Handover,
} from './define-event-handler.ts'
export { defineEventManager } from './define-event-manager.ts'
export type { EventManager, EventManagerDefinition, EventManagerOptions } from './define-event-manager.ts'
export { addHandler, callHandler, deleteHandler, swapHandler, whichHandlers } from './event-manager-calls.ts'
export type { NamedHandlerOptions, OwnedHandlerOptions } from './event-manager-calls.ts'
export type { EventManagerRef, InstalledHandler } from './event-manager-protocol.ts'
export { runHandler } from './run-handler.ts'
export type { HandlerRun } from './run-handler.ts'
export { defineStateMachine } from './define-state-machine.ts'
export type { StateMachine } from './define-state-machine.ts'
export { defineServer } from './define-server.ts'
export type { Server, ServerDefinition } from './define-server.ts'
export { createRequests, sendRequest } from './requests.ts'
export type { LabelledOutcome, NotYet, RequestCollection, RequestOutcome, SentRequest } from './requests.ts'
export { run } from './run.ts'
export type { Run } from './run.ts'
export { NO_REPLY, startWith } from './server-step.ts'
export type { ServerAction, ServerStart, ServerStep, ServerTurn } from './server-step.ts'
export { defineSupervisor } from './define-supervisor.ts'
export type { Supervisor, SupervisorDefinition, SupervisorSpec } from './define-supervisor.ts'
export {
  childRef,
  countChildren,
  deleteChild,
  restartChild,
  startChild,
  terminateChild,
  whichChildren,
} from './supervisor-calls.ts'
export type { SupervisorChild, SupervisorRef, SupervisorReply, SupervisorRequest } from './supervisor-protocol.ts'
export { createGroupScope } from './process-groups.ts'
export type { GroupChange, GroupScope } from './process-groups.ts'
export type { ApplicationStatus, ApplicationType } from './running-application.ts'
export { setting } from './setting.ts'
export type { DurationOptions, NumberOptions, Setting, SettingOptions, TextOptions, UrlOptions } from './setting.ts'
export type { SchemaIssue, SchemaResult, StandardSchema } from './standard-schema.ts'
export { createRegistry } from './registry.ts'
export type { Lookup, Registrant, Registry, RegistryEntry, RegistryOptions } from './registry.ts'
export { withLock } from './with-lock.ts'
export type { LockOptions } from './with-lock.ts'
export { drawMachine } from './draw-machine.ts'
export type {
  MachineAction,
  EnterAction,
  EnterStep,
  EventHandler,
  InfoHandler,
  MachineDefinition,
  MachineStart,
  MachineStep,
  MachineTypes,
  MachineSnapshot,
  StartAction,
  StateDefinition,
  TimeoutAction,
  TimeoutHandler,
  MachineTurn,
} from './machine-definition.ts'
export { MACHINE_EVENTS_MAX } from './machine-engine.ts'
export { runMachine } from './run-machine.ts'
export type { MachineRun, RunAnswer, RunMachineOptions, RunTransition } from './run-machine.ts'
export { defineConsumer, defineProcessor, defineProducer } from './flow/define-stage.ts'
export type { Consumer, Processor, Producer } from './flow/define-stage.ts'
export type { BufferOptions, Dispatcher } from './flow/dispatcher.ts'
export type { CancelMode } from './flow/inlet.ts'
export { openSource } from './flow/open-source.ts'
export type { FlowSource, FlowSourceOptions } from './flow/open-source.ts'
export { readableStream, readEvents } from './flow/read-events.ts'
export type { ReadOptions } from './flow/read-events.ts'
export { askEvents, stageStatistics, subscribe, unsubscribe } from './flow/stage-calls.ts'
export type { StageCounts } from './flow/stage-core.ts'
export type {
  BegunSubscription,
  CancelledSubscription,
  ConsumerDefinition,
  GivingStep,
  ProcessorDefinition,
  ProducerDefinition,
  StageOptions,
} from './flow/stage-definition.ts'
export type { ConsumerMessage, ConsumerRef, ProducerMessage, ProducerRef } from './flow/stage-protocol.ts'
export type { Subscription } from './flow/subscription.ts'
