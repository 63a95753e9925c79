/** The options of a pipeline, checked and complete. */
import { checkDuration, checkFields, checkInteger, checkOneOf, optionError } from '@cambium/base'
import type { ErrorRecord } from '@cambium/base'
import type { SequenceInHand } from '@cambium/ring'
import { STAGE_WAITS } from './stage-setting.ts'
import type { StageWait } from './stage-setting.ts'

/** What was done about a stage whose thread has died: the names are those of {@link DeathPolicy}. */
export type DeathAction = 'evicted' | 'restarted' | 'halted'

/**
 * What is done when the thread of a stage dies, by an error that no `onError` took, by an exit, or because it was stuck.
 *
 * `evict` its place is freed: the producer and those behind no longer wait for it, and what it had not handled stays unhandled. `restart`
 * a new thread goes on behind the record in hand; evicted when it dies too often. `halt` the whole pipeline ends.
 */
export type DeathPolicy = 'evict' | 'restart' | 'halt'

/** The death of a stage's thread. */
export interface StageDeath {
  readonly stage: string
  readonly worker: number
  readonly error: ErrorRecord
  /** The record that may be half handled. */
  readonly inHand: SequenceInHand | undefined
  readonly action: DeathAction
}

export interface PipelineOptions {
  /** How the threads wait: a wait strategy of the ring, or `events`, beside their event loops. @default 'adaptive' */
  readonly wait?: StageWait
  /** Longest wait before a handler is told that nothing came (`onTimeout`), in milliseconds. @default 1000 */
  readonly timeoutMs?: number
  /** Sequences in one batch at most. @default the ring's capacity */
  readonly maxBatch?: number
  /** @default 'evict' */
  readonly onDeath?: DeathPolicy
  /** Restarts of one stage within `restartPeriodMs`; the next death evicts it. @default 3 */
  readonly restartsMax?: number
  /** In milliseconds. @default 5000 */
  readonly restartPeriodMs?: number
  /** Longest time a handler may be at one record, in milliseconds; then its thread dies. @default Infinity */
  readonly stuckMs?: number
  /** Longest start of one stage, module and maker included, in milliseconds. @default 10000 */
  readonly startTimeoutMs?: number
  /** Longest time that `close` waits for what is published to be handled, in milliseconds. @default 5000 */
  readonly drainTimeoutMs?: number
  /** Longest time that a halted thread may take for its last batch, in milliseconds; then it is ended where it is. @default 5000 */
  readonly haltTimeoutMs?: number
  /** Told of each death, after it was dealt with. @default a warning of the process */
  readonly onStageDeath?: (death: StageDeath) => void
  /** The threads have the numbers from this one on as owners in the ring; for users with owners of their own. @default 1048576 */
  readonly ownersFrom?: number
}

export type PipelineLimits = Required<Omit<PipelineOptions, 'maxBatch' | 'onStageDeath'>> & {
  readonly maxBatch: number | undefined
  readonly onStageDeath: (death: StageDeath) => void
}

const FIELDS = [
  'wait',
  'timeoutMs',
  'maxBatch',
  'onDeath',
  'restartsMax',
  'restartPeriodMs',
  'stuckMs',
  'startTimeoutMs',
  'drainTimeoutMs',
  'haltTimeoutMs',
  'onStageDeath',
  'ownersFrom',
]
const DAY_MS = 86_400_000
const OWNERS_FROM = 2 ** 20

/** @throws `ERR_OPTION` */
export function checkPipelineOptions(options: PipelineOptions): PipelineLimits {
  checkFields('options', options, FIELDS)
  const { onStageDeath = warn } = options
  if (typeof onStageDeath !== 'function') throw optionError('onStageDeath', onStageDeath, 'a function')
  return {
    wait: checkOneOf('wait', options.wait, STAGE_WAITS, 'adaptive'),
    timeoutMs: checkDuration('timeoutMs', options.timeoutMs, { default: 1000, min: 1, max: DAY_MS }),
    maxBatch:
      options.maxBatch === undefined
        ? undefined
        : checkInteger('maxBatch', options.maxBatch, { default: 1, min: 1, max: 2 ** 30 }),
    onDeath: checkOneOf('onDeath', options.onDeath, ['evict', 'restart', 'halt'], 'evict'),
    restartsMax: checkInteger('restartsMax', options.restartsMax, { default: 3, min: 0, max: 1000 }),
    restartPeriodMs: checkDuration('restartPeriodMs', options.restartPeriodMs, { default: 5000, min: 1, max: DAY_MS }),
    stuckMs: checkDuration('stuckMs', options.stuckMs, { default: Infinity, min: 10, max: Infinity }),
    startTimeoutMs: checkDuration('startTimeoutMs', options.startTimeoutMs, { default: 10_000, min: 1, max: DAY_MS }),
    drainTimeoutMs: checkDuration('drainTimeoutMs', options.drainTimeoutMs, { default: 5000, min: 0, max: DAY_MS }),
    haltTimeoutMs: checkDuration('haltTimeoutMs', options.haltTimeoutMs, { default: 5000, min: 0, max: DAY_MS }),
    onStageDeath,
    ownersFrom: checkInteger('ownersFrom', options.ownersFrom, { default: OWNERS_FROM, min: 1, max: 2 ** 28 }),
  }
}

/** Nobody listens: a death is never without a word. */
function warn({ stage, error, action }: StageDeath): void {
  process.emitWarning(`stage of a pipeline died and was ${action}: stage=${stage}, error=${error.message}`, { code: error.code })
}
