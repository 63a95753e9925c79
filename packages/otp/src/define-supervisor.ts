/**
 * The supervisor behaviour, in the form of Erlang's supervisor: `init` says which children there are and how they are restarted; the decisions are
 * OTP's (`@cambium/supervision`). A supervisor is an actor on any core, its children are actors on any core, some of them supervisors.
 */
import { createBehaviour, IGNORE } from '@cambium/actor'
import type { ActorContext, Behaviour } from '@cambium/actor'
import { CambiumError, optionError, unknownFieldOf } from '@cambium/base'
import type { Child } from '@cambium/runtime'
import type { RunContext } from '@cambium/scheduler'
import type { ChildSpec, SupervisorFlags } from '@cambium/supervision'
import { childSpecError, childSpecOf } from './supervised-child.ts'
import type { SupervisedChild } from './supervised-child.ts'
import { SupervisorActor } from './supervisor-actor.ts'
import type { SupervisorReply, SupervisorRequest } from './supervisor-protocol.ts'

/** What `init` answers: the flags, and the children in the order of their start. */
export interface SupervisorSpec extends SupervisorFlags {
  /** What `child` makes. None in a dynamic supervisor: they come by `startChild`. @default [] */
  readonly children?: readonly Child<never, unknown>[]
}

export interface SupervisorDefinition<Argument> {
  /** Runs again after each restart. `IGNORE`: there is to be no supervisor. */
  init(argument: Argument): SupervisorSpec | typeof IGNORE | Promise<SupervisorSpec | typeof IGNORE>
}

/** A supervisor, to spawn or to name as a child. */
export type Supervisor<Argument> = Behaviour<Argument, SupervisorRequest, SupervisorReply>

/**
 * Defines a supervisor and exports it under `name` from the module whose URL is given. Throws `ERR_BEHAVIOUR` when `init` is missing or not alone. A wrong flag or
 * child, or an answer of `init` that is none, is told where it is started: `ERR_SUPERVISOR_FLAGS`, `ERR_CHILD_SPEC`, for the argument of a child `ERR_CANNOT_TRAVEL`; nothing is started then.
 */
export function defineSupervisor<Argument = void>(
  module: string | URL,
  name: string,
  definition: SupervisorDefinition<Argument>,
): Supervisor<Argument> {
  const hasInit = typeof definition === 'object' && definition !== null && typeof definition.init === 'function'
  const problem = hasInit ? unknownFieldOf(definition, ['init']) : 'init is no function'
  if (problem !== undefined)
    throw new CambiumError('ERR_BEHAVIOUR', `supervisor is wrong: name=${name}, ${problem}`, { fields: { name } })
  return supervisorBehaviour<Argument>(module, name, (argument) => definition.init(argument))
}

/** For other forms of supervisor. `specOf` is told how many cores there are, the main thread included. */
export function supervisorBehaviour<Argument>(
  module: string | URL,
  name: string,
  specOf: (argument: Argument, cores: number) => ReturnType<SupervisorDefinition<Argument>['init']>,
): Supervisor<Argument> {
  return createBehaviour<Argument, SupervisorRequest, SupervisorReply, SupervisorActor>('supervisor', module, name, {
    async init(argument, context) {
      const spec = await specOf(argument, (context as unknown as RunContext).keeper.coreCount)
      if (spec === IGNORE) return IGNORE
      const supervisor = begin(context, spec)
      await supervisor.start()
      return supervisor
    },
    receive(supervisor, request, context) {
      const answer = context.isAsked ? context.deferReply() : () => {}
      supervisor.handle(request, answer)
    },
    terminate(supervisor) {
      return supervisor.shutdown()
    },
    inner: {
      read: (supervisor) => supervisor.shown,
      write(supervisor) {
        throw new CambiumError('ERR_SUPERVISOR_REQUEST', `state of a supervisor is its own: supervisor=${supervisor.path}`)
      },
    },
    redact: (supervisor) => supervisor.shown,
  })
}

function begin(context: ActorContext<SupervisorRequest, SupervisorReply>, spec: SupervisorSpec): SupervisorActor {
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec))
    throw wrong('init', spec, 'an object with flags and children')
  const { children = [], ...flags } = spec
  if (!Array.isArray(children)) throw wrong('children', children, 'an array')
  if (flags.kind === 'dynamic' && children.length > 0) throw wrong('children', children, 'none in a dynamic supervisor')
  const specs = children.map((child): ChildSpec<SupervisedChild> => {
    const { id, ...rest } = childSpecOf(child as Child<never, unknown>)
    return { id: id ?? rest.start.start.behaviour, ...rest }
  })
  return new SupervisorActor(context, flags, specs)
}

function wrong(field: string, value: unknown, expected: string): unknown {
  return childSpecError(optionError(field, value, expected))
}
