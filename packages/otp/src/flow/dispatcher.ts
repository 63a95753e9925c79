/** How a stage deals out its events, and what it keeps of those that nobody wants yet: the options, checked. */
import { checkFields, checkInteger, checkOneOf, optionError } from '@cambium/base'

/**
 * Who gets an event.
 * - `demand`: one subscriber, the one with the largest demand.
 * - `round-robin`: one subscriber, each that has demand in turn.
 * - `broadcast`: every subscriber, at the pace of the slowest; with `select`, those for whose `selection` it answers true.
 * - `partition`: one subscriber of the partition that `partitionOf` names; nobody for `undefined`. An array names the partitions, a number counts
 *   them from 0. A partition that is full holds up all of them, until somebody subscribes to it and takes what it has.
 */
export type Dispatcher<Event> =
  | { readonly kind: 'demand' | 'round-robin' }
  | { readonly kind: 'broadcast'; select?(event: Event, selection: never): boolean }
  | {
      readonly kind: 'partition'
      readonly partitions: number | readonly string[]
      partitionOf(event: Event): number | string | undefined
    }

export interface BufferOptions {
  /** Events that wait for demand at most; with partitions, in each of them. @default 10,000 */
  readonly capacity?: number
  /**
   * What happens to more than that. `fail`: the stage crashes with `ERR_BUFFER_FULL`. `drop-oldest`, `drop-newest`: dropped events are dead letters
   * `overflow`. @default 'fail'
   */
  readonly overflow?: 'fail' | 'drop-oldest' | 'drop-newest'
}

/** Checked and complete. */
export interface CheckedDispatch {
  readonly kind: Dispatcher<unknown>['kind']
  readonly select: ((event: unknown, selection: unknown) => boolean) | undefined
  readonly partitionOf: ((event: unknown) => unknown) | undefined
  /** Names of the partitions; undefined where they are numbers, or there is one. */
  readonly names: readonly string[] | undefined
  readonly lanes: number
  readonly capacity: number
  readonly overflow: 'fail' | 'drop-oldest' | 'drop-newest'
}

const BUFFER_CAPACITY_DEFAULT = 10_000
const CAPACITY_MAX = 1 << 24
const PARTITIONS_MAX = 1024
const KINDS = ['demand', 'round-robin', 'broadcast', 'partition'] as const

/** Throws `ERR_OPTION`, naming the field. */
export function checkDispatch(dispatcher: unknown = { kind: 'demand' }, buffer: BufferOptions = {}): CheckedDispatch {
  checkFields('dispatcher', dispatcher, ['kind', 'select', 'partitions', 'partitionOf'])
  const given = dispatcher as Readonly<Record<string, unknown>>
  const kind = checkOneOf('dispatcher.kind', given['kind'] ?? 'missing', KINDS, 'demand')
  const isPartition = kind === 'partition'
  const { select, partitions, partitionOf } = given
  if (select !== undefined && (kind !== 'broadcast' || typeof select !== 'function'))
    throw optionError('dispatcher.select', select, 'a function, and only with broadcast')
  if (isPartition !== (typeof partitionOf === 'function'))
    throw optionError('dispatcher.partitionOf', partitionOf, 'a function with partition, and none without')
  if (isPartition !== (partitions !== undefined))
    throw optionError('dispatcher.partitions', partitions, 'a number or names with partition, and none without')
  checkFields('buffer', buffer, ['capacity', 'overflow'])
  const names = Array.isArray(partitions) ? (partitions as string[]) : undefined
  if (names !== undefined && (names.some((name) => typeof name !== 'string') || new Set(names).size !== names.length))
    throw optionError('dispatcher.partitions', partitions, 'names that differ')
  return {
    kind,
    select: select as CheckedDispatch['select'],
    partitionOf: partitionOf as CheckedDispatch['partitionOf'],
    names,
    lanes: isPartition
      ? checkInteger('dispatcher.partitions', names?.length ?? partitions, { default: 1, min: 1, max: PARTITIONS_MAX })
      : 1,
    capacity: checkInteger('buffer.capacity', buffer.capacity, { default: BUFFER_CAPACITY_DEFAULT, min: 1, max: CAPACITY_MAX }),
    overflow: checkOneOf('buffer.overflow', buffer.overflow, ['fail', 'drop-oldest', 'drop-newest'] as const, 'fail'),
  }
}
