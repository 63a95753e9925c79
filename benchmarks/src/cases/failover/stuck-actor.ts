/** An actor with a budget, whose handler does not end when it is told so. */
import { defineActor } from 'cambium'
import type { Behaviour } from 'cambium'

/** Of one callback, in milliseconds. */
export const BUDGET_MS = 100

export const stuck: Behaviour<null, 'loop' | 'ping', string> = defineActor<null, 'loop' | 'ping', string, null>(
  import.meta.url,
  'stuck',
  {
    init: () => null,
    receive(_state, message, context) {
      if (message === 'loop') for (;;);
      context.reply('pong')
    },
  },
  { budgetMs: BUDGET_MS },
)
