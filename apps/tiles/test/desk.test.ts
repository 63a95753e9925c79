/** The desk, rule by rule, against renderers and regions that only listen. */
import { startSystem } from 'cambium'
import type { Ref, System } from 'cambium'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nowMs } from '../src/clock.ts'
import { desk } from '../src/desk.ts'
import type { Announcement, DeskMessage, Job, RegionMessage, RendererMessage } from '../src/protocol.ts'
import { recorder } from './recorder.ts'
import type { Recorded } from './recorder.ts'

let system: System
let front: Ref<DeskMessage>
let region: Ref<RegionMessage>
let renderers: Ref<RendererMessage>[]

beforeEach(async () => {
  system = await startSystem({ cores: 0, handleSignals: false })
  const listen = async <M>(): Promise<Ref<M>> => (await system.spawn(recorder, undefined)) as unknown as Ref<M>
  front = await system.spawn(desk, { capacity: 3 })
  region = await listen()
  renderers = [await listen(), await listen()]
})
afterEach(() => system.shutdown())

/** What an actor was told by the time the desk has handled all that it was told here. */
async function recorded(ref: Ref<never>): Promise<Recorded[]> {
  await front.ask({ type: 'state' })
  return (ref as unknown as Ref<{ type: 'recorded' }, Recorded[]>).ask({ type: 'recorded' })
}

function job(x: number, deadlineMs: number = nowMs() + 60_000, home = 1): Job {
  const picture = { tile: { set: 'julia', z: 5, x, y: 0 }, palette: 'ember' } as const
  return { id: `julia/5/${x}/0`, picture, deadlineMs, region, home }
}

function ready(number: number, taken: number, session = 1, isDrawing = false): Announcement {
  return {
    type: 'ready',
    renderer: number,
    core: number + 1,
    session,
    ref: renderers[number] as Ref<RendererMessage>,
    taken,
    isDrawing,
  }
}

/** Tiles that a renderer was given, by their x. */
const given = async (number: number): Promise<unknown[]> =>
  (await recorded(renderers[number] as Ref<never>)).map((message) =>
    message.type === 'draw' ? (message['job'] as Job).picture.tile.x : message,
  )

const told = async (): Promise<unknown[]> => (await recorded(region)).map(({ type, why }) => `${type} ${String(why)}`)

test('hands one job at a time to each renderer, the oldest of its own core first', async () => {
  for (const [x, home] of [[0, 1], [1, 2], [2, 1]] as const) front.tell({ type: 'draw', job: job(x, undefined, home) }) // prettier-ignore
  front.tell(ready(1, 0))
  front.tell(ready(0, 0))
  expect([await given(0), await given(1)]).toEqual([[0], [1]])
  front.tell(ready(1, 1)) // its job is done, and nothing of its own core is left
  expect([await given(0), await given(1)]).toEqual([[0], [1, 2]])
  expect(await front.ask({ type: 'state' })).toMatchObject({ waiting: 0, drawing: 2, renderers: [2, 1] })
})

test('a job goes to the core that draws least, and of equals to its own', async () => {
  for (const [number, core] of [[0, 1], [1, 1], [2, 2]] as const) front.tell({ ...ready(0, 0), renderer: number, core, ref: renderers[core - 1] as Ref<RendererMessage> }) // prettier-ignore
  for (const x of [0, 1, 2]) front.tell({ type: 'draw', job: job(x) })
  expect([await given(0), await given(1)]).toEqual([[0, 2], [1]])
})

test('an announcement that crosses a job on its way changes nothing', async () => {
  front.tell(ready(0, 0))
  front.tell({ type: 'draw', job: job(0) })
  front.tell({ type: 'draw', job: job(1) })
  front.tell(ready(0, 0)) // sent before the job came
  front.tell(ready(0, 1, 1, true)) // drawing it
  expect(await given(0)).toEqual([0])
  front.tell(ready(0, 1))
  front.tell(ready(0, 1)) // once a second, whatever happens
  expect(await given(0)).toEqual([0, 1])
})

