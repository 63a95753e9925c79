/** Durations as people write them: `250`, `'250ms'`, `'5s'`, `'2m'`, `'1h'`, `'1d'`. */
import { optionError } from './check-options.ts'

export type Duration = number | `${number}ms` | `${number}s` | `${number}m` | `${number}h` | `${number}d`

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds. Throws `ERR_OPTION` with that name. */
export function toMilliseconds(duration: Duration, option: string = 'duration'): number {
  if (typeof duration === 'number' && duration >= 0 && Number.isFinite(duration)) return duration
  const match = typeof duration === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration) : null
  if (match === null) throw optionError(option, duration, "milliseconds, or a text such as '250ms', '5s', '2m', '1h', '1d'")
  return Number(match[1]) * (UNITS[match[2] as string] as number)
}
