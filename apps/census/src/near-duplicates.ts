/**
 * Groups of files that resemble each other, found by banding: two signatures that agree in all rows of some band are compared
 * in full. With 128 bands of 8 rows practically every pair at a similarity of 0.8 is compared, and one in 120 at 0.3.
 *
 * The outcome depends on the set of sketches alone: they are taken in the order of their paths, and every limit cuts in that
 * order. Files with the same bytes are not near but exact duplicates; the caller gives one of each.
 */
import { HASHES, similarity } from './min-hash.ts'

export interface Sketch {
  readonly path: string
  readonly signature: Int32Array
}

interface NearDuplicateGroup {
  /** Sorted. */
  readonly paths: readonly string[]
  /** Least estimate among the pairs that joined the group; two files that are no such pair may be less alike. */
  readonly similarity: number
}

export interface NearDuplicates {
  /** Largest first. */
  readonly groups: readonly NearDuplicateGroup[]
  readonly files: number
  /** Pairs at or above {@link SIMILARITY_MIN}. */
  readonly pairs: number
  /** Pairs that were compared in full. */
  readonly compared: number
  /** Places in buckets and pairs that a limit left out; 0 for anything but very large trees of very similar files. */
  readonly leftOut: number
}

export const SIMILARITY_MIN = 0.8
const BANDS = 128
const ROWS = HASHES / BANDS
/** A bucket grows to this many files: the pairs within it grow with the square. */
const BUCKET_FILES_MAX = 64
const COMPARED_MAX = 2_000_000

/** `sketches` in the order of their paths, each path once. */
export function findNearDuplicates(sketches: readonly Sketch[]): NearDuplicates {
  const parents = sketches.map((_, index) => index)
  const weakest = new Float64Array(sketches.length).fill(1)
  const seen = new Set<number>()
  let pairs = 0
  let leftOut = 0

  for (let band = 0; band < BANDS; band++) {
    const buckets = new Map<number, number[]>()
    for (const [index, sketch] of sketches.entries()) {
      if (sketch.signature.length !== HASHES) continue
      const key = bandHash(sketch.signature, band)
      const bucket = buckets.get(key)
      if (bucket === undefined) {
        buckets.set(key, [index])
        continue
      }
      if (bucket.length >= BUCKET_FILES_MAX) {
        leftOut++
        continue
      }
      for (const other of bucket) {
        const pair = other * sketches.length + index
        if (seen.has(pair)) continue
        if (seen.size >= COMPARED_MAX) {
          leftOut++
          continue
        }
        seen.add(pair)
        const estimate = similarity(sketches[other]!.signature, sketch.signature)
        if (estimate < SIMILARITY_MIN) continue
        pairs++
        join(parents, weakest, other, index, estimate)
      }
      bucket.push(index)
    }
  }

  const groups = groupsOf(sketches, parents, weakest)
  return { groups, files: groups.reduce((sum, group) => sum + group.paths.length, 0), pairs, compared: seen.size, leftOut }
}

/** Two bands may share a hash by chance: the pair is then compared for nothing, and no more. */
function bandHash(signature: Int32Array, band: number): number {
  let hash = band
  for (let row = band * ROWS; row < (band + 1) * ROWS; row++) {
    hash = Math.imul(hash ^ signature[row]!, 0x85ebca6b)
    hash ^= hash >>> 15
  }
  return hash
}

function join(parents: number[], weakest: Float64Array, left: number, right: number, estimate: number): void {
  const leftRoot = rootOf(parents, left)
  const rightRoot = rootOf(parents, right)
  const root = Math.min(leftRoot, rightRoot)
  const other = Math.max(leftRoot, rightRoot)
  parents[other] = root
  weakest[root] = Math.min(weakest[root]!, weakest[other]!, estimate)
}

function rootOf(parents: number[], index: number): number {
  let root = index
  while (parents[root] !== root) {
    parents[root] = parents[parents[root]!]! // halves the path for the next search
    root = parents[root]!
  }
  return root
}

function groupsOf(sketches: readonly Sketch[], parents: number[], weakest: Float64Array): NearDuplicateGroup[] {
  const members = new Map<number, string[]>()
  for (const [index, sketch] of sketches.entries()) {
    const root = rootOf(parents, index)
    const paths = members.get(root)
    if (paths === undefined) members.set(root, [sketch.path])
    else paths.push(sketch.path)
  }
  const groups: NearDuplicateGroup[] = []
  for (const [root, paths] of members) if (paths.length > 1) groups.push({ paths, similarity: weakest[root]! })
  // A Map keeps the order of insertion and sort is stable, so equal sizes stay in the order of their first path.
  return groups.sort((left, right) => right.paths.length - left.paths.length)
}
