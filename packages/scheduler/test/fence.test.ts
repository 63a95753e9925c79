/** The fence between an abandoned thread and its successor's memory. */
import { createContext, runInContext } from 'node:vm'
import { expect, it } from 'vitest'
import { Fence } from '../src/fence.ts'

it('a fence lets the thread through that the core is, and no other: that one goes round until it is ended', () => {
  const epoch = new Int32Array(new SharedArrayBuffer(4))
  const fence = new Fence(epoch)
  const context = createContext({ fence })
  const pass = (): unknown => runInContext('fence.pass()', context, { timeout: 20 })
  expect(pass()).toBeUndefined()
  Atomics.store(epoch, 0, 1)
  expect(pass).toThrow(/timed out/)
  expect(runInContext('1', context)).toBe(1)
})
