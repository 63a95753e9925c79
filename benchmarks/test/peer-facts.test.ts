/** What peers print is read strictly: a fact that is missing or no number never becomes a figure. */
import { expect, test } from 'vitest'
import { proofFault } from '../src/case.ts'
import { latencyOutcome, parsePeerFacts, proofOf, rateOutcome } from '../src/cases/peers/peer-facts.ts'

const PRINTED = 'elapsed_ns 2000\ncount 10\nchecksum 4294967301\notp 25\nemulator jit\nlatencies_ns 100 200 300 400\n'

test('facts are measured, proven or about the peer', () => {
  const facts = parsePeerFacts(PRINTED)
  const proof = proofOf(facts, 10, 5) // the peer's sum is wider than 32 bits
  expect(proof).toEqual({ countExpected: 10, count: 10, checksumExpected: 5, checksum: 5 })
  expect(proofFault(proof)).toBeUndefined()
  expect(rateOutcome(facts, proof)).toEqual({ metrics: { '': 5e6 }, proof, facts: { otp: '25', emulator: 'jit' } })
  expect(latencyOutcome(facts, proof).metrics).toMatchObject({ p50: 200, max: 400 })
})

test.each(['', 'elapsed_ns\n', 'elapsed_ns soon\n', 'Elapsed_ns 5\n'])('%j has no elapsed time', (text) => {
  expect(() => parsePeerFacts(text).number('elapsed_ns')).toThrow('the peer did not print a number: fact=elapsed_ns')
})

test('a peer that lost messages, or changed one, is found out', () => {
  const facts = parsePeerFacts(PRINTED)
  expect(proofFault(proofOf(facts, 11, 5))).toBe('messages are missing: count=10, expected=11')
  expect(proofFault(proofOf(facts, 10, 6))).toBe('messages are damaged: checksum=5, expected=6')
})
