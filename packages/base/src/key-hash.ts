/** The hash by which keys are spread over cores: the same in every thread. */

/** FNV-1a, 32 bits, over UTF-16 code units; not negative. */
export function hashKey(key: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < key.length; i += 1) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193)
  return h >>> 0
}
