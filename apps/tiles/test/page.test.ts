/** The page in a real browser: tiles appear, buttons work and the page with them, the strip tells what happened, and the console stays empty. */
import { execFileSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { serve } from './service-under-test.ts'
import type { Service } from '../src/service.ts'

const PAGE_LOOK_MS = 30

const executable = findChromium()
const title =
  executable === undefined ? 'the page (skipped: no Chromium here; apps/tiles/install-chromium.sh installs it)' : 'the page'

/** One for all tests, which have a profile each. */
let browser: Browser | undefined
afterAll(() => browser?.close())

describe.skipIf(executable === undefined)(title, () => {
  test('shows tiles, each with the colour of its core in a corner', async () => {
    const { page, noise } = await open(await serve({ turnTimeoutMs: 1500 }))
    await allDrawn(page)
    const corners = await page.evaluate<[string, string][]>(
      "[...document.querySelectorAll('.tile[data-state=drawn]')].map((tile) => [tile.dataset.core, getComputedStyle(tile, '::before').borderTopColor])",
    )
    const boxes = await page.evaluate<[string, string][]>(
      "[...document.querySelectorAll('.core')].map((box) => [box.dataset.core, getComputedStyle(box).borderTopColor])",
    )
    expect(corners.length).toBeGreaterThanOrEqual(4)
    expect(boxes.map(([core]) => core)).toEqual(['1', '2'])
    const colours = new Map(boxes)
    expect(corners.filter(([core, colour]) => colours.get(core) !== colour)).toEqual([])
    expect(noise).toEqual([])
  }, 60_000)

  test('pans, zooms down to the limit, changes set and palette', async () => {
    const { page, noise } = await open(await serve(), '#38/88.9432/133.1745')
    await allDrawn(page)
    for (let zoom = 39; zoom <= 44; zoom += 1) {
      await page.click('.leaflet-control-zoom-in')
      await saysPlace(page, zoom)
    }
    await allDrawn(page)
    expect(await page.getAttribute('.leaflet-control-zoom-in', 'aria-disabled')).toBe('true')
    await page.mouse.move(300, 300)
    await page.mouse.down()
    await page.mouse.move(500, 400, { steps: 5 })
    await page.mouse.up()
    await allDrawn(page)
    await page.selectOption('#set', 'julia')
    await saysPlace(page, 1)
    await allDrawn(page)
    const before = await pictures(page)
    await page.selectOption('#palette', 'ocean')
    await allDrawn(page)
    expect((await pictures(page)).filter((picture) => before.includes(picture))).toEqual([])
    expect(noise).toEqual([])
  }, 120_000)

  test.each([
    { drill: 'throw', broken: 'crash', whole: 'restart' },
    { drill: 'hang', broken: 'core lost', whole: 'core back' },
    { drill: 'heap', broken: 'core lost', whole: 'core back' },
    { drill: 'kill', broken: 'core lost', whole: 'core back' },
  ])(
    'the button "$drill" breaks something, the strip tells so, and the page goes on',
    async ({ drill, broken, whole }) => {
      const { page, noise } = await open(await serve({ turnTimeoutMs: 1500 }))
      await allDrawn(page)
      expect(noise).toEqual([])
      await page.click(`[data-drill=${drill}]`)
      await isSo(page, `document.getElementById('said').textContent.startsWith('${drill}: ')`)
      // On the way between the two the map is used.
      await page.click('.leaflet-control-zoom-in')
      for (const kind of ['drill', broken, whole]) await page.waitForSelector(`#events [data-kind="${kind}"]`)
      await settled(page)
      await page.click('.leaflet-control-zoom-in')
      await allDrawn(page)
      await isSo(page, "[...document.querySelectorAll('.core')].every((core) => core.dataset.up === 'true')")
      expect(await page.textContent('#link')).toBe('live')
      expect(besidesRefusals(noise)).toEqual([])
    },
    120_000,
  )

  test('every button again and again: the page is as whole as before', async () => {
    const { page, noise } = await open(await serve({ turnTimeoutMs: 1500 }))
    await allDrawn(page)
    expect(noise).toEqual([])
    for (let round = 0; round < 2; round += 1) {
      for (const drill of ['throw', 'kill', 'hang', 'heap', 'kill', 'throw']) await page.click(`[data-drill=${drill}]`)
      await page.click(round === 1 ? '.leaflet-control-zoom-out' : '.leaflet-control-zoom-in')
    }
    await settled(page)
    await isSo(page, "[...document.querySelectorAll('.core')].every((core) => core.dataset.up === 'true')")
    await allDrawn(page)
    expect(besidesRefusals(noise)).toEqual([])
  }, 180_000)
})

/** The page, and whatever its console, its scripts and its connections complain about. */
async function open(service: Service, hash = ''): Promise<{ readonly page: Page; readonly noise: string[] }> {
  browser ??= await chromium.launch({
    executablePath: executable as string,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  const context = await browser.newContext({ viewport: { width: 1100, height: 700 } })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  const noise: string[] = []
  page.on('console', (message) => noise.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => noise.push(`error: ${error.message}`))
  page.on('request', (request) => {
    if (!request.url().startsWith(service.address) && !/^(blob|data):/.test(request.url()))
      noise.push(`request elsewhere: ${request.url()}`)
  })
  await page.goto(`${service.address}/${hash}`)
  return { page, noise }
}

/** A drill may leave no core that runs, or be one too many: the page says so in its own words, the browser in the console too. */
function besidesRefusals(noise: readonly string[]): string[] {
  return noise.filter((line) => !/status of 50[034]/.test(line))
}

// What runs in the page is text: its types are not those of Node.

/** Until no tile is waited for any more. */
async function settled(page: Page): Promise<void> {
  await isSo(
    page,
    "(() => { const tiles = [...document.querySelectorAll('.tile')]; return tiles.length > 0 && tiles.every((tile) => tile.dataset.state !== 'waiting') })()",
  )
}

/** Until every tile is there: none waits, and none has failed. Zooming brings new ones a little later. */
async function allDrawn(page: Page): Promise<void> {
  await isSo(
    page,
    "(() => { const tiles = [...document.querySelectorAll('.tile')]; return tiles.length > 0 && tiles.every((tile) => tile.dataset.state === 'drawn') })()",
  )
}

async function saysPlace(page: Page, zoom: number): Promise<void> {
  await isSo(page, `document.getElementById('place').textContent.startsWith('zoom ${zoom} ')`)
}

/** A policy of the page forbids what Playwright's own waiting would do in it, so it is asked from here. Each question takes the browser some milliseconds. */
async function isSo(page: Page, expression: string): Promise<void> {
  while (!(await page.evaluate<boolean>(expression))) await pause(PAGE_LOOK_MS)
}

function pictures(page: Page): Promise<string[]> {
  return page.evaluate("[...document.querySelectorAll('.tile canvas')].map((canvas) => canvas.toDataURL())")
}

function findChromium(): string | undefined {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
    } catch {
      // the next one
    }
  }
  return undefined
}
