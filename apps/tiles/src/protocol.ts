/**
 * What the actors say to each other.
 *
 *   gateway ── picture, cancel ─────────►  region  ── find, keep ──►  cache       (of the same core)
 *                                          │   ▲
 *                          draw, withdraw  │   │  drawn, undrawn
 *                                          ▼   │
 *                                          desk  ── draw, stop ──►  renderer
 *                                              ◄──── ready ───────
 *
 * A deadline is a moment of `clock.ts`, the same for all threads.
 */
import type { Call, Ref } from 'cambium'
import type { Picture, Tile } from './tile-address.ts'

export type PictureOutcome =
  | {
      readonly kind: 'picture'
      readonly png: Uint8Array
      /** The core that drew it, also when it was kept or coloured elsewhere since. */
      readonly core: number
      /** Whether it lay in a cache, only its colours were new, or all of it. */
      readonly source: PictureSource
    }
  /** No room now: try again later. */
  | { readonly kind: 'busy' }
  /** Its deadline has passed. */
  | { readonly kind: 'late' }
  /** Nobody waits for it any more. */
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly detail: string }

export type PictureSource = 'cache' | 'recoloured' | 'drawn'

/** A failure on purpose. */
export type DrillKind = 'throw' | 'hang' | 'heap'

export interface DrillOrder {
  readonly type: 'drill'
  readonly kind: DrillKind
}

export interface PictureRequest {
  readonly type: 'picture'
  /** Names the request when it is cancelled. */
  readonly ticket: number
  readonly picture: Picture
  readonly deadlineMs: number
}

export type RegionMessage =
  | Call<PictureRequest, PictureOutcome>
  | { readonly type: 'cancel'; readonly ticket: number }
  | {
      readonly type: 'drawn'
      readonly picture: Picture
      readonly core: number
      readonly field: Float32Array
      readonly png: Uint8Array
    }
  | { readonly type: 'look' }
  | { readonly type: 'undrawn'; readonly tile: Tile; readonly why: 'busy' | 'late' | 'failed'; readonly detail: string }
  | DrillOrder

/** A picture to be drawn from nothing. Its tile names it: a region asks for a tile once, whoever waits for it. */
export interface Job {
  readonly id: string
  readonly picture: Picture
  readonly deadlineMs: number
  readonly region: Ref<RegionMessage>
  /** The region's core: best drawn there, where the field stays. */
  readonly home: number
}

export type DeskMessage =
  | { readonly type: 'draw'; readonly job: Job }
  | { readonly type: 'withdraw'; readonly id: string }
  | Announcement
  | Call<{ readonly type: 'state' }, DeskState>

/** All that the desk has to know about a renderer; repeated, so that a desk that starts anew learns it too. */
export interface Announcement {
  readonly type: 'ready'
  readonly renderer: number
  readonly core: number
  /** Drawn anew by each incarnation. */
  readonly session: number
  readonly ref: Ref<RendererMessage>
  /** Jobs that this incarnation has been given so far. */
  readonly taken: number
  readonly isDrawing: boolean
}

export interface DeskState {
  readonly waiting: number
  readonly drawing: number
  readonly capacity: number
  /** By renderer, of those heard of lately: their cores. */
  readonly renderers: readonly number[]
  /** Since it started: drawn again because a renderer ended, given up, taken back in time, too late to begin. */
  readonly again: number
  readonly failed: number
  readonly withdrawn: number
  readonly late: number
}

export type RendererMessage =
  | { readonly type: 'draw'; readonly job: Job; readonly session: number }
  | { readonly type: 'go_on' }
  | { readonly type: 'stop'; readonly id: string }
  | { readonly type: 'announce' }
  | DrillOrder

export type CacheMessage =
  | Call<{ readonly type: 'find'; readonly tile: string; readonly picture: string }, Found>
  | ({ readonly type: 'keep'; readonly tile: string } & Field)
  | ({ readonly type: 'keep'; readonly picture: string } & Drawing)
  | Call<{ readonly type: 'size' }, CacheSize>

/** The picture if there is one, else the field if there is one. */
export type Found = Drawing | Field | undefined

/** With the core that drew it. */
export interface Drawing {
  readonly png: Uint8Array
  readonly core: number
}

/** With the core that drew it. */
export interface Field {
  readonly field: Float32Array
  readonly core: number
}

export interface CacheSize {
  readonly pictures: number
  readonly fields: number
  readonly bytes: number
}
