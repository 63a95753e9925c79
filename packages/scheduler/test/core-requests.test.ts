/** Requests to a core that dies: those of its dead incarnation fail, those of its successor are answered by that. */
import { toErrorRecord } from '@cambium/base'
import { expect, test } from 'vitest'
import { CoreRequests } from '../src/core-requests.ts'
import type { Answer } from '../src/core-requests.ts'
import type { Signal } from '../src/signals.ts'

test('a start that was sent to the successor waits for its answer, whenever the death is heard of', () => {
  let epoch = 0
  const answers: string[] = []
  const requests = new CoreRequests(0, () => epoch)
  const ask = (name: string, isStep: boolean): number => {
    let number = 0
    requests.send(
      1,
      isStep,
      (request) => {
        number = request
        return { type: 'stop', request, slot: 0, generation: 1, timeoutMs: 0, keepsSlot: true } satisfies Signal
      },
      (answer: Answer) => answers.push(`${name}: ${answer.type}`),
    )
    return number
  }
  ask('before', false)
  ask('step before', true)
  epoch = 1 // counted up by the root, which tells of the death after that
  const after = ask('after', false)
  ask('step after', true)
  requests.fail(1, 1, toErrorRecord(new Error('killed')))
  requests.answerLate()
  // For a step the loss is the answer, whichever incarnation would have taken it.
  expect(answers).toEqual(['before: start_failed'])
  expect(requests.size).toBe(1)
  expect(requests.answered({ type: 'started', request: after, slot: 0, generation: 2 })).toBe(true)
  expect(answers).toEqual(['before: start_failed', 'after: started'])
})
