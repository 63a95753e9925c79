export { serveStream } from './byte-stream.ts'
export type { ByteStreamOptions, ByteStreamReport } from './byte-stream.ts'
export { defineServer, run } from './define-server.ts'
export type { Run, Server, ServerDefinition } from './define-server.ts'
