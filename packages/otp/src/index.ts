export { serveStream } from './byte-stream.ts'
export type { ByteStreamOptions, ByteStreamReport } from './byte-stream.ts'
export { definePartitionSupervisor, partitionRef } from './define-partition-supervisor.ts'
export type { PartitionDefinition, PartitionSupervisor } from './define-partition-supervisor.ts'
export { defineStateMachine } from './define-state-machine.ts'
export type { StateMachine } from './define-state-machine.ts'
export { defineServer, run } from './define-server.ts'
export type { Run, Server, ServerDefinition } from './define-server.ts'
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
  From,
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
