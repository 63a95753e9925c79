/** What an event manager, and its stations on other cores, may ask of their core beyond what any actor may. */
import { deepFreeze, isRef } from '@cambium/actor'
import type { AnyRef, Behaviour } from '@cambium/actor'
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import type { ActorBonds } from './actor-bonds.ts'
import type { ActorCell } from './actor-cell.ts'
import type { BehaviourLoader } from './behaviour-loader.ts'
import type { News } from './bond-signals.ts'
import type { ReadableChannel, ChannelReader } from './channel-reader.ts'
import type { ChannelWriter } from './channel-writer.ts'
import type { Channels } from './channels.ts'
import { CrashOffice } from './crash-office.ts'
import type { CrashedPart, CrashOfficeHost } from './crash-office.ts'

export interface ManagerHandsHost extends CrashOfficeHost {
  readonly bonds: ActorBonds
  readonly channels: Channels
  readonly loader: BehaviourLoader
  readonly isStrict: boolean
  reportFault(where: string, error: unknown): void
}

export class ManagerHands {
  readonly #host: ManagerHandsHost
  readonly #cell: ActorCell
  readonly #crashes: CrashOffice

  constructor(host: ManagerHandsHost, cell: ActorCell) {
    this.#host = host
    this.#cell = cell
    this.#crashes = new CrashOffice(host)
  }

  /** For what it publishes. Throws `ERR_RING_CAPACITY`. */
  openChannel(ringBytes: number): ChannelWriter {
    return this.#host.channels.open(this.#cell, ringBytes)
  }

  /** For what another one publishes; `wake` is the message that comes when there is something to read. */
  readChannel(channel: ReadableChannel, wake: unknown): ChannelReader {
    return this.#host.channels.read(this.#cell, channel, wake)
  }

  /** A behaviour at hand need not be imported. */
  learn(behaviour: Behaviour<unknown, unknown>): void {
    this.#host.loader.learn(behaviour)
  }

  /** Rejects with `ERR_MODULE_LOAD`, `ERR_BEHAVIOUR`, `ERR_BEHAVIOUR_NOT_FOUND`. */
  load(module: string, name: string): Promise<Behaviour<unknown, unknown>> | Behaviour<unknown, unknown> {
    return this.#host.loader.find(module, name) ?? this.#host.loader.load(module, name)
  }

  /** Tells another actor by its `info`. What cannot be told is reported. */
  tell(ref: AnyRef | ActorAddress, news: News): void {
    try {
      this.#host.bonds.tell(this.#cell, ref, news)
    } catch (error) {
      this.fault(`news of ${this.#cell.label}`, error)
    }
  }

  /** A part of the actor has crashed: as a crash report of the system. */
  crashed(part: CrashedPart, message: unknown, error: ErrorRecord): void {
    this.#crashes.report(this.#cell, 'message', message, error, part)
  }

  fault(where: string, error: unknown): void {
    this.#host.reportFault(where, error)
  }

  /** Development: what several parts are handed by reference is frozen. */
  freeze(value: unknown): void {
    if (this.#host.isStrict && !isRef(value)) deepFreeze(value)
  }
}
