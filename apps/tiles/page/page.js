/** The page: a map of tiles whose corners tell who drew them, four buttons that break something, and a strip that tells how the service is doing. */
/* global L */

const TILE_PIXELS = 256
const ZOOM_MAX = 44
const SETS = ['mandelbrot', 'julia', 'burning-ship', 'tricorn', 'multibrot']
const PALETTES = ['ember', 'ocean', 'forest', 'violet', 'slate']
/** Pauses before a tile is asked for again that was refused for want of room, in milliseconds. */
const RETRY_PAUSES_MS = [300, 600, 1200, 2400, 4800]

const element = (id) => document.getElementById(id)
/** Neighbouring numbers get hues that lie far apart. */
const colourOf = (core) => `hsl(${(core * 137.5) % 360} 85% 60%)`

fillSelect(element('set'), SETS)
fillSelect(element('palette'), PALETTES)
restoreChoice()

// --- the map: one unit is a pixel at zoom 0, y runs down, as the tiles do

const crs = L.extend({}, L.CRS.Simple, { transformation: new L.Transformation(1, 0, 1, 0) })
const world = L.latLngBounds([0, 0], [TILE_PIXELS, TILE_PIXELS])
const map = L.map('map', {
  crs,
  minZoom: 0,
  maxZoom: ZOOM_MAX,
  maxBounds: world.pad(0.5),
  zoomControl: true,
  attributionControl: false,
})

const Tiles = L.GridLayer.extend({
  createTile(coordinates, done) {
    const tile = L.DomUtil.create('div', 'tile')
    tile.dataset.state = 'waiting'
    const gone = new AbortController()
    tile.gone = gone
    void fillTile(tile, coordinates, gone.signal, done)
    return tile
  },
})

async function fillTile(tile, coordinates, signal, done) {
  try {
    await loadTile(tile, coordinates, signal)
    done(null, tile)
  } catch (error) {
    if (!signal.aborted) tile.dataset.state = 'failed'
    done(error, tile)
  }
}

async function loadTile(tile, { x, y, z }, signal) {
  const url = `/tiles/${element('set').value}/${z}/${x}/${y}.png?palette=${element('palette').value}`
  for (const pause of [...RETRY_PAUSES_MS, undefined]) {
    const response = await fetch(url, { signal }).catch(() => undefined)
    signal.throwIfAborted()
    if (response?.ok) {
      const canvas = document.createElement('canvas')
      canvas.width = TILE_PIXELS
      canvas.height = TILE_PIXELS
      canvas.getContext('2d').drawImage(await createImageBitmap(await response.blob()), 0, 0)
      tile.replaceChildren(canvas)
      tile.dataset.state = 'drawn'
      tile.dataset.core = response.headers.get('x-tile-core')
      tile.style.setProperty('--core', colourOf(Number(tile.dataset.core)))
      return
    }
    const isWorthIt = response === undefined || response.status >= 500
    if (!isWorthIt || pause === undefined) throw new Error(`tile was not drawn: status=${response?.status}`)
    await new Promise((resolve) => setTimeout(resolve, pause * (0.75 + Math.random() / 2)))
    signal.throwIfAborted()
  }
}

const layer = new Tiles({
  tileSize: TILE_PIXELS,
  minZoom: 0,
  maxZoom: ZOOM_MAX,
  bounds: world,
  noWrap: true,
  keepBuffer: 1,
  updateWhenZooming: false,
})
// A tile that scrolls out of sight before it is there is not wanted any more: the closed request tells the service so.
layer.on('tileunload', ({ tile }) => tile.gone.abort())
layer.addTo(map)

const start = /^#(\d+)\/([\d.]+)\/([\d.]+)$/.exec(location.hash)
if (start === null) map.setView([128, 128], 1)
else map.setView([Number(start[3]), Number(start[2])], Math.min(ZOOM_MAX, Number(start[1])))
map.on('moveend', showPlace)
showPlace()

function showPlace() {
  const { lat, lng } = map.getCenter()
  const zoom = map.getZoom()
  element('place').textContent = `zoom ${zoom} of ${ZOOM_MAX}, at ${lng.toPrecision(12)}, ${lat.toPrecision(12)}`
  history.replaceState(null, '', `#${zoom}/${lng}/${lat}`)
}

for (const id of ['set', 'palette']) {
  element(id).addEventListener('change', () => {
    if (id === 'set') map.setView([128, 128], 1, { animate: false })
    sessionStorage.setItem(id, element(id).value)
    layer.redraw()
  })
}

// --- the buttons

for (const button of document.querySelectorAll('[data-drill]')) {
  button.addEventListener('click', () => {
    void breakSomething(button.dataset.drill)
  })
}

async function breakSomething(drill) {
  try {
    const response = await fetch(`/drill/${drill}`, { method: 'POST' })
    const answer = await response.json()
    element('said').textContent = response.ok ? `${drill}: ${answer.target}` : answer.detail
  } catch {
    element('said').textContent = 'the service does not answer'
  }
}

// --- the strip

const live = new EventSource('/live')
live.addEventListener('open', () => setLink(true))
live.addEventListener('error', () => setLink(false))
live.addEventListener('message', ({ data }) => show(JSON.parse(data)))

function setLink(isOpen) {
  element('link').dataset.open = String(isOpen)
  element('link').textContent = isOpen ? 'live' : 'connecting again'
}

function show({ cores, pool, tilesDrawnPerSecond, p99Ms, inFlight, retries, events, drills }) {
  element('drills').hidden = !drills
  element('cores').replaceChildren(
    ...cores.map(({ core, isUp, deaths, queued }) => {
      const box = document.createElement('div')
      box.className = 'core'
      box.dataset.core = core
      box.dataset.up = isUp
      box.style.setProperty('--core', colourOf(core))
      box.append(line(`core ${core} ${isUp ? 'up' : 'down'}`), line(`queue ${queued}`), line(`deaths ${deaths}`))
      return box
    }),
  )
  element('rate').textContent = tilesDrawnPerSecond.toFixed(1)
  element('p99').textContent = `${p99Ms < 100 ? p99Ms.toFixed(1) : p99Ms.toFixed(0)} ms`
  element('queue').textContent = pool === undefined ? '–' : `${pool.waiting} of ${pool.capacity}`
  element('flight').textContent = inFlight
  element('retries').textContent = retries
  element('events').replaceChildren(
    ...events.toReversed().map(({ at, kind, text }) => {
      const item = document.createElement('li')
      item.dataset.kind = kind
      const name = document.createElement('b')
      name.textContent = kind
      item.append(`${new Date(at).toLocaleTimeString('en-GB')} `, name, ` ${text}`)
      item.title = text
      return item
    }),
  )
}

function line(text) {
  const div = document.createElement('div')
  div.textContent = text
  return div
}

function fillSelect(select, names) {
  select.replaceChildren(...names.map((name) => new Option(name)))
}

function restoreChoice() {
  for (const id of ['set', 'palette']) element(id).value = sessionStorage.getItem(id) ?? element(id).options[0].value
}
