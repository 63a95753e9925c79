/** Thread that counts what comes by `postMessage`. */
import { parentPort } from 'node:worker_threads'
import { ACKNOWLEDGE_EVERY } from './small-message.ts'
import type { Arrived, SmallMessage } from './small-message.ts'

let messages = 0
let sum = 0

parentPort?.on('message', (message: SmallMessage | { readonly type: 'read' }) => {
  if (message.type === 'add') {
    messages += 1
    sum += message.amount
    if (messages % ACKNOWLEDGE_EVERY !== 0) return
  }
  parentPort?.postMessage({ messages, sum } satisfies Arrived)
})
