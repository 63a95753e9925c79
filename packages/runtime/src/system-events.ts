/** What a system tells about itself: to listeners, and on the diagnostics channel `cambium:system` for telemetry. */
import { channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import type { ActorMove } from './actor-moves.ts'
import type { DeadLetter, ExitReason } from '@cambium/actor'
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import type { AskCycle, CoreNews, CrashReport, LoadShed, TraceEvent } from '@cambium/scheduler'

export interface SystemEventMap {
  /** A dead letter; at most 100 a second from each core, the books count them all. */
  dead_letter: [DeadLetter]
  /** A supervised actor ended unasked. */
  actor_exited: [
    {
      readonly actor: ActorAddress
      readonly name: string | undefined
      readonly reason: ExitReason
      /** Absent for a child of a supervisor. */
      readonly incarnation?: number
      /** Where it stands in its supervision tree, as in `platform/core/storage`; absent for an actor that the root supervises itself. */
      readonly path?: string
    },
  ]
  /** A new incarnation runs behind the same ref. `tookMs`: from the news of the end to the news of the start. */
  actor_restarted: [
    { readonly actor: ActorAddress; readonly name: string | undefined; readonly tookMs: number; readonly path?: string },
  ]
  /** An actor has moved from one core to another under the ref that it has. `tookMs`: from the request to the news. */
  actor_moved: [ActorMove]
  /** An actor or supervisor used up its restarts and stays down. `name` is the path of a supervisor that is an actor itself, and `child` the last of its children to fail. */
  given_up: [{ readonly name: string; readonly restarts: number; readonly reason: string; readonly child?: string }]
  /**
   * A core died; `error.code` tells of what. `inHand`: the messages from other cores that were in hand, by target, with their `type` as far as it can be told;
   * `blamed`: the actor whose callback was running, unless the end came by `killCore`; `lost`: messages that were in its heap besides; `mailboxes`: how
   * many of those lay in whose mailbox, on the first 16,384 slots of the core.
   */
  core_lost: [
    {
      readonly core: number
      readonly error: ErrorRecord
      readonly inHand: readonly (ActorAddress & { readonly type: string | undefined; readonly name: string | undefined })[]
      readonly blamed: ActorAddress | undefined
      readonly blamedName: string | undefined
      readonly lost: number
      readonly mailboxes: readonly {
        readonly actor: ActorAddress
        readonly name: string | undefined
        readonly messages: number
      }[]
      readonly actors: number
    },
  ]
  /** A successor runs. `tookMs`: from the end of the dead core to the news of its first turn; `isFromSpare`: it was a warm spare. */
  core_restarted: [{ readonly core: number; readonly tookMs: number; readonly isFromSpare: boolean }]
  /**
   * A thread did not end within `terminateTimeoutMs` when it was told to, for what `error` says: it is in a native call. Its core goes to a successor all
   * the same; `core` is undefined for a spare. `abandoned`: such threads there are now. See `abandonedMax`.
   */
  thread_abandoned: [{ readonly core: number | undefined; readonly error: ErrorRecord; readonly abandoned: number }]
  /** An abandoned thread has ended after all. */
  abandoned_ended: [{ readonly core: number | undefined; readonly abandoned: number }]
  /** The main thread, which is core 0, ran something else for so long past the time when it was to look at the cores. Told from 100 ms on. */
  main_blocked: [{ readonly forMs: number }]
  /** One more spare is warm: it has loaded the modules in use. `spares`: how many there are now. */
  spare_ready: [{ readonly spares: number }]
  /**
   * A warm spare ended before it was needed; another one is started. `module`: what it was importing, which is not loaded ahead any more, so that
   * it cannot take one spare after the other down.
   */
  spare_lost: [{ readonly error: ErrorRecord; readonly module: string | undefined }]
  /** A mailbox with the policy `shed-low` is full and drops messages of low priority: told at most once a second, and once more when it is over. */
  load_shed: [LoadShed]
  /** An ask would have closed a circle of actors that await each other's answers, and was refused with `ERR_ASK_CYCLE`. */
  ask_cycle: [AskCycle]
  /** An actor has crashed: its last message, its state, the stack and the supervision path; 20 a second at most from each core. `actor_exited` tells of every one. */
  crash_report: [CrashReport]
  /** An actor that is traced has handled a message: see `system.inspect`. */
  trace: [TraceEvent]
  /** Actors wait for room at each other in a circle: `A → B → A`. Their waits end in dead letters unless one of them gives way. Told once for each circle. */
  wait_cycle: [{ readonly actors: readonly ActorAddress[]; readonly path: string }]
  /** An application has started, with all that it depends on. */
  application_started: [{ readonly name: string; readonly version: string | undefined; readonly tookMs: number }]
  /** An application has ended: because it was to, or unasked, by the end of its top supervisor for `reason`. */
  application_ended: [
    {
      readonly name: string
      readonly type: 'permanent' | 'transient' | 'temporary'
      readonly isAsked: boolean
      readonly reason: ExitReason
    },
  ]
  /** Something failed that changes nothing else: an unsupervised child that crashed, a `terminate` that threw. */
  fault: [{ readonly where: string; readonly error: ErrorRecord }]
}

export type SystemEvents = EventEmitter<SystemEventMap>

const telemetry = channel('cambium:system')

/** A listener that throws does not reach the runtime: its error is thrown again outside of it. */
export function createSystemEvents(
  system: string,
): SystemEvents & { publish<K extends keyof SystemEventMap>(event: K, ...args: SystemEventMap[K]): void } {
  const emitter = new EventEmitter<SystemEventMap>()
  const publish = <K extends keyof SystemEventMap>(event: K, ...args: SystemEventMap[K]): void => {
    if (telemetry.hasSubscribers) telemetry.publish({ system, event, detail: args[0] })
    try {
      ;(emitter as EventEmitter).emit(event, ...args)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
  return Object.assign(emitter, { publish })
}

/** What a core tells about its actors is an event as it is. */
export function publishNews(events: ReturnType<typeof createSystemEvents>, { event, detail }: CoreNews): void {
  ;(events as { publish(event: string, detail: unknown): void }).publish(event, detail)
}
