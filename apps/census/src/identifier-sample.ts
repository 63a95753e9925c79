/**
 * Bounds a count of identifiers without a dependence on the order of counting: bottom-k sampling by hash, after E. Cohen and
 * H. Kaplan, "Summarizing data using bottom-k sketches" (2007). The counts of the identifiers that stay are exact.
 */

/** Keeps the `size` identifiers with the smallest hashes; equal hashes go by name. */
export function keepSample(identifiers: Map<string, number>, size: number): void {
  if (identifiers.size <= size) return
  const ranked = [...identifiers.keys()]
    .map((name) => ({ name, hash: hashOf(name) }))
    .sort((left, right) => left.hash - right.hash || (left.name < right.name ? -1 : 1))
  for (const { name } of ranked.slice(size)) identifiers.delete(name)
}

/** FNV-1a over code units, then mixed: names that differ in the last letter only must not lie side by side. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5 | 0
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
