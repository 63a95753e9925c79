/** A station of an event manager as the manager knows it, and its start on another core. */
import type { ActorRef } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import type { RunContext } from '@cambium/scheduler'
import type { HandlerSpec } from './define-event-handler.ts'
import { STATION } from './event-manager-protocol.ts'
import type { StationArgument } from './event-manager-protocol.ts'

/** How long the handlers of a core may take to begin again, and to end, in milliseconds. */
export const STATION_TIMEOUT_MS = 5000

export interface Station {
  /** Among the children of the manager. */
  readonly id: string
  readonly core: number
  /** In the channel. */
  readonly place: number
  ready: Promise<ActorRef>
  onGone: (() => void) | undefined
}

/** What the manager gives a station on its way. */
interface StationSetting extends Pick<Station, 'id' | 'core' | 'place'> {
  readonly memory: SharedArrayBuffer
  /** Installed before it reads anything. */
  readonly handlers: readonly HandlerSpec<never>[]
}

/** Starts it as a child of the manager, whose behaviour it has. Rejects with what kept it from starting. */
export function startStation(
  context: RunContext,
  { module, name }: { readonly module: string; readonly name: string },
  { id, core, place, memory, handlers }: StationSetting,
): Promise<ActorRef> {
  const argument: StationArgument = { [STATION]: { manager: context.self, memory, place, handlers } }
  const start = { module, behaviour: name, argument, name: undefined, mailbox: undefined, initTimeoutMs: STATION_TIMEOUT_MS }
  return new Promise((resolve, reject) => {
    context.keeper.start({ id, spec: start, core, isStatic: false, isKept: false }, (error, address) => {
      if (error === undefined) resolve(context.refTo(address as ActorAddress) as unknown as ActorRef)
      else reject(error)
    })
  })
}
