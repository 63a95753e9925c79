/** The region, rule by rule, against a pool and a cache that only listen, on the main thread. */
import { startSystem } from 'cambium'
import type { Ref, System } from 'cambium'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cache } from '../src/cache.ts'
import { nowMs } from '../src/clock.ts'
import { computeField } from '../src/escape-field.ts'
import type { CacheMessage, DeskMessage, Job, PictureOutcome, RegionMessage } from '../src/protocol.ts'
import { region } from '../src/region.ts'
import type { Picture } from '../src/tile-address.ts'
import { encodePicture } from '../src/tile-image.ts'
import { checksumOf, plainChecksum } from './plain-renderer.ts'
import { recorder } from './recorder.ts'
import type { Recorded } from './recorder.ts'
import { until } from './service-under-test.ts'

let system: System
let desk: Ref<DeskMessage>
let keeper: Ref<CacheMessage>
let under: Ref<RegionMessage>
let tickets = 0

beforeEach(async () => {
  system = await startSystem({ cores: 0, handleSignals: false })
  desk = (await system.spawn(recorder, undefined)) as unknown as Ref<DeskMessage>
  keeper = await system.spawn(cache, { bytesMax: 64 * 1024 * 1024 })
  under = await system.spawn(region, { desk, caches: [keeper] })
})
afterEach(() => system.shutdown())

const picture = (palette: Picture['palette'] = 'ember', x = 1): Picture => ({ tile: { set: 'tricorn', z: 2, x, y: 1 }, palette })

function ask(what: Picture, leftMs = 60_000): { readonly ticket: number; readonly outcome: Promise<PictureOutcome> } {
  tickets += 1
  const ticket = tickets
  return {
    ticket,
    outcome: under.ask({ type: 'picture', ticket, picture: what, deadlineMs: nowMs() + leftMs }, { timeoutMs: 60_000 }),
  }
}

async function atDesk(): Promise<string[]> {
  const messages = await (desk as unknown as Ref<{ type: 'recorded' }, Recorded[]>).ask({ type: 'recorded' })
  return messages.map((message) =>
    message.type === 'draw' ? `draw ${(message['job'] as Job).id}` : `${message.type} ${String(message['id'])}`,
  )
}

function draw(what: Picture, core = 3): void {
  const field = computeField(what.tile)
  under.tell({ type: 'drawn', picture: what, core, field, png: encodePicture(field, what.palette) })
}

const ID = 'tricorn/2/1/1'

test('one drawing for all who wait, each in his colours; then from the cache, then recoloured, and always with the core that drew it', async () => {
  const asked = [ask(picture()), ask(picture('ocean')), ask(picture())]
  await until(async () => (await atDesk()).length === 1)
  draw(picture())
  const outcomes = await Promise.all(asked.map(({ outcome }) => outcome))
  const sums = outcomes.map((outcome) => outcome.kind === 'picture' && [outcome.source, outcome.core, checksumOf(outcome.png)])
  const [ember, ocean, slate] = (['ember', 'ocean', 'slate'] as const).map((palette) =>
    plainChecksum('tricorn', 2, 1, 1, palette),
  )
  expect(sums).toEqual([
    ['drawn', 3, ember],
    ['drawn', 3, ocean],
    ['drawn', 3, ember],
  ])
  expect(await ask(picture('ocean')).outcome).toMatchObject({ kind: 'picture', source: 'cache', core: 3 })
  const other = await ask(picture('slate')).outcome
  expect(other).toMatchObject({ kind: 'picture', source: 'recoloured', core: 3 })
  expect(other.kind === 'picture' && checksumOf(other.png)).toBe(slate)
  expect(await ask(picture('slate')).outcome).toMatchObject({ kind: 'picture', source: 'cache', core: 3 })
  expect(await atDesk()).toEqual([`draw ${ID}`])
})

