/** A user's actor in JavaScript, in a file of its own. */
import { defineActor } from 'cambium'

export const counter = defineActor(import.meta.url, 'counter', {
  init: (/** @type {number} */ start) => start,
  receive(state, /** @type {'increment' | 'read' | 'break'} */ message, context) {
    if (message === 'break') throw new Error('broken on purpose')
    if (message === 'increment') return state + 1
    context.reply(state)
    return undefined
  },
})
