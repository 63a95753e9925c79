/** Seeds of runs: those of one first seed have nothing to do with those of another, though the two be next to each other. */

/** The seed of run number `run`, from 0, of a simulation with that seed. The first run has the seed itself: so a run is repeated by naming its seed. */
export function seedOfRun(seed: number, run: number): number {
  return run === 0 ? seed : scatter(scatter(seed) ^ Math.imul(run, 0x9e3779b9)) >>> 0
}

/** The finalizer of MurmurHash3 by Appleby (public domain): each bit of what comes in moves half of the bits that go out. */
function scatter(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
