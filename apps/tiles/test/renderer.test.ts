/** The renderer: one job at a time, in slices, for its own session only. */
import { startSystem } from 'cambium'
import type { Ref, System } from 'cambium'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nowMs } from '../src/clock.ts'
import type { Announcement, DeskMessage, Job, RegionMessage, RendererMessage } from '../src/protocol.ts'
import { renderer } from '../src/renderer.ts'
import { checksumOf, plainChecksum } from './plain-renderer.ts'
import { recorder } from './recorder.ts'
import type { Recorded } from './recorder.ts'
import { until } from './service-under-test.ts'

let system: System
let desk: Ref<DeskMessage>
let region: Ref<RegionMessage>
let under: Ref<RendererMessage>

beforeEach(async () => {
  system = await startSystem({ cores: 0, handleSignals: false })
  desk = (await system.spawn(recorder, undefined)) as unknown as Ref<DeskMessage>
  region = (await system.spawn(recorder, undefined)) as unknown as Ref<RegionMessage>
  under = await system.spawn(renderer, { renderer: 1, desk })
})
afterEach(() => system.shutdown())

const recorded = (ref: Ref<never>): Promise<Recorded[]> =>
  (ref as unknown as Ref<{ type: 'recorded' }, Recorded[]>).ask({ type: 'recorded' })

async function lastWord(): Promise<Announcement> {
  return (await recorded(desk)).at(-1) as unknown as Announcement
}

function job(z: number, x: number, y: number, deadlineMs: number = nowMs() + 60_000): Job {
  return {
    id: `${z}/${x}/${y}`,
    picture: { tile: { set: 'mandelbrot', z, x, y }, palette: 'ember' },
    deadlineMs,
    region,
    home: 0,
  }
}

test('announces itself, draws, tells the region, and announces itself again', async () => {
  const { session } = await lastWord()
  expect(await lastWord()).toMatchObject({ type: 'ready', renderer: 1, core: 0, taken: 0, isDrawing: false })
  under.tell({ type: 'draw', job: job(2, 1, 1), session })
  await until(async () => (await recorded(region)).length > 0)
  const [drawn] = await recorded(region)
  expect(drawn).toMatchObject({ type: 'drawn', core: 0, picture: job(2, 1, 1).picture })
  expect(checksumOf(drawn?.['png'] as Uint8Array)).toBe(plainChecksum('mandelbrot', 2, 1, 1, 'ember'))
  expect(await lastWord()).toMatchObject({ taken: 1, isDrawing: false, session })
})

test('a job of another session is not its own', async () => {
  const { session } = await lastWord()
  under.tell({ type: 'draw', job: job(2, 1, 1), session: session / 2 })
  under.tell({ type: 'announce' })
  await until(async () => (await recorded(desk)).length >= 2)
  expect(await lastWord()).toMatchObject({ taken: 0, isDrawing: false })
  expect(await recorded(region)).toEqual([])
})

test('stops between two slices when nobody waits any more', async () => {
  const { session } = await lastWord()
  under.tell({ type: 'draw', job: job(20, 462_533, 561_589), session })
  under.tell({ type: 'stop', id: 'another' })
  under.tell({ type: 'announce' })
  await until(async () => (await lastWord()).isDrawing)
  under.tell({ type: 'stop', id: job(20, 462_533, 561_589).id })
  await until(async () => !(await lastWord()).isDrawing)
  expect(await recorded(region)).toEqual([])
})

test('does not begin what is past its deadline, and leaves what becomes so', async () => {
  const { session } = await lastWord()
  under.tell({ type: 'draw', job: job(2, 1, 1, nowMs() - 1), session })
  await until(async () => (await recorded(region)).length === 1)
  under.tell({ type: 'draw', job: job(20, 462_533, 561_589, nowMs() + 50), session })
  await until(async () => (await recorded(region)).length === 2)
  expect((await recorded(region)).map(({ type, why }) => [type, why])).toEqual([
    ['undrawn', 'late'],
    ['undrawn', 'late'],
  ])
  expect(await lastWord()).toMatchObject({ taken: 2, isDrawing: false })
})
