/**
 * Counts what observed actors send (C-51): while somebody wants that, a core's ways of sending have another in front of them. An actor's replies and timers are
 * not counted. When nobody observes, nothing of it is left.
 */
import type { RefHost } from '@cambium/actor'
import type { ActorCell } from './actor-cell.ts'
import type { RefHosts } from './ref-codec.ts'

export class SentCount {
  readonly #hosts: () => RefHosts
  readonly #sending: () => ActorCell | undefined
  #observers = 0
  #restore: (() => void)[] = []

  /** `sending` is the actor whose callback is running. */
  constructor(hosts: () => RefHosts, sending: () => ActorCell | undefined) {
    this.#hosts = hosts
    this.#sending = sending
  }

  /** One more observation counts. Each is to be ended once. */
  begin(): void {
    this.#observers += 1
    if (this.#observers > 1) return
    const { inside, outside } = this.#hosts()
    // An actor of core 0 may hold refs that were made outside.
    this.#restore = [this.#watch(inside), this.#watch(outside)]
  }

  end(): void {
    this.#observers -= 1
    if (this.#observers === 0) for (const restore of this.#restore.splice(0)) restore()
  }

  #watch(host: RefHost): () => void {
    const before = { ...host }
    const note = (): void => {
      this.#sending()?.observation?.noteSent()
    }
    host.tell = (target, message, options) => {
      before.tell(target, message, options)
      note()
    }
    host.trySend = (target, message, options) => {
      const outcome = before.trySend(target, message, options)
      if (outcome === 'sent') note()
      return outcome
    }
    host.send = (target, message, options) => {
      note()
      return before.send(target, message, options)
    }
    host.ask = (target, message, options) => {
      note()
      return before.ask(target, message, options)
    }
    return () => {
      Object.assign(host, before)
    }
  }
}
