/** How figures are written for people: three significant digits and a unit that keeps them short. */
import type { Params, Unit } from './case.ts'

const COUNT_PREFIXES: readonly (readonly [number, string])[] = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
]
const TIME_UNITS: readonly (readonly [number, string])[] = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
]

export function formatFigure(value: number, unit: Unit): string {
  if (unit === 'ns' || unit === 'ns/op') {
    const perOp = unit === 'ns/op' ? '/op' : ''
    const [factor, name] = TIME_UNITS.find(([limit]) => value >= limit) ?? [1, 'ns']
    return `${threeDigits(value / factor)} ${name}${perOp}`
  }
  if (unit === '%') return `${threeDigits(value)} %`
  const [factor, prefix] = COUNT_PREFIXES.find(([limit]) => value >= limit) ?? [1, '']
  return `${threeDigits(value / factor)} ${prefix}${unit}`
}

/** `12.3`, `123`, `1234`: never an exponent. */
export function threeDigits(value: number): string {
  const size = Math.abs(value)
  return value.toFixed(size >= 99.95 || size === 0 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3)
}

export function formatParams(params: Params): string {
  return Object.entries(params)
    .map(
      ([name, value]) =>
        `${name}=${typeof value === 'number' ? value.toLocaleString('en-US', { maximumFractionDigits: 3 }) : value}`,
    )
    .join(' ')
}
