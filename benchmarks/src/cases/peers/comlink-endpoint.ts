/** Comlink's adapter for Node's ports, with the types that its package does not give for this path. */
import type { MessagePort, Worker } from 'node:worker_threads'
import type { Endpoint } from 'comlink'
// @ts-expect-error the package declares no types for the .mjs file
import adapter from 'comlink/dist/esm/node-adapter.mjs'

type NodePort = MessagePort | Worker

export const comlinkEndpoint: (port: NodePort) => Endpoint = adapter as (port: NodePort) => Endpoint
