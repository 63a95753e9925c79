/**
 * The desk of the pool: holds the jobs that wait and hands one at a time to each renderer that is ready. It lives on core 0, which outlives the
 * others, so what waits here survives every failure of a core.
 *
 * 1. A job is in the queue, in the hand of one renderer, or gone. There is no room: its region is told at once, and so is its client.
 * 2. A renderer announces itself when it starts, after each job, and once a second. `taken` counts the jobs it was given: when it is what the desk has
 *    given it, and the renderer is not drawing, its job is done; when it is less, a job is on its way.
 * 3. An announcement with a new session means that the incarnation before it has ended, and its job with it: that one is queued again. A job
 *    that has ended {@link ATTEMPTS_MAX} renderers is given up, for it may be what ends them. A job that waits in the mailbox of a renderer which
 *    crashes reaches the next incarnation, which leaves it alone: it is not of its session.
 * 4. A job past its deadline is not handed out.
 */
import { defineActor } from 'cambium'
import type { Behaviour, Ref } from 'cambium'
import { nowMs } from './clock.ts'
import { JobQueue } from './job-queue.ts'
import type { QueuedJob } from './job-queue.ts'
import type { Announcement, DeskMessage, Job, RendererMessage } from './protocol.ts'

export interface DeskArgument {
  /** Jobs that may wait. */
  readonly capacity: number
}

interface Renderer {
  readonly ref: Ref<RendererMessage>
  readonly core: number
  readonly session: number
  given: number
  job: QueuedJob | undefined
  isReady: boolean
  /** Its last announcement; a moment of `clock.ts`. */
  heardMs: number
}

interface State {
  readonly capacity: number
  readonly queue: JobQueue
  readonly renderers: Map<number, Renderer>
  again: number
  failed: number
  withdrawn: number
  late: number
}

const ATTEMPTS_MAX = 5
/** Renderers announce themselves once a second: who was not heard of for longer does not draw. */
const SILENT_MS_MAX = 3000

export const desk: Behaviour<DeskArgument, DeskMessage> = defineActor<DeskArgument, DeskMessage, unknown, State>(
  import.meta.url,
  'desk',
  {
    init: ({ capacity }) => ({
      capacity,
      queue: new JobQueue(capacity),
      renderers: new Map(),
      again: 0,
      failed: 0,
      withdrawn: 0,
      late: 0,
    }),

    receive(state, message, context) {
      switch (message.type) {
        case 'draw':
          enqueue(state, { ...message.job, attempts: 0 })
          break
        case 'withdraw':
          withdraw(state, message.id)
          break
        case 'ready':
          announced(state, message)
          break
        case 'state': {
          const { capacity, queue, again, failed, withdrawn, late } = state
          const all = [...state.renderers.values()]
          const drawing = all.filter(({ job }) => job !== undefined).length
          const heardSinceMs = nowMs() - SILENT_MS_MAX
          const renderers = all.filter(({ heardMs }) => heardMs >= heardSinceMs).map(({ core }) => core)
          context.reply({ waiting: queue.length, drawing, capacity, renderers, again, failed, withdrawn, late })
        }
      }
    },
  },
)

function enqueue(state: State, job: QueuedJob): void {
  // Asked for by a region that has lost its memory of it: the job goes on, and is told to the region when it is done.
  for (const { job: inHand } of state.renderers.values()) if (inHand?.id === job.id) return
  if (!state.queue.add(job)) {
    undrawn(job, 'busy', 'no room in the queue of the pool')
    return
  }
  const renderer = readyFor(state, job.home)
  if (renderer !== undefined) handOut(state, renderer)
}

/** Of those that are ready the one whose core draws least, and of equals the one on the job's own core. */
function readyFor(state: State, home: number): Renderer | undefined {
  const drawing = new Map<number, number>()
  for (const { core, job } of state.renderers.values()) if (job !== undefined) drawing.set(core, (drawing.get(core) ?? 0) + 1)
  const costOf = ({ core }: Renderer): number => 2 * (drawing.get(core) ?? 0) + (core === home ? 0 : 1)
  let best: Renderer | undefined
  for (const renderer of state.renderers.values())
    if (renderer.isReady && (best === undefined || costOf(renderer) < costOf(best))) best = renderer
  return best
}

function withdraw(state: State, id: string): void {
  if (state.queue.remove(id)) {
    state.withdrawn += 1
    return
  }
  for (const renderer of state.renderers.values()) {
    if (renderer.job?.id !== id) continue
    state.withdrawn += 1
    renderer.job = undefined // so that the same tile, asked for again, is queued again
    renderer.ref.tell({ type: 'stop', id })
  }
}

/** Rules 2 and 3. */
function announced(state: State, { renderer: number, core, session, ref, taken, isDrawing }: Announcement): void {
  let renderer = state.renderers.get(number)
  if (renderer?.session !== session) {
    const lost = renderer?.job
    renderer = { ref, core, session, given: taken, job: undefined, isReady: false, heardMs: 0 }
    state.renderers.set(number, renderer)
    if (lost !== undefined) drawAgain(state, lost)
  }
  renderer.heardMs = nowMs()
  if (taken < renderer.given || isDrawing) return
  renderer.job = undefined
  renderer.isReady = true
  handOut(state, renderer)
}

function drawAgain(state: State, job: QueuedJob): void {
  if (job.attempts >= ATTEMPTS_MAX) {
    state.failed += 1
    undrawn(job, 'failed', `given up: attempts=${job.attempts}, each of which ended its renderer`)
    return
  }
  state.again += 1
  if (!state.queue.add(job)) undrawn(job, 'busy', 'no room in the queue of the pool')
}

function handOut(state: State, renderer: Renderer): void {
  for (let job = state.queue.next(renderer.core); job !== undefined; job = state.queue.next(renderer.core)) {
    if (nowMs() >= job.deadlineMs) {
      state.late += 1
      undrawn(job, 'late', 'its deadline passed while it waited')
      continue
    }
    renderer.isReady = false
    renderer.given += 1
    renderer.job = { ...job, attempts: job.attempts + 1 }
    const { id, picture, deadlineMs, region, home } = job
    renderer.ref.tell({ type: 'draw', job: { id, picture, deadlineMs, region, home }, session: renderer.session })
    return
  }
}

function undrawn({ region, picture }: Job, why: 'busy' | 'late' | 'failed', detail: string): void {
  region.tell({ type: 'undrawn', tile: picture.tile, why, detail })
}
