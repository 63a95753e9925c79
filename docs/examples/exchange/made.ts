/** What exchanges have made between two looks at them. */
import type { CrowdReport } from './crowd.ts'

/** One that was started again meanwhile counts from 0: what it made before, since the last look, is not known. */
export function made(before: readonly CrowdReport[], now: readonly CrowdReport[], field: 'connected' | 'busy'): number {
  return now.reduce((total, report, index) => {
    const last = before[index]?.[field] ?? 0
    return total + (report[field] < last ? report[field] : report[field] - last)
  }, 0)
}
