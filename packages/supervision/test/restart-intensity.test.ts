import { expect, it } from 'vitest'

import { addRestart, createRestartWindow } from '../src/index.ts'

it('counts a restart that is exactly one period old, and none that is older', () => {
  const window = createRestartWindow()
  expect([0, 1000, 1001, 2000, 2001].map((now) => addRestart(window, now, 1000))).toEqual([1, 2, 2, 3, 3])
})

it('forgets what has aged: the window holds no more than twice what counts', () => {
  const window = createRestartWindow()
  for (let now = 0; now < 5000; now++) {
    const count = addRestart(window, now, 9)
    expect(count).toBe(Math.min(now + 1, 10))
    expect(window.times.length).toBeLessThanOrEqual(2 * 10 + 1)
  }
})
