/** The smallest part of a list that still does what the whole does: delta debugging (Zeller and Hildebrandt, ddmin, 2002). */

export interface Minimised<T> {
  readonly items: readonly T[]
  readonly tries: number
}

/** `fails` is asked `triesMax` times at most. What comes out has failed; with enough tries no single item of it can be left out. */
export async function minimise<T>(
  items: readonly T[],
  fails: (items: readonly T[]) => Promise<boolean>,
  triesMax: number,
): Promise<Minimised<T>> {
  let left = items
  let tries = 0
  const isEnough = async (part: readonly T[]): Promise<boolean> => {
    tries += 1
    if (!(await fails(part))) return false
    left = part
    return true
  }
  if (left.length === 0 || triesMax === 0 || (await isEnough([]))) return { items: left, tries }
  let parts = 2
  while (left.length > 1 && tries < triesMax) {
    const size = Math.ceil(left.length / parts)
    let hasShrunk = false
    for (let at = 0; at < left.length && tries < triesMax && !hasShrunk; at += size) {
      hasShrunk = await isEnough([...left.slice(0, at), ...left.slice(at + size)])
    }
    if (hasShrunk) parts = Math.max(2, parts - 1)
    else if (size === 1) break
    else parts = Math.min(left.length, parts * 2)
  }
  return { items: left, tries }
}
