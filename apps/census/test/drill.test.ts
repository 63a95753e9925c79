/** The drill: each fault once, in order, whatever the number of files and the size of batches. */
import { expect, test } from 'vitest'
import { createDrill } from '../src/drill.ts'

test.each([
  [300, 16],
  [16, 16],
  [2, 1],
  [1, 1],
])('%d files in batches of %d meet one crash, then one hold', (files, batch) => {
  const drill = createDrill(files)
  const faults: (readonly [string, number])[] = []
  // What a fault took down is handed out again: then as much is handed out as before.
  for (let handedOut = 0; handedOut < files;) {
    handedOut = Math.min(files, handedOut + batch)
    for (let fault = drill.faultAt(handedOut); fault !== undefined; fault = drill.faultAt(handedOut)) {
      faults.push([fault, handedOut])
      drill.recovered()
    }
  }
  expect(faults.map(([fault]) => fault)).toEqual(['crash', 'hold'])
  expect(faults[0]![1]).toBeGreaterThanOrEqual(files / 3)
  expect(faults[1]![1]).toBeGreaterThanOrEqual((files * 2) / 3)
  expect(drill.faultAt(files)).toBeUndefined()
})

test('the core is not killed while the actor is down, however much is handed out meanwhile', () => {
  const drill = createDrill(9)
  drill.recovered() // of something that was no part of the drill
  expect(drill.faultAt(3)).toBe('crash')
  expect([drill.faultAt(6), drill.faultAt(9)]).toEqual([undefined, undefined])
  drill.recovered()
  expect(drill.faultAt(9)).toBe('hold')
})
