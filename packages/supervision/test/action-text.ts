/** Actions as short lines, so that whole sequences can be compared and read. */
import type { SupervisorAction } from '../src/index.ts'

export function actionText(action: SupervisorAction): string {
  switch (action.type) {
    case 'start_child':
      return `${action.restart ? 'restart' : 'start'} ${action.spec.id}`
    case 'stop_child':
      return `stop ${action.id} ${action.shutdown}`
    case 'wait':
      return `wait ${action.id} ${action.delayMs}`
    case 'reply': {
      const target = action.id === undefined ? action.event : `${action.event} ${action.id}`
      if (action.ok === true) return `reply ${target} ok`
      return `reply ${target} ${action.ok.error}${action.ok.exit === undefined ? '' : ` ${action.ok.exit.kind}`}`
    }
    case 'report': {
      const restarts = 'restarts' in action ? ` ${action.restarts}` : ''
      return `report ${action.report} ${action.id} ${action.exit.kind}${restarts}`
    }
    case 'ended':
      return `ended ${action.reason}`
  }
}
