/** A dead letter of another core, as it is shown: without the message, which stays there. */
import type { DeadLetter } from '@cambium/actor'
import type { Signal } from '@cambium/scheduler'

export function letterOf(from: number, signal: Extract<Signal, { type: 'dead_letter' }>): DeadLetter {
  const { core, slot, generation, reason, count, name, detail } = signal
  return {
    reason,
    target: { core, slot, generation },
    core: from,
    count,
    ...(name === undefined ? {} : { name }),
    ...(detail === undefined ? {} : { detail }),
  }
}
