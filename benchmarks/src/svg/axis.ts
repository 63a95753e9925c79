/** Ticks of an axis: round values that cover a range, linear or by powers of ten. */

const TICKS_LINEAR = 5

/** From 0 to at least `max`, in steps of 1, 2 or 5 times a power of ten. */
export function linearTicks(max: number): readonly number[] {
  if (!(max > 0)) return [0, 1]
  const rough = max / TICKS_LINEAR
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999_999) ?? 10) * power
  const steps = Math.max(1, Math.ceil(max / step - 1e-9))
  return Array.from({ length: steps + 1 }, (_, index) => index * step)
}

/** Powers of ten from at most `min` to at least `max`; both positive. */
export function powerTicks(min: number, max: number): readonly number[] {
  const low = Math.floor(Math.log10(min))
  const high = Math.max(low + 1, Math.ceil(Math.log10(max)))
  return Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index))
}
