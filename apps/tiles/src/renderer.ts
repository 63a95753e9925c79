/**
 * A renderer of the pool: draws one picture at a time, in slices. Between two slices the other actors of its core have their turn, a word that
 * nobody waits for the picture any more is heard, and the deadline is looked at.
 */
import { defineActor } from 'cambium'
import type { ActorContext, Behaviour, Ref } from 'cambium'
import { nowMs } from './clock.ts'
import { failOnPurpose } from './drill.ts'
import { beginField, continueField } from './escape-field.ts'
import type { FieldWork } from './escape-field.ts'
import type { DeskMessage, Job, RendererMessage } from './protocol.ts'
import { encodePicture } from './tile-image.ts'

export interface RendererArgument {
  readonly renderer: number
  readonly desk: Ref<DeskMessage>
}

interface State {
  readonly renderer: number
  readonly desk: Ref<DeskMessage>
  readonly session: number
  taken: number
  job: Job | undefined
  work: FieldWork | undefined
}

type Context = ActorContext<RendererMessage>

const SLICE_MS = 2
const ANNOUNCE_INTERVAL_MS = 1000

export const renderer: Behaviour<RendererArgument, RendererMessage> = defineActor<
  RendererArgument,
  RendererMessage,
  unknown,
  State
>(import.meta.url, 'renderer', {
  init({ renderer: number, desk }, context) {
    const state: State = { renderer: number, desk, session: context.random(), taken: 0, job: undefined, work: undefined }
    announce(state, context)
    context.setTimer('announce', ANNOUNCE_INTERVAL_MS, { type: 'announce' }, { repeat: true })
    return state
  },

  receive(state, message, context) {
    switch (message.type) {
      case 'draw':
        if (message.session !== state.session) break // the desk has it queued again
        state.taken += 1
        state.job = message.job
        state.work = beginField(message.job.picture.tile)
        goOn(state, context)
        break
      case 'go_on':
        goOn(state, context)
        break
      case 'stop':
        if (state.job?.id === message.id) finish(state, context)
        break
      case 'announce':
        announce(state, context)
        break
      case 'drill':
        return failOnPurpose(message)
    }
  },
})

/** A slice of the picture in hand, if there still is one. */
function goOn(state: State, context: Context): void {
  const { job, work } = state
  if (job === undefined || work === undefined) return
  const startedMs = nowMs()
  const { picture, region } = job
  if (startedMs >= job.deadlineMs) {
    region.tell({ type: 'undrawn', tile: picture.tile, why: 'late', detail: 'its deadline passed while it was drawn' })
    finish(state, context)
    return
  }
  if (!continueField(work, () => nowMs() - startedMs >= SLICE_MS)) {
    context.self.tell({ type: 'go_on' })
    return
  }
  const png = encodePicture(work.field, picture.palette)
  region.tell({ type: 'drawn', picture, core: context.core, field: work.field, png })
  finish(state, context)
}

function finish(state: State, context: Context): void {
  state.job = undefined
  state.work = undefined
  announce(state, context)
}

function announce({ renderer: number, desk, session, taken, job }: State, context: Context): void {
  const { core, self: ref } = context
  desk.tell({ type: 'ready', renderer: number, core, session, ref, taken, isDrawing: job !== undefined })
}
