/** Looking inside a live actor from the system: a handle on one actor, whose calls go to its core (see the scheduler's `inspection.ts`). */
import { isRef } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import { CambiumError, checkBoolean, checkInteger, formatAddress, fromErrorRecord, optionError } from '@cambium/base'
import { checkHosted, LOG_EVENTS_MAX, NAMES } from '@cambium/scheduler'
import type { ActorEvent, ActorStatistics, ActorStatus, Core, InspectOrder } from '@cambium/scheduler'

/**
 * Every call rejects with `ERR_NO_SUCH_ACTOR` when the actor is not there, with `ERR_CORE_LOST` when its core died meanwhile, and with
 * `ERR_SYSTEM_CLOSED` when the system ended first.
 */
export interface ActorInspector {
  /**
   * A copy of the state as it is between two messages, suspended or not; while an asynchronous handler is under way, the one that it began with. Rejects with
   * `ERR_CANNOT_TRAVEL`, which names the path of what has no bytes.
   */
  getState<State = unknown>(): Promise<State>
  /** What the core knows of the actor, and its state as the behaviour's `redact` shows it. Rejects like {@link getState}. */
  getStatus(): Promise<ActorStatus>
  /** The actor takes no message from now on, after the one in hand; they wait. Again, it changes nothing. A new incarnation is not suspended. */
  suspend(): Promise<void>
  /** It goes on. Again, it changes nothing. */
  resume(): Promise<void>
  /**
   * Replaces the state by what the exported function `job` of `module` makes of it: `job(state, argument)`, on the actor's core, between two messages. Rejects
   * with `ERR_REPLACE_STATE` when there is no such function, or it throws or returns a promise; nothing has changed then. Rejects with `ERR_OPTION`.
   */
  replaceState(module: string | URL, job: string, argument?: unknown): Promise<void>
  /** Turns counting on or off, if told to; resolves with what has been counted since it was turned on, also when this call turns it off; undefined while it is off. */
  statistics(isOn?: boolean): Promise<ActorStatistics | undefined>
  /** Turns tracing on or off, if told to; resolves with whether it is on. Each message handled is an event `trace` of the system then, 1,000 a second at most. */
  trace(isOn?: boolean): Promise<boolean>
  /** Keeps the last `events` from now on, 1000 at most; 0 keeps none any more. Resolves with those that were kept, the oldest first. */
  log(events?: number): Promise<readonly ActorEvent[]>
}

/** Checks what code outside actors gives, a name or a ref. */
function addressOf(core: Core, actor: unknown): ActorAddress {
  if (typeof actor === 'string') {
    const named = core.directory.first(NAMES, actor)
    if (named !== undefined) return named
    throw new CambiumError('ERR_NO_SUCH_ACTOR', `no actor has this name: name=${actor}`, { severity: 'crash' })
  }
  if (!isRef(actor)) throw optionError('actor', actor, 'a ref or a name')
  checkHosted(actor, core.sender)
  if (actor.core < core.coreCount) return actor
  throw new CambiumError('ERR_NO_SUCH_CORE', `ref names no core of this system: ref=${formatAddress(actor)}`)
}

/** `core` is the root's own; `isClosed` tells when no core answers any more. Throws as `inspect` of a system does. */
export function inspectActor(core: Core, actor: unknown, isClosed: () => boolean): ActorInspector {
  const { core: home, slot, generation } = addressOf(core, actor)
  const ask = (order: InspectOrder): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (isClosed()) {
        reject(new CambiumError('ERR_SYSTEM_CLOSED', 'system has shut down'))
        return
      }
      core.requests.send(
        home,
        false,
        (request) => ({ type: 'inspect', request, slot, generation, order }),
        (answer) => {
          if (answer.type === 'start_failed') reject(fromErrorRecord(answer.error))
          else if (answer.type !== 'inspected') return
          else if (home !== core.coreNumber) resolve(answer.value)
          else resolve(Promise.resolve(answer.value).then((value) => core.copy(value))) // what is the caller's from now on is not the actor's
        },
      )
    })
  const checkSwitch = (isOn: boolean | undefined): boolean | undefined =>
    isOn === undefined ? undefined : checkBoolean('isOn', isOn, false)
  return {
    getState: <State>() => ask({ what: 'state' }) as Promise<State>,
    getStatus: () => ask({ what: 'status' }) as Promise<ActorStatus>,
    suspend: async () => {
      await ask({ what: 'suspend' })
    },
    resume: async () => {
      await ask({ what: 'resume' })
    },
    async replaceState(module, job, argument) {
      if (!URL.canParse(String(module))) throw optionError('module', module, 'a URL such as import.meta.url')
      if (typeof job !== 'string' || job === '') throw optionError('job', job, 'the name of an exported function')
      await ask({ what: 'replace', module: String(module), job, argument })
    },
    async statistics(isOn) {
      return ask({ what: 'statistics', set: checkSwitch(isOn) }) as Promise<ActorStatistics | undefined>
    },
    async trace(isOn) {
      return ask({ what: 'trace', set: checkSwitch(isOn) }) as Promise<boolean>
    },
    async log(events) {
      const kept = events === undefined ? undefined : checkInteger('events', events, { default: 0, min: 0, max: LOG_EVENTS_MAX })
      return ask({ what: 'log', events: kept }) as Promise<readonly ActorEvent[]>
    },
  }
}
