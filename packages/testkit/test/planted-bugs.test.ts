/** The planted bugs: each still has its place in the code, and some of them are hunted here; all of them by `test/planted-bugs/run.ts`. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PLANTED_BUGS } from './planted-bugs/planted-bugs.ts'
import type { PlantedBug } from './planted-bugs/planted-bugs.ts'
import { createWorkbench, plant, sourceOf } from './planted-bugs/workbench.ts'
import type { Workbench } from './planted-bugs/workbench.ts'

const HUNTED = new Set(['drop-wake-up', 'overtake', 'count-twice'])

test.each(PLANTED_BUGS)('$name has its place', (bug) => {
  const source = sourceOf(bug)
  expect(plant(bug, source)).not.toBe(source)
})

test('a bug without a place is told', () => {
  const bug = { ...(PLANTED_BUGS[0] as PlantedBug), find: 'nothing of the kind' }
  expect(() => plant(bug, sourceOf(bug))).toThrow('places=0')
})

describe('is found by the simulator', () => {
  let bench: Workbench
  beforeAll(() => {
    bench = createWorkbench()
  })
  afterAll(() => {
    bench.remove()
  })

  test.each(PLANTED_BUGS.filter(({ name }) => HUNTED.has(name)))('$name', { timeout: 120_000 }, async (bug) => {
    const { runs, message } = await bench.hunt(bug, 1)
    expect(message).not.toBe('')
    expect(runs).toBeLessThanOrEqual(bug.runsMax)
  })

  test('unless the code does not compile with it', { timeout: 120_000 }, async () => {
    const bug = { ...(PLANTED_BUGS[0] as PlantedBug), replace: 'const = this is no code' }
    await expect(bench.hunt(bug, 1)).rejects.toThrow('the code with the bug in it does not run: SyntaxError')
  })

  test('by the command, which tells how to see it again', { timeout: 120_000 }, () => {
    const bug = PLANTED_BUGS.find(({ name }) => name === 'count-twice') as PlantedBug
    const { status, stdout } = bench.command(bug, ['simulate', '--seed', '3', '--runs', '30'])
    expect(status).toBe(1)
    expect(stdout).toMatch(/^FAILED: workload=\w+, seed=\d+$/m)
    const replay = /^replay: cambium (simulate --workload \w+ --seed \d+ --runs 1)$/m.exec(stdout)?.[1] as string
    const [failed] = /^FAILED: .*$/m.exec(stdout) as RegExpExecArray
    const again = bench.command(bug, replay.split(' '))
    expect(again.status).toBe(1)
    expect(again.stdout).toContain(failed)
  })

  test('and the code as it is has none of them', { timeout: 120_000 }, async () => {
    expect(await bench.hunt(undefined, 1)).toEqual({ workload: '', message: '' })
  })
})
