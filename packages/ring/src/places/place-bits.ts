/** Sets of places as the bits of one Int32. */

/** The places of a set, from low to high. */
export function placesOf(mask: number): number[] {
  const places: number[] = []
  for (let rest = mask; rest !== 0; rest &= rest - 1) places.push(lowestPlace(rest))
  return places
}

/** The lowest place of a set that is not empty. */
function lowestPlace(mask: number): number {
  return 31 - Math.clz32(mask & -mask)
}

/** The set of one place, 0 to 31. */
export function bitOf(place: number): number {
  return 1 << place
}
