/** How urgent a user message is (D4). Signals of the runtime go before all of them, on a lane of their own. */

export type Priority = 'high' | 'normal' | 'low'

export const PRIORITIES = ['high', 'normal', 'low'] as const

/** As numbers, for records and queues; 0 where none was given. */
export const UNSET = 0
export const HIGH = 1
export const NORMAL = 2
export const LOW = 3

/** The number of a priority; 0 for what is none. */
export function priorityNumber(value: unknown): number {
  return value === 'normal' ? NORMAL : value === 'high' ? HIGH : value === 'low' ? LOW : UNSET
}
