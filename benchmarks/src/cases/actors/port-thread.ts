/** Entry of a thread at one end of a port: it takes orders, one phase at a time, and answers each with a tally. */
import { parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { playPortRole } from './port-roles.ts'
import type { PortOrder, PortRole, PortTally } from './port-roles.ts'

export interface PortSetting {
  readonly role: PortRole
  readonly port: MessagePort
  /** Keeps the event loop from sleeping while a phase lasts. */
  readonly isHot: boolean
}

export type PortReply = { readonly ready: true } | { readonly tally: PortTally }

const { role, port, isHot } = workerData as PortSetting

parentPort?.on('message', (order: PortOrder) => void play(order))
reply({ ready: true })

async function play(order: PortOrder): Promise<void> {
  let isRunning = true
  const stayAwake = (): void => {
    if (isRunning) setImmediate(stayAwake)
  }
  if (isHot) stayAwake()
  const tally = await playPortRole(role, port, order, () => {
    if (role === 'sink' || role === 'server') reply({ ready: true })
  })
  isRunning = false
  reply({ tally })
}

function reply(message: PortReply): void {
  parentPort?.postMessage(message)
}
