/** How many messages each thread of a topology receives per message sent: what the proofs count on. */
import { expect, test } from 'vitest'
import {
  DIAMOND,
  ONE_TO_ONE,
  ONE_TO_TWO,
  PACED,
  pathsTo,
  PING_PONG,
  PIPELINE,
  TWO_TO_ONE,
} from '../src/cases/queue-vs-ring/topologies.ts'

test.each([
  [ONE_TO_ONE, [0, 1]],
  [TWO_TO_ONE, [0, 0, 2]],
  [ONE_TO_TWO, [0, 1, 1]],
  [PIPELINE, [0, 1, 1]],
  [DIAMOND, [0, 1, 1, 2]],
  [PING_PONG, [1, 1]],
  [PACED, [0, 1]],
])('paths of $name', (topology, paths) => {
  expect(pathsTo(topology)).toEqual(paths)
})
