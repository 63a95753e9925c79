/** What supervisors that are actors tell of their children, as events of the system. */
import type { Signal } from '@cambium/scheduler'
import type { createSystemEvents } from './system-events.ts'

export function publishSupervision(
  events: ReturnType<typeof createSystemEvents>,
  signal: Extract<Signal, { type: 'supervision' }>,
): void {
  const { path, id } = signal
  switch (signal.news) {
    case 'exited':
      events.publish('actor_exited', { actor: signal.actor, name: id, reason: signal.reason, path: `${path}/${id}` })
      return
    case 'restarted':
      events.publish('actor_restarted', { actor: signal.actor, name: id, tookMs: signal.tookMs, path: `${path}/${id}` })
      return
    case 'given_up':
      events.publish('given_up', { name: path, restarts: signal.restarts, reason: signal.reason, child: id })
  }
}
