/** What a system tells about itself, in words for the trace. */
import { formatAddress } from '@cambium/base'
import type { System } from '@cambium/runtime'

/** `more` is for people only: texts of errors differ between versions of Node. */
export type Note = (core: number, what: string, more?: string) => void

export function noteSystemEvents({ events }: System, note: Note): void {
  events.on('dead_letter', ({ core, reason, target, count }) => {
    note(core, `dead letter ${reason} for ${formatAddress(target)} ×${count}`)
  })
  events.on('actor_exited', ({ actor, reason }) => {
    note(actor.core, `${formatAddress(actor)} ended: ${reason.kind}`, reason.kind === 'crash' ? `, ${reason.error.message}` : '')
  })
  events.on('actor_restarted', ({ actor }) => {
    note(actor.core, `${formatAddress(actor)} restarted`)
  })
  events.on('actor_moved', ({ actor, from, to }) => {
    note(actor.core, `${formatAddress(actor)} moved from core-${from} to core-${to}`)
  })
  events.on('core_lost', ({ core, lost, error }) => {
    note(core, `core lost, ${lost} messages with it`, `, ${error.message}`)
  })
  events.on('core_restarted', ({ core }) => {
    note(core, 'core restarted')
  })
  events.on('given_up', ({ name }) => {
    note(0, `${name} given up`)
  })
  events.on('ask_cycle', ({ path }) => {
    note(0, `circle of asks: ${path}`)
  })
  events.on('load_shed', ({ actor, queued, dropped }) => {
    note(actor.core, `${formatAddress(actor)} sheds load: ${dropped} dropped, ${queued} queued`)
  })
  events.on('wait_cycle', ({ path }) => {
    note(0, `circle of waiting actors: ${path}`)
  })
  events.on('fault', ({ where, error }) => {
    note(0, `fault in ${where}`, `, ${error.message}`)
  })
}
