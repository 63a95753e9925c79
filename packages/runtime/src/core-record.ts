/** What the pool of cores knows of one of them. */
import type { ErrorRecord } from '@cambium/base'
import { CORE_DOWN, CORE_UP } from '@cambium/scheduler'
import type { CallbackTimer, CoreBlock } from '@cambium/scheduler'
import type { CoreThread } from './system-platform.ts'

export interface CoreRecord {
  readonly number: number
  readonly block: CoreBlock
  state: number
  thread: CoreThread | undefined
  downSinceMs: number | undefined
  /** A warm spare has become this core. */
  isFromSpare: boolean
  startTimer: CallbackTimer | undefined
  /** Why its thread is ending: the root's verdict, or what the thread said. */
  verdict: ErrorRecord | undefined
  /** The thread has been told to end. */
  isEnding: boolean
  /** The epoch has been counted up before the thread has ended. */
  isFenced: boolean
  onStopped: (() => void) | undefined
}

export function createCoreRecord(number: number, block: CoreBlock): CoreRecord {
  return {
    number,
    block,
    state: number === 0 ? CORE_UP : CORE_DOWN,
    thread: undefined,
    downSinceMs: undefined,
    isFromSpare: false,
    startTimer: undefined,
    verdict: undefined,
    isEnding: false,
    isFenced: false,
    onStopped: undefined,
  }
}
