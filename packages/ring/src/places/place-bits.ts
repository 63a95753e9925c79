/** Sets of places as the bits of one Int32. */
import { ringCorruptError } from '../errors.ts'
import { PLACES_MAX } from './place-layout.ts'

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

/** The places that a ring with `count` of them, 1 to 32, has not. */
export function placesBeyond(count: number): number {
  return count === PLACES_MAX ? 0 : -1 << count
}

/** Believed only when the ring has all of its places. @throws `ERR_RING_CORRUPT` */
export function checkPlaces(set: number, count: number): number {
  if ((set & placesBeyond(count)) !== 0)
    throw ringCorruptError('a set of places has some that the ring has not', { set, places: count })
  return set
}

/** The set of one place, 0 to 31. */
export function bitOf(place: number): number {
  return 1 << place
}
