/** Whether anybody is there to draw: a renderer that has been heard of lately, on a core that is up. */
import type { Ref } from 'cambium'
import type { DeskMessage } from './protocol.ts'
import type { VitalSigns } from './vital-signs.ts'

const DESK_TIMEOUT_MS = 1000

/** What stands in the way of drawing, if anything does. A core that hangs is noticed by the silence of its renderers, a dead one at once. */
export async function whatHinders(desk: Ref<DeskMessage>, signs: VitalSigns): Promise<string | undefined> {
  const state = await desk.ask({ type: 'state' }, { timeoutMs: DESK_TIMEOUT_MS }).catch(() => undefined)
  return state?.renderers.some((core) => signs.core(core).isUp) === true ? undefined : 'nobody is there to draw'
}
