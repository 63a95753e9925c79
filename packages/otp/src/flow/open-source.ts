/** Events from plain code: what is pushed comes out of a producer, and whoever pushes waits until there is room. */
import { WritableStream } from 'node:stream/web'
import { CambiumError, checkFields, checkInteger, optionError } from '@cambium/base'
import type { SpawnOptions, System } from '@cambium/runtime'
import { checkSystem } from './check-system.ts'
import { bufferFull } from './flow-errors.ts'
import { source } from './source.ts'
import type { SourceMessage } from './source.ts'
import type { ProducerRef } from './stage-protocol.ts'

export interface FlowSourceOptions extends Pick<SpawnOptions, 'name' | 'core' | 'key'> {
  /** Events that are taken over before anybody wants them. @default 0: a push waits for demand */
  readonly capacity?: number
}

export interface FlowSource<Event> {
  /** To subscribe to. It gives each event to the subscriber with the largest demand. */
  readonly ref: ProducerRef<Event>
  /**
   * Resolves when the events have been sent to subscribers, or taken over. Rejects with `ERR_FLOW_ENDED` after the end, `ERR_BUFFER_FULL` when 1024 pushes wait already, `ERR_OPTION` for what is no array, `ERR_CANNOT_TRAVEL`, with `ERR_ACTOR_CRASHED`,
   * `ERR_NO_SUCH_ACTOR` and the like when the producer has ended, or with the abort reason; then they may have been sent all the same.
   */
  push(events: readonly Event[], options?: { readonly signal?: AbortSignal }): Promise<void>
  /** No more comes: when all has been sent, the producer is done. Resolves when it knows. */
  end(): Promise<void>
  /** The same as a stream; an abort stops the producer. */
  readonly writable: WritableStream<Event>
}

const CAPACITY_MAX = 1 << 24
/** Pushes that wait at the same time. */
const PUSHES_MAX = 1024

/** Starts a producer of what is pushed: on core 0, unless the options say otherwise. Rejects with `ERR_OPTION`, and as `system.spawn` does. */
export async function openSource<Event>(system: System, options: FlowSourceOptions = {}): Promise<FlowSource<Event>> {
  checkSystem(system)
  checkFields('options', options, ['capacity', 'name', 'core', 'key'])
  const { capacity, ...placed } = options
  const room = checkInteger('capacity', capacity, { default: 0, min: 0, max: CAPACITY_MAX })
  const place = placed.core === undefined && placed.key === undefined ? { ...placed, core: 0 } : placed
  const ref = await system.spawn(source, room, place)
  let isEnded = false
  let pushes = 0
  const ask = async (message: SourceMessage, signal?: AbortSignal): Promise<void> => {
    await ref.ask(message, { timeoutMs: Infinity, ...(signal === undefined ? {} : { signal }) })
  }
  const push: FlowSource<Event>['push'] = async (events, { signal } = {}) => {
    if (!Array.isArray(events)) throw optionError('events', events, 'an array of events')
    if (isEnded) throw new CambiumError('ERR_FLOW_ENDED', `flow has ended and takes no events: source=${ref.toString()}`)
    if (pushes >= PUSHES_MAX) throw bufferFull('source', PUSHES_MAX)
    if (events.length === 0) return
    pushes += 1
    try {
      await ask({ type: 'push', events }, signal)
    } finally {
      pushes -= 1
    }
  }
  const end = async (): Promise<void> => {
    if (isEnded) return
    isEnded = true
    await ask({ type: 'end' })
  }
  return {
    ref: ref as unknown as ProducerRef<Event>,
    push,
    end,
    writable: new WritableStream<Event>(
      {
        write: (event, controller) => push([event], { signal: controller.signal }),
        close: end,
        async abort() {
          isEnded = true
          await system.stop(ref)
        },
      },
      { highWaterMark: 1 },
    ),
  }
}
