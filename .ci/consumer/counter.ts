/** A user's server in TypeScript, in a file of its own: every core imports it as it is. */
import { defineServer } from 'cambium'

export type Input = { type: 'increment' } | { type: 'read' } | { type: 'break' }
export type Output = { type: 'ack' } | { type: 'value'; value: number }

export const counter = defineServer(import.meta.url, 'counter', {
  init: (start: number) => start,
  step(state, input: Input): [number, Output] {
    switch (input.type) {
      case 'increment':
        return [state + 1, { type: 'ack' }]
      case 'read':
        return [state, { type: 'value', value: state }]
      case 'break':
        throw new Error('broken on purpose')
    }
  },
})