test('beyond its capacity it says so at once', async () => {
  for (let x = 0; x < 5; x += 1) front.tell({ type: 'draw', job: job(x) })
  expect(await front.ask({ type: 'state' })).toMatchObject({ waiting: 3, capacity: 3 })
  expect(await told()).toEqual(['undrawn busy', 'undrawn busy'])
})

describe('a renderer that ended', () => {
  test('its job is handed out again, to whoever is ready first', async () => {
    front.tell(ready(0, 0))
    front.tell({ type: 'draw', job: job(0) })
    expect(await given(0)).toEqual([0])
    front.tell(ready(0, 0, 2)) // its next incarnation
    expect(await given(0)).toEqual([0, 0])
    expect(await front.ask({ type: 'state' })).toMatchObject({ again: 1, drawing: 1 })
  })

  test('a job that ends five of them is given up', async () => {
    front.tell(ready(0, 0))
    front.tell({ type: 'draw', job: job(0) })
    for (let session = 2; session <= 8; session += 1) front.tell(ready(0, 0, session))
    expect(await given(0)).toEqual([0, 0, 0, 0, 0])
    expect(await told()).toEqual(['undrawn failed'])
    expect(await front.ask({ type: 'state' })).toMatchObject({ again: 4, failed: 1, drawing: 0, waiting: 0 })
  })

  test('a job that was withdrawn is not handed out again', async () => {
    front.tell(ready(0, 0))
    front.tell({ type: 'draw', job: job(0) })
    front.tell({ type: 'withdraw', id: job(0).id })
    front.tell(ready(0, 0, 2))
    expect(await given(0)).toEqual([0, { type: 'stop', id: job(0).id }])
  })
})

test('a job is withdrawn from the queue, and from the hand', async () => {
  front.tell(ready(0, 0))
  for (let x = 0; x < 3; x += 1) front.tell({ type: 'draw', job: job(x) })
  front.tell({ type: 'withdraw', id: job(1).id })
  front.tell({ type: 'withdraw', id: job(0).id })
  front.tell({ type: 'withdraw', id: 'nobody asked for it' })
  front.tell(ready(0, 1))
  expect(await given(0)).toEqual([0, { type: 'stop', id: job(0).id }, 2])
  expect(await front.ask({ type: 'state' })).toMatchObject({ withdrawn: 2, waiting: 0 })
})

test('a tile that is asked for again after it was withdrawn is drawn', async () => {
  front.tell(ready(0, 0))
  front.tell({ type: 'draw', job: job(0) })
  front.tell({ type: 'withdraw', id: job(0).id })
  front.tell({ type: 'draw', job: job(0) })
  front.tell(ready(0, 1))
  expect(await given(0)).toEqual([0, { type: 'stop', id: job(0).id }, 0])
})

test('a tile that is in hand, or waits, is not drawn twice', async () => {
  front.tell(ready(0, 0))
  front.tell({ type: 'draw', job: job(0) })
  front.tell({ type: 'draw', job: job(0) })
  front.tell({ type: 'draw', job: job(1) })
  front.tell({ type: 'draw', job: job(1) })
  expect(await front.ask({ type: 'state' })).toMatchObject({ waiting: 1 })
  front.tell(ready(0, 1))
  front.tell(ready(0, 2))
  expect(await given(0)).toEqual([0, 1])
})

test('what is past its deadline is not handed out', async () => {
  front.tell({ type: 'draw', job: job(0, nowMs() - 1) })
  front.tell({ type: 'draw', job: job(1) })
  front.tell(ready(0, 0))
  expect(await given(0)).toEqual([1])
  expect(await told()).toEqual(['undrawn late'])
  expect(await front.ask({ type: 'state' })).toMatchObject({ late: 1 })
})

test('a desk that starts anew learns of its renderers by their announcements, also of one that draws', async () => {
  front.tell(ready(0, 7, 3, true)) // in the middle of something the old desk gave it
  front.tell({ type: 'draw', job: job(0) })
  expect(await given(0)).toEqual([])
  front.tell(ready(0, 7, 3))
  expect(await given(0)).toEqual([0])
})
