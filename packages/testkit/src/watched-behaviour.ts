/**
 * Behaviours as simulated cores run them: the user's own callbacks, with the simulator's eyes and faults around them. The state that the
 * core keeps is wrapped with the context it belongs to, so that a message which reaches the state of another incarnation is noticed.
 */
import { IGNORE } from '@cambium/actor'
import type { ActorContext, Behaviour, ExitReason, Info, Priority, Program } from '@cambium/actor'

export interface ProgramWatch {
  /** Before `init`. Throws for a crash or a death. */
  starting(context: ActorContext): void
  /** `init` is done. */
  started(context: ActorContext): void
  /** What the behaviour says of the priority of a message, with `judge`. */
  judging(message: unknown, judge: (message: unknown) => Priority): Priority
  /** Before a handler. `owner` is the context that the state was made for. Answers the message for it, {@link NOT_FOR_ACTOR} for none. */
  receiving(owner: ActorContext, context: ActorContext, message: unknown): unknown
  /** After a handler's synchronous part. */
  received(context: ActorContext): void
  terminating(context: ActorContext): void
  terminated(context: ActorContext): void
}

/** What came is the simulator's own. */
export const NOT_FOR_ACTOR: symbol = Symbol('not for the actor')

class HeldState {
  readonly owner: ActorContext
  readonly value: unknown

  constructor(owner: ActorContext, value: unknown) {
    this.owner = owner
    this.value = value
  }
}

type AnyBehaviour = Behaviour<unknown, unknown>
type AnyProgram = Program<unknown, unknown, unknown, unknown>

export function watchBehaviour(behaviour: AnyBehaviour, watch: ProgramWatch): AnyBehaviour {
  const { kind, priority, program } = behaviour
  return Object.freeze({
    ...behaviour,
    program: watchProgram(program, watch, kind === 'actor'),
    priority:
      priority === undefined ? undefined : (held: never) => watch.judging(held, priority as (message: unknown) => Priority),
  })
}

/** `isPlain`: without a word of its program its state travels as it is. */
function watchProgram(program: AnyProgram, watch: ProgramWatch, isPlain: boolean): AnyProgram {
  const { migrate } = program
  return {
    inner: {
      read: (state) => {
        const { value } = state as HeldState
        return program.inner === undefined ? value : program.inner.read(value)
      },
      write: (state, inner) => {
        const { owner, value } = state as HeldState
        return new HeldState(owner, program.inner === undefined ? inner : program.inner.write(value, inner))
      },
    },
    ...(program.redact === undefined ? {} : { redact: (state: unknown) => program.redact?.((state as HeldState).value) }),
    ...(migrate === undefined && !isPlain
      ? {}
      : {
          migrate: {
            save: (state: unknown) => {
              const { value } = state as HeldState
              return migrate === undefined ? value : migrate.save(value)
            },
            load(saved: unknown, context: ActorContext) {
              const state = migrate === undefined ? saved : migrate.load(saved, context)
              // Left bare, for the core to refuse it.
              return state instanceof Promise ? state : new HeldState(context, state)
            },
          },
        }),
    init(argument, context) {
      watch.starting(context)
      const state = program.init(argument, context)
      const hold = (value: unknown): unknown => {
        watch.started(context)
        if (value === IGNORE) return value
        return new HeldState(context, value)
      }
      return state instanceof Promise ? state.then(hold) : hold(state)
    },
    receive: likeCallback(
      program,
      'receive',
      watchHandler(watch, (state, message, context) => program.receive(state, message, context)),
    ),
    ...(program.info === undefined
      ? {}
      : {
          info: likeCallback(
            program,
            'info',
            watchHandler(watch, (state, info, context) => program.info?.(state, info as Info, context)),
          ),
        }),
    ...(program.terminate === undefined
      ? {}
      : {
          terminate(state: unknown, reason: ExitReason, context: ActorContext) {
            watch.terminating(context)
            const result = program.terminate?.((state as HeldState).value, reason, context)
            if (result instanceof Promise) {
              return result.then(() => {
                watch.terminated(context)
              })
            }
            watch.terminated(context)
            return undefined
          },
        }),
  }
}

/** A `receive` or an `info` with the simulator's eyes around it. */
function watchHandler(watch: ProgramWatch, handle: AnyProgram['receive']): AnyProgram['receive'] {
  return (state, message, context) => {
    const held = state as HeldState
    const received = watch.receiving(held.owner, context, message)
    if (received === NOT_FOR_ACTOR) return undefined
    const result = handle(held.value, received, context)
    // Should the core die here, or the actor crash, nobody takes the promise over.
    if (result instanceof Promise) result.catch(() => {})
    watch.received(context)
    if (result === undefined || result === held.value) return undefined
    const hold = (value: unknown): HeldState | undefined => (value === undefined ? undefined : new HeldState(context, value))
    return result instanceof Promise ? result.then(hold) : hold(result)
  }
}

/** A core looks whether a handler is an asynchronous function, and runs it otherwise then: what stands in its place must look like it. */
export function likeCallback<F extends object>(program: AnyProgram, name: 'receive' | 'info', callback: F): F {
  return Object.setPrototypeOf(callback, Object.getPrototypeOf(Reflect.get(program, name)) as object) as F
}
