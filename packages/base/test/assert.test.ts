import { assert, AssertionError, unreachable } from '@cambium/base'
import { describe, expect, test } from 'vitest'

describe('assert', () => {
  test.each([true, 1, 'a', {}, []])('lets %s pass', (condition) => {
    expect(() => assert(condition, 'a condition')).not.toThrow()
  })

  test.each([false, 0, '', null, undefined, NaN])('throws for %s, with what should have been true', (condition) => {
    expect(() => assert(condition, 'the ring is attached')).toThrow(new AssertionError('assertion failed: the ring is attached'))
  })

  test('throws an error with a code, which survives where its class does not', () => {
    expect(new AssertionError('a')).toMatchObject({ name: 'AssertionError', code: 'ERR_ASSERTION' })
  })
})

describe('unreachable', () => {
  test('names the value that the types had ruled out', () => {
    expect(() => unreachable('one_for_none' as never, 'unknown strategy')).toThrow(
      new AssertionError('unknown strategy: value=one_for_none'),
    )
    expect(() => unreachable(Symbol('s') as never)).toThrow(new AssertionError('unreachable: value=Symbol(s)'))
  })
})
