export { serveStream } from './byte-stream.ts'
export type { ByteStreamOptions, ByteStreamReport } from './byte-stream.ts'
export { definePartitionSupervisor, partitionRef } from './define-partition-supervisor.ts'
export type { PartitionDefinition, PartitionSupervisor } from './define-partition-supervisor.ts'
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
