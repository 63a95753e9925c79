/**
 * The real way for parcels: a port to each peer, read without the event loop when a record asks for it. What was posted to a port stays there when
 * its sender's thread has ended, so the port of a peer's predecessor is read to its end before the one that followed.
 */
import { receiveMessageOnPort } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { ParcelPost, PostedParcel } from '@cambium/base'

/** Of one peer: its own and its predecessor's. */
const PORTS_MAX = 2

export class PortPost implements ParcelPost {
  /** By peer; the latest last. */
  readonly #ports = new Map<number, MessagePort[]>()

  connect(peer: number, port: MessagePort): void {
    const ports = this.#ports.get(peer) ?? []
    this.#ports.set(peer, ports)
    ports.push(port)
    if (ports.length > PORTS_MAX) ports.shift()?.close()
  }

  post(peer: number, parcel: PostedParcel, moved: ArrayBuffer[]): boolean {
    const port = this.#ports.get(peer)?.at(-1)
    if (port === undefined) return false
    port.postMessage(parcel, moved)
    return true
  }

  receive(peer: number): PostedParcel | undefined {
    const ports = this.#ports.get(peer)
    for (let port = ports?.[0]; ports !== undefined && port !== undefined; port = ports[0]) {
      const received = receiveMessageOnPort(port)
      if (received !== undefined) return received.message
      if (ports.length === 1) return undefined
      ports.shift()
      port.close()
    }
    return undefined
  }

  close(): void {
    for (const port of [...this.#ports.values()].flat()) port.close()
    this.#ports.clear()
  }
}
