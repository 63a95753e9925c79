import { defineActor } from '@cambium/actor'
export const counter = defineActor<number, { type: 'inc' } | { type: 'read' } | { type: 'boom' }, { type: 'value'; value: number }, number>(import.meta.url, 'counter', {
  init: (start) => start,
  receive: (state, m, ctx) => {
    if (m.type === 'inc') return state + 1
    if (m.type === 'boom') throw new Error('boom')
    if (ctx.isAsked) ctx.reply({ type: 'value', value: state })
    return undefined
  },
})
