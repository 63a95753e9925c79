/** Whether a run gets on: how long its cores have had turns, and what is due has begun, without the clock jumping. */
import { CambiumError } from '@cambium/base'

/** Messages, and turns without one, since the clock last jumped or the scenario last did something, before a run counts as livelocked. */
const WORK_IN_A_ROW_MAX = 500_000
/** Steps in a row that only began what was due: what it sets anew for the same moment must not hold the clock for ever. */
const DUE_IN_A_ROW_MAX = 1000

export class Progress {
  #work = 0
  #dues = 0

  /** After a turn with so many messages. Throws ERR_SIM_LIVELOCK. */
  turn(messages: number, nowMs: number): void {
    this.#dues = 0
    this.#work += Math.max(1, messages)
    if (this.#work <= WORK_IN_A_ROW_MAX) return
    throw new CambiumError(
      'ERR_SIM_LIVELOCK',
      `cores run without end, and neither the clock jumps nor the scenario does anything: work=${WORK_IN_A_ROW_MAX}, nowMs=${nowMs}`,
      { severity: 'bug' },
    )
  }

  /** A step that did nothing but begin what is due. False when there have been too many. */
  due(): boolean {
    this.#dues += 1
    return this.#dues <= DUE_IN_A_ROW_MAX
  }

  jumped(): void {
    this.#work = 0
    this.#dues = 0
  }

  /** The scenario does something. */
  touched(): void {
    this.#work = 0
  }
}