test('a tile that is drawn twice, asked for again while it was on its way, stays that of the core that drew it first', async () => {
  const { outcome } = ask(picture())
  await until(async () => (await atDesk()).length === 1)
  draw(picture(), 2)
  draw(picture(), 3)
  expect(await outcome).toMatchObject({ source: 'drawn', core: 2 })
  expect(await ask(picture()).outcome).toMatchObject({ source: 'cache', core: 2 })
  expect(await ask(picture('ocean')).outcome).toMatchObject({ source: 'recoloured', core: 2 })
})

test('a tile is withdrawn when the last who waited has gone', async () => {
  const [first, second] = [ask(picture()), ask(picture('ocean'))]
  await until(async () => (await atDesk()).length === 1)
  under.tell({ type: 'cancel', ticket: first.ticket })
  expect(await first.outcome).toEqual({ kind: 'cancelled' })
  expect(await atDesk()).toEqual([`draw ${ID}`])
  under.tell({ type: 'cancel', ticket: second.ticket })
  under.tell({ type: 'cancel', ticket: second.ticket }) // again, and for nobody
  under.tell({ type: 'cancel', ticket: 987 })
  expect(await second.outcome).toEqual({ kind: 'cancelled' })
  expect(await atDesk()).toEqual([`draw ${ID}`, `withdraw ${ID}`])
})

test('what the pool refuses is told to all who wait', async () => {
  for (const [why, outcome] of [
    ['busy', { kind: 'busy' }],
    ['failed', { kind: 'failed', detail: 'because' }],
  ] as const) {
    const asked = [ask(picture()), ask(picture('ocean'))]
    const before = (await atDesk()).length
    await until(async () => (await atDesk()).length > before || before > 0)
    under.tell({ type: 'undrawn', tile: picture().tile, why, detail: 'because' })
    expect(await Promise.all(asked.map((each) => each.outcome))).toEqual([outcome, outcome])
  }
})

test('a job that came too late for one is asked for again for another, who has more time', async () => {
  const hasty = ask(picture(), 20)
  const patient = ask(picture('ocean'))
  await until(async () => (await atDesk()).length === 1)
  const endMs = nowMs() + 25
  await until(() => nowMs() > endMs)
  under.tell({ type: 'undrawn', tile: picture().tile, why: 'late', detail: '' })
  expect(await hasty.outcome).toEqual({ kind: 'late' })
  await until(async () => (await atDesk()).length === 2)
  draw(picture('ocean'))
  expect(await patient.outcome).toMatchObject({ kind: 'picture' })
})

test('a request past its deadline is not begun', async () => {
  expect(await ask(picture(), -1).outcome).toEqual({ kind: 'late' })
  expect(await atDesk()).toEqual([])
})

test('what is waited for is asked for again each second, in case the pool has lost its memory; who is late waits no longer', async () => {
  const patient = ask(picture())
  const hasty = ask(picture('ember', 2), 900)
  // One more each second from then on, so what counts is what came first.
  await until(async () => (await atDesk()).length >= 4)
  expect(await hasty.outcome).toEqual({ kind: 'late' })
  expect((await atDesk()).slice(0, 4).toSorted()).toEqual([
    `draw ${ID}`,
    `draw ${ID}`,
    'draw tricorn/2/2/1',
    'withdraw tricorn/2/2/1',
  ])
  draw(picture())
  expect(await patient.outcome).toMatchObject({ kind: 'picture', source: 'drawn' })
})

test('waits for no more than it may', async () => {
  const asked = Array.from({ length: 512 }, () => ask(picture()))
  expect(await ask(picture('ocean')).outcome).toEqual({ kind: 'busy' })
  draw(picture())
  for (const { outcome } of asked) expect(await outcome).toMatchObject({ kind: 'picture' })
})

test('a crash is told to all who wait, and what is drawn for them goes to the cache', async () => {
  const asked = ask(picture())
  await until(async () => (await atDesk()).length === 1)
  const told = asked.outcome.catch((error: unknown) => (error as { code: string }).code)
  under.tell({ type: 'drill', kind: 'throw' })
  expect(await told).toBe('ERR_ACTOR_CRASHED')
  draw(picture())
  expect(await ask(picture()).outcome).toMatchObject({ kind: 'picture', source: 'cache' })
})
