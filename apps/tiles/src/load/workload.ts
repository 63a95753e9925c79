/** What the load figure asks for: tiles of a frame full of detail, cold, then warm, then in other colours. The same for every contender. */
import { PALETTE_DEFAULT, PALETTES } from '../palettes.ts'

export type PhaseName = 'cold' | 'warm' | 'recolour'

export interface Phase {
  readonly name: PhaseName
  readonly about: string
  /** In the order in which they are asked for. */
  readonly paths: readonly string[]
}

/** At zoom 9, a strip along the edge of the set: hardly a tile there is cheap. */
const ZOOM = 9
const LEFT = 176
const TOP = 190
const COLUMNS = 15
const ROWS = 8
/** How often each tile is asked for when it is warm. */
const WARM_TIMES = 25

/** What each contender is asked before anything is measured: its code is hot then, and its threads have started. */
export function warmUpPaths(): readonly string[] {
  return shuffled(
    Array.from({ length: 300 }, (_, index) => `/tiles/mandelbrot/8/${80 + (index % 20)}/${90 + Math.floor(index / 20)}.png`),
    9,
  )
}

export function createPhases(): readonly Phase[] {
  const tiles = Array.from(
    { length: COLUMNS * ROWS },
    (_, index) => `/tiles/mandelbrot/${ZOOM}/${LEFT + (index % COLUMNS)}/${TOP + Math.floor(index / COLUMNS)}.png`,
  )
  const others = Object.keys(PALETTES).filter((palette) => palette !== PALETTE_DEFAULT)
  return [
    { name: 'cold', about: 'each tile once', paths: shuffled(tiles, 1) },
    {
      name: 'warm',
      about: `each tile ${WARM_TIMES} times more`,
      paths: shuffled(Array.from({ length: WARM_TIMES }, () => tiles).flat(), 2),
    },
    {
      name: 'recolour',
      about: `each tile once in ${others.length} other palettes`,
      paths: others.flatMap((palette, index) => shuffled(tiles, 3 + index).map((path) => `${path}?palette=${palette}`)),
    },
  ]
}

/** The same order each time. */
function shuffled(items: readonly string[], seed: number): string[] {
  const result = [...items]
  let state = seed
  for (let i = result.length - 1; i > 0; i -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const j = Math.floor((state / 2 ** 32) * (i + 1))
    ;[result[i], result[j]] = [result[j] as string, result[i] as string]
  }
  return result
}
