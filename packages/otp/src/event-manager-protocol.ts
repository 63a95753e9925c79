/** What an event manager is asked besides its events, and what it asks of its stations. Use the calls of `event-manager-calls.ts`; this is what they send. */
import type { AnyRef, Ref } from '@cambium/actor'
import type { HandlerEnd, HandlerName, HandlerSpec, Handover } from './define-event-handler.ts'

/** An event manager, to those who know it: `tell` notifies, `ask` resolves when every handler, on whichever core, has had the event. */
export type EventManagerRef<Event> = Ref<Event, void>

/** No event of a user looks like one of these: they carry this word. */
export const REQUEST = 'cambium:handler'

export type HandlerRequest =
  | { readonly [REQUEST]: 'add'; readonly spec: HandlerSpec<never>; readonly owner: AnyRef | undefined }
  | { readonly [REQUEST]: 'delete'; readonly name: HandlerName; readonly argument: unknown }
  | {
      readonly [REQUEST]: 'swap'
      readonly name: HandlerName
      readonly argument: unknown
      readonly spec: HandlerSpec<never>
      readonly owner: AnyRef | undefined
    }
  | { readonly [REQUEST]: 'call'; readonly name: HandlerName; readonly request: unknown }
  | { readonly [REQUEST]: 'which' }

/** The answer to a request is under this name: what answers otherwise is no event manager. */
export const DONE = 'cambium:handler done'

export interface HandlerReply {
  readonly [DONE]: unknown
}

/** A manager's order to its handlers, here or at a station. */
export type HandlerOrder =
  /** Whether it could be added, as far as that is known before its `init`. */
  | { readonly order: 'check'; readonly spec: HandlerSpec<never> }
  | { readonly order: 'add'; readonly spec: HandlerSpec<never>; readonly before: Handover | undefined }
  | { readonly order: 'remove'; readonly name: HandlerName; readonly end: HandlerEnd }
  | { readonly order: 'call'; readonly name: HandlerName; readonly request: unknown }

export const STATION = 'cambium:station'

/** The argument of a station. The behaviour of a manager makes its stations as well: so no other module has to be found on their cores. */
export interface StationArgument {
  readonly [STATION]: {
    readonly manager: Ref<never>
    readonly memory: SharedArrayBuffer
    readonly place: number
    /** Of a station whose core died: handlers that are installed again. */
    readonly handlers: readonly HandlerSpec<never>[]
  }
}

export function isHandlerRequest(message: unknown): message is HandlerRequest {
  return typeof message === 'object' && message !== null && REQUEST in message
}

export function isStationArgument(argument: unknown): argument is StationArgument {
  return typeof argument === 'object' && argument !== null && STATION in argument
}

/** One handler, as `whichHandlers` shows it. */
export interface InstalledHandler {
  readonly handler: string
  /** URL of its module. */
  readonly module: string
  readonly id: string
  readonly core: number
  readonly owner: AnyRef | undefined
}
