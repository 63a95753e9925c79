/** What the measurement of throughput sends from one thread to another, by `tell` and by `postMessage` alike. */

export interface SmallMessage {
  readonly type: 'add'
  readonly amount: number
}

/** What the consumer saw. */
export interface Arrived {
  readonly messages: number
  readonly sum: number
}

/** `postMessage` has no bound of its own: its consumer acknowledges after so many messages, and the sender keeps a window. */
export const ACKNOWLEDGE_EVERY = 2048
