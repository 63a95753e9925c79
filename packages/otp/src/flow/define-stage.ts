/**
 * Stages of a flow, in the form of Elixir's GenStage: producers give events when they are asked for, consumers take them at their own pace, processors do
 * both. Events are asked for, so nobody is ever sent more than it wanted: that is all the backpressure there is.
 */
import { createBehaviour } from '@cambium/actor'
import type { Behaviour, BehaviourOptions } from '@cambium/actor'
import { CambiumError, checkDuration, checkFields, unknownFieldOf } from '@cambium/base'
import { checkDispatch } from './dispatcher.ts'
import type { BufferOptions } from './dispatcher.ts'
import { stageProgram } from './stage.ts'
import type { PlainStage, Stage } from './stage.ts'
import type { Batch, StageSetting } from './stage-core.ts'
import type { ConsumerDefinition, ProcessorDefinition, ProducerDefinition, StageOptions } from './stage-definition.ts'
import { isStageMessage } from './stage-protocol.ts'
import type { ConsumerMessage, ProducerMessage } from './stage-protocol.ts'
import { checkDemand, DEMAND_MAX } from './subscription.ts'

/** A stage that gives events, to spawn. */
export interface Producer<Argument, Event, Message = never, Reply = unknown> extends Behaviour<
  Argument,
  ProducerMessage<Event> | Message,
  Reply
> {}

/** A stage that takes events and gives others, to spawn. */
export interface Processor<Argument, In, Out, Message = never, Reply = unknown> extends Behaviour<
  Argument,
  ProducerMessage<Out> | ConsumerMessage<In> | Message,
  Reply
> {}

/** A stage that takes events, to spawn. */
export interface Consumer<Argument, Event, Message = never, Reply = unknown> extends Behaviour<
  Argument,
  ConsumerMessage<Event> | Message,
  Reply
> {}

/**
 * Defines a producer and exports it under `name` from the module whose URL is given. Throws `ERR_BEHAVIOUR` when a callback is missing or is no
 * function, `ERR_OPTION` for a wrong dispatcher or buffer.
 */
export function defineProducer<Argument, State, Event, Message = never, Reply = unknown>(
  module: string | URL,
  name: string,
  definition: ProducerDefinition<Argument, State, Event, Message, Reply>,
  options: NoInfer<StageOptions<Message>> = {},
): Producer<Argument, Event, Message, Reply> {
  return define('producer', module, name, definition, ['demand', 'dispatcher', 'buffer'], options)
}

/** Defines a processor. Throws as {@link defineProducer} does, and `ERR_DEMAND` for a batch that cannot be. */
export function defineProcessor<Argument, State, In, Out, Message = never, Reply = unknown>(
  module: string | URL,
  name: string,
  definition: ProcessorDefinition<Argument, State, In, Out, Message, Reply>,
  options: NoInfer<StageOptions<Message>> = {},
): Processor<Argument, In, Out, Message, Reply> {
  return define('processor', module, name, definition, [...TAKING, 'dispatcher', 'buffer'], options)
}

/** Defines a consumer. Throws as {@link defineProcessor} does. */
export function defineConsumer<Argument, State, Event, Message = never, Reply = unknown>(
  module: string | URL,
  name: string,
  definition: ConsumerDefinition<Argument, State, Event, Message, Reply>,
  options: NoInfer<StageOptions<Message>> = {},
): Consumer<Argument, Event, Message, Reply> {
  return define('consumer', module, name, definition, TAKING, options)
}

/** Messages of stages come as fast as they are asked for, so this is met by the user's own alone. */
const MAILBOX_CAPACITY_DEFAULT = 65_536
const COMMON = ['init', 'message', 'info', 'terminate', 'redact']
const TAKING = ['handle', 'finish', 'subscribed', 'cancelled', 'subscribe', 'batch', 'handled']
const VALUES = new Set(['dispatcher', 'buffer', 'batch'])
const NEEDED = new Set(['init', 'demand', 'handle'])

function define<Argument, Messages, Reply>(
  kind: 'producer' | 'processor' | 'consumer',
  module: string | URL,
  name: string,
  definition: object,
  fields: readonly string[],
  options: StageOptions<never>,
): Behaviour<Argument, Messages, Reply> {
  if (typeof definition !== 'object' || definition === null) throw wrong(kind, name, 'definition is no object')
  const known = [...COMMON, ...fields]
  const given = definition as Readonly<Record<string, unknown>>
  const unknown = unknownFieldOf(given, known)
  if (unknown !== undefined) throw wrong(kind, name, unknown)
  for (const field of known) {
    const value = given[field]
    if (VALUES.has(field) || typeof value === 'function' || (value === undefined && !NEEDED.has(field))) continue
    throw wrong(kind, name, `${field} is ${typeof value}, expected a function`)
  }
  const setting: StageSetting = {
    stage: name,
    dispatch: kind === 'consumer' ? undefined : checkDispatch(given['dispatcher'], given['buffer'] as BufferOptions | undefined),
    takesEvents: kind !== 'producer',
    batch: given['batch'] === undefined ? undefined : checkBatch(given['batch']),
    isConfirmedLater: given['handled'] !== undefined,
  }
  const program = stageProgram(definition as PlainStage, setting)
  return createBehaviour<unknown, unknown, unknown, Stage>(kind, module, name, program, behaviourOptions(options)) as Behaviour<
    Argument,
    Messages,
    Reply
  >
}

function checkBatch(given: unknown): Batch {
  checkFields('batch', given, ['size', 'timeMs'])
  const { size, timeMs } = given as Partial<Batch>
  return {
    size: checkDemand('batch.size', size ?? 'missing', 1, 1, DEMAND_MAX),
    timeMs: checkDuration('batch.timeMs', timeMs, { default: Infinity, min: 0, max: Infinity }),
  }
}

function behaviourOptions(options: StageOptions<never>): BehaviourOptions {
  checkFields('options', options, ['budgetMs', 'mailbox'])
  const { mailbox = {}, ...rest } = options
  checkFields('mailbox', mailbox, ['capacity', 'priority'])
  const { capacity = MAILBOX_CAPACITY_DEFAULT, priority } = mailbox
  return {
    ...rest,
    mailbox: {
      capacity,
      // What the user says of the priority of messages is about those of his own.
      ...(typeof priority === 'function'
        ? { priority: (message: unknown) => (isStageMessage(message) ? 'normal' : priority(message as never)) }
        : {}),
    },
  }
}

function wrong(kind: string, name: string, problem: string): CambiumError {
  return new CambiumError('ERR_BEHAVIOUR', `${kind} is wrong: name=${name}, ${problem}`, { fields: { name } })
}
