/**
 * Every decision of every supervisor, for whoever looks on: a channel of Node's `diagnostics_channel`. It costs a look at a flag when nobody does.
 *
 * A subscriber is called inside `decide`, before the host carries the actions out. It must change nothing, and must not throw.
 */
import { channel } from 'node:diagnostics_channel'
import type { Channel } from 'node:diagnostics_channel'

import type { SupervisorAction } from './supervisor-action.ts'
import type { SupervisorEvent } from './supervisor-event.ts'
import type { SupervisorState } from './supervisor-state.ts'

export interface DecisionMade<Start = unknown> {
  /** As it is after the decision. The same object for all decisions of one supervisor. */
  readonly state: SupervisorState<Start>
  readonly event: SupervisorEvent<Start>
  readonly now: number
  readonly actions: readonly SupervisorAction<Start>[]
}

/** Carries {@link DecisionMade}. */
export const decisions: Channel = channel('cambium:supervision:decision')
