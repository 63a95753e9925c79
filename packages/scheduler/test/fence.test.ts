/** The fence between an abandoned thread and its successor's memory: its protocol in every interleaving, and that it holds a thread back. */
import { createContext, runInContext } from 'node:vm'
import { describe, expect, it, test } from 'vitest'
import { explore } from '../../ring/test/interleavings.ts'
import type { Program, Thread } from '../../ring/test/interleavings.ts'
import { Fence } from '../src/fence.ts'

interface Shared {
  /** The root has asked the engine to end the thread. */
  isEnding: boolean
  epoch: number
  /** The thread is behind the fence and has not written yet. */
  isInSection: boolean
  /** What both write: who wrote last. */
  word: 'nobody' | 'old' | 'successor'
  /** What the root has read of it, for the successor to go on from. */
  settled: 'nobody' | 'old' | undefined
}

type Root = 'end' | 'fence' | 'wait' | 'settle'

const OWN = 0

/** A callback that comes back from its native call and sends `messages`, each as straight code; the engine looks whether it is to end in between. */
const thread = (messages: number, looks: 'at the fence' | 'before the call'): Thread<Shared> =>
  function* (shared) {
    const early = shared.epoch
    for (let i = 0; i < messages; i += 1) {
      yield // the native call, or what the callback does between two messages
      if (i > 0 && shared.isEnding) return
      yield
      if ((looks === 'at the fence' ? shared.epoch : early) !== OWN) {
        yield () => shared.isEnding // goes round
        return
      }
      shared.isInSection = true
      yield
      shared.word = 'old'
      shared.isInSection = false
    }
  }

const root = (...steps: Root[]): Thread<Shared> =>
  function* (shared) {
    for (const step of steps) {
      if (step === 'wait') yield () => !shared.isInSection // as long as a section may take
      else yield
      if (step === 'end') shared.isEnding = true
      else if (step === 'fence') shared.epoch += 1
      else if (step === 'settle') shared.settled = shared.word as 'nobody' | 'old'
    }
    yield
    shared.word = 'successor'
  }

const outcomes = (...threads: Thread<Shared>[]): string[] => {
  const program: Program<Shared> = {
    start: () => ({ isEnding: false, epoch: OWN, isInSection: false, word: 'nobody', settled: undefined }),
    threads,
    outcome: ({ word, settled }) => `read ${settled}, then ${word}`,
  }
  return [...explore(program).outcomes.keys()].toSorted()
}

describe('every interleaving', () => {
  const good = ['read nobody, then successor', 'read old, then successor']

  test('what the old thread writes the root reads, and nothing is written over the successor (D3, R3.1)', () => {
    expect(outcomes(thread(1, 'at the fence'), root('end', 'fence', 'wait', 'settle'))).toEqual(good)
    expect(outcomes(thread(3, 'at the fence'), root('end', 'fence', 'wait', 'settle'))).toEqual(good)
  })

  test('each step is needed, and in this order: else the old thread writes over its successor, or unseen', () => {
    const late = 'read nobody, then old'
    expect(outcomes(thread(1, 'at the fence'), root('end', 'fence', 'settle'))).toContain(late)
    expect(outcomes(thread(1, 'at the fence'), root('end', 'wait', 'fence', 'settle'))).toContain(late)
    expect(outcomes(thread(1, 'at the fence'), root('end', 'wait', 'settle', 'fence'))).toContain(late)
    expect(outcomes(thread(1, 'before the call'), root('end', 'fence', 'wait', 'settle'))).toContain(late)
  })

  test('a thread behind the fence that nobody ends goes round for ever', () => {
    expect(outcomes(thread(1, 'at the fence'), root('fence', 'wait', 'settle'))).toEqual([
      'read old, then successor',
      'stuck read nobody, then successor',
    ])
  })
})

it('a fence lets the thread through that the core is, and no other: that one goes round until it is ended', () => {
  const epoch = new Int32Array(new SharedArrayBuffer(4))
  const fence = new Fence(epoch)
  const context = createContext({ fence })
  const pass = (timeout: number): unknown => runInContext('fence.pass()', context, { timeout })
  expect(pass(20_000)).toBeUndefined()
  Atomics.store(epoch, 0, 1)
  expect(() => pass(20)).toThrow(/timed out/)
  expect(runInContext('1', context)).toBe(1)
})
