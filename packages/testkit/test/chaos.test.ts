/** A round of chaos on real threads. The job of minutes is `npm run chaos`. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { drawFaults, FAULT_KINDS } from './real-platform/fault-schedule.ts'

interface Totals {
  readonly seed: number
  readonly rounds: number
  readonly struck: number
  readonly deaths: number
  readonly restarts: number
}

test(
  'money, order and the books hold while cores die in every way, at points drawn from a seed (R3.1, D6)',
  { timeout: 60_000 },
  async () => {
    const args = ['--import', './worker-preload.ts', 'chaos.ts', '--seed', '1', '--rounds', '1']
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
      cwd: join(import.meta.dirname, 'real-platform'),
      timeout: 50_000,
    })
    expect(stderr).toBe('')
    const totals = JSON.parse(stdout.trimEnd().split('\n').at(-1) as string) as Totals
    expect(totals).toMatchObject({ seed: 1, rounds: 1 })
    expect(totals.struck).toBeGreaterThanOrEqual(FAULT_KINDS.length / 2) // one may strike a core that is dying already
    expect(totals.deaths).toBeGreaterThan(2)
    expect(totals.restarts).toBeGreaterThan(totals.deaths)
  },
)

test('a seed draws the same faults again, of every kind', () => {
  const faults = drawFaults(7, 18, 10_000)
  expect(drawFaults(7, 18, 10_000)).toEqual(faults)
  expect(drawFaults(8, 18, 10_000)).not.toEqual(faults)
  for (const kind of FAULT_KINDS) expect(faults.filter((fault) => fault.kind === kind)).toHaveLength(2)
})
