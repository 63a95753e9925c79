/**
 * Which picture: a set, a tile of the pyramid of its zooms, a palette. At zoom z the world is 2^z by 2^z tiles of 256 by 256 pixels.
 *
 * The deepest zoom is the last one at which the centre of each pixel is an exact double. Centres are multiples of 2^(-7 - z), coordinates are
 * below 4, and doubles from 2 to 4 are 2^-51 apart.
 */
import { FRACTAL_SETS, WORLD_SIDE } from './fractal-sets.ts'
import type { SetName } from './fractal-sets.ts'
import { PALETTE_DEFAULT, PALETTES } from './palettes.ts'
import type { PaletteName } from './palettes.ts'

export interface Tile {
  readonly set: SetName
  readonly z: number
  readonly x: number
  readonly y: number
}

export interface Picture {
  readonly tile: Tile
  readonly palette: PaletteName
}

export type ParsedPicture =
  | { readonly kind: 'picture'; readonly picture: Picture }
  | { readonly kind: 'malformed' | 'nowhere'; readonly detail: string }

export const TILE_PIXELS = 256
export const ZOOM_MAX = 44
/** Tiles of one region, each way. */
const REGION_TILES = 8
/** Part of each ETag: count up when the same address gives other bytes than before. */
export const RENDERER_VERSION = 1

/** `malformed`: not how one writes an address. `nowhere`: there is no such tile. */
export function parsePicture(set: string, z: string, x: string, y: string, palette: string | undefined): ParsedPicture {
  if (!Object.hasOwn(FRACTAL_SETS, set)) return nowhere(`no such set: set=${quoted(set)}, expected ${names(FRACTAL_SETS)}`)
  const zoom = wholeNumber(z)
  const column = wholeNumber(x)
  const row = wholeNumber(y)
  if (zoom === undefined || column === undefined || row === undefined)
    return { kind: 'malformed', detail: `zoom, x and y are whole numbers: got ${quoted(`${z}/${x}/${y}`)}` }
  if (zoom > ZOOM_MAX) return nowhere(`too deep for doubles: z=${zoom}, expected 0 to ${ZOOM_MAX}`)
  const tiles = 2 ** zoom
  if (column >= tiles || row >= tiles)
    return nowhere(`outside the world: x=${column}, y=${row}, expected 0 to ${tiles - 1} at z=${zoom}`)
  const colours = palette ?? PALETTE_DEFAULT
  if (!Object.hasOwn(PALETTES, colours))
    return { kind: 'malformed', detail: `no such palette: palette=${quoted(colours)}, expected ${names(PALETTES)}` }
  return {
    kind: 'picture',
    picture: { tile: { set: set as SetName, z: zoom, x: column, y: row }, palette: colours as PaletteName },
  }
}

export function tileKey({ set, z, x, y }: Tile): string {
  return `${set}/${z}/${x}/${y}`
}

export function pictureKey({ tile, palette }: Picture): string {
  return `${tileKey(tile)}/${palette}`
}

/** Tiles that lie together have one region, and one actor. */
export function regionKey({ set, z, x, y }: Tile): string {
  return `${set}/${z}/${Math.floor(x / REGION_TILES)}/${Math.floor(y / REGION_TILES)}`
}

/** The same address has the same bytes as long as the renderer is the same, so the tag is known before the picture is. */
export function entityTag(picture: Picture): string {
  return `"${RENDERER_VERSION}/${pictureKey(picture)}"`
}

/** Coordinates of a pixel's centre along one axis; `origin` is the world's, `index` the tile's. */
export function pixelCentre(origin: number, z: number, index: number, pixel: number): number {
  return origin + (index * TILE_PIXELS + pixel + 0.5) * (WORLD_SIDE / TILE_PIXELS / 2 ** z)
}

/** More steps the deeper it goes: detail shows later there. */
export function stepsMax(z: number): number {
  return 300 + 60 * z
}

const LENGTH_MAX = 40

function wholeNumber(text: string): number | undefined {
  const number = /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined
  return number
}

function nowhere(detail: string): ParsedPicture {
  return { kind: 'nowhere', detail }
}

function names(table: object): string {
  return Object.keys(table).join(', ')
}

function quoted(text: string): string {
  return JSON.stringify(text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}…` : text)
}
