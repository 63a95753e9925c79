import { CambiumError, checkBoolean, checkDuration, checkFields, checkInteger, checkOneOf, optionError } from '@cambium/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const CAPACITY = { default: 1024, min: 1, max: 65_536 }
const TIMEOUT = { default: 5_000, min: 0, max: Infinity }

/** The error of a check; a check that lets the value pass fails the test. */
function errorOf(check: () => unknown): CambiumError {
  try {
    check()
  } catch (error) {
    expect(error).toBeInstanceOf(CambiumError)
    return error as CambiumError
  }
  throw new Error('the check let the value pass')
}

describe('every check', () => {
  test.each([
    ['checkInteger', () => checkInteger('mailbox.capacity', 0, CAPACITY), 'an integer from 1 to 65536', '0'],
    ['checkDuration', () => checkDuration('sendTimeoutMs', -1, TIMEOUT), 'milliseconds from 0 to Infinity', '-1'],
    ['checkOneOf', () => checkOneOf('overflow', 'block', ['drop', 'fail'], 'drop'), 'one of drop, fail', '"block"'],
    ['checkBoolean', () => checkBoolean('deepFreeze', 'yes', true), 'true or false', '"yes"'],
    ['checkFields', () => checkFields('mailbox', [1, 2], ['capacity']), 'an object', 'array of 2'],
  ])('%s names the option, the value and what it expected', (_, check, expected, shown) => {
    const error = errorOf(check)
    const option = String(error.fields['option'])
    expect(error).toMatchObject({ code: 'ERR_OPTION', severity: 'mistake', fields: { option, expected } })
    expect(error.message).toBe(`option ${option} is wrong: value=${shown}, expected ${expected}`)
  })

  test('names the option it was asked about', () => {
    expect(errorOf(() => checkInteger('cores', 'many', CAPACITY)).fields['option']).toBe('cores')
    expect(errorOf(() => checkDuration('periodMs', null, TIMEOUT)).fields['option']).toBe('periodMs')
    expect(errorOf(() => checkOneOf('strategy', 1, ['one_for_one'], 'one_for_one')).fields['option']).toBe('strategy')
    expect(errorOf(() => checkBoolean('significant', 0, false)).fields['option']).toBe('significant')
    expect(errorOf(() => checkFields('backoff', null, [])).fields['option']).toBe('backoff')
  })

  test('takes the default for undefined and for nothing else', () => {
    expect(checkInteger('cores', undefined, CAPACITY)).toBe(1024)
    expect(checkDuration('periodMs', undefined, TIMEOUT)).toBe(5_000)
    expect(checkOneOf('overflow', undefined, ['drop', 'fail'], 'fail')).toBe('fail')
    expect(checkBoolean('deepFreeze', undefined, true)).toBe(true)
    expect(() => checkInteger('cores', null, CAPACITY)).toThrow('option cores is wrong: value=null')
    expect(() => checkBoolean('deepFreeze', null, true)).toThrow('option deepFreeze is wrong: value=null')
  })
})

describe('checkInteger', () => {
  test('takes exactly the integers of its range', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.integer({ min: -5, max: 70_000 })), (value) => {
        const right = Number.isInteger(value) && value >= CAPACITY.min && value <= CAPACITY.max
        if (right) expect(checkInteger('capacity', value, CAPACITY)).toBe(value)
        else expect(errorOf(() => checkInteger('capacity', value, CAPACITY)).code).toBe('ERR_OPTION')
      }),
    )
  })

  test.each([1, 65_536])('takes the limit %i', (value) => {
    expect(checkInteger('capacity', value, CAPACITY)).toBe(value)
  })

  test.each([0, 65_537, 1.5, NaN, Infinity, '8', 8n, {}])('refuses %s', (value) => {
    expect(() => checkInteger('capacity', value, CAPACITY)).toThrow('option capacity is wrong')
  })
})

describe('checkDuration', () => {
  test('takes fractions and, where the range has no end, Infinity', () => {
    expect(checkDuration('timeoutMs', 0.5, TIMEOUT)).toBe(0.5)
    expect(checkDuration('timeoutMs', 0, TIMEOUT)).toBe(0)
    expect(checkDuration('timeoutMs', Infinity, TIMEOUT)).toBe(Infinity)
  })

  test.each([Infinity, 10.1, -0.1, NaN, '5'])('refuses %s where the range ends at 10', (value) => {
    expect(() => checkDuration('timeoutMs', value, { default: 5, min: 0, max: 10 })).toThrow('option timeoutMs is wrong')
  })
})

describe('checkOneOf', () => {
  test('takes each of its choices and no other', () => {
    const choices = ['permanent', 'transient', 'temporary'] as const
    for (const choice of choices) expect(checkOneOf('restart', choice, choices, 'permanent')).toBe(choice)
    for (const other of ['Permanent', '', 'toString', 0, null, ['permanent']]) {
      expect(() => checkOneOf('restart', other, choices, 'permanent')).toThrow('expected one of permanent, transient, temporary')
    }
  })
})

describe('checkBoolean', () => {
  test('takes false, not what merely looks like it', () => {
    expect(checkBoolean('deepFreeze', false, true)).toBe(false)
    for (const falsy of [0, '', null, NaN])
      expect(() => checkBoolean('deepFreeze', falsy, true)).toThrow('option deepFreeze is wrong')
  })
})

describe('checkFields', () => {
  test('takes known fields, all or some', () => {
    expect(() => checkFields('mailbox', { capacity: 1, overflow: 'fail' }, ['capacity', 'overflow'])).not.toThrow()
    expect(() => checkFields('mailbox', {}, ['capacity'])).not.toThrow()
    expect(() => checkFields('mailbox', Object.create(null), [])).not.toThrow()
  })

  test('names a misspelt field by its path', () => {
    const error = errorOf(() => checkFields('mailbox', { capacity: 1, capcity: 2 }, ['capacity', 'overflow']))
    expect(error.fields).toEqual({ option: 'mailbox.capcity', expected: 'one of the fields capacity, overflow' })
    expect(error.message).toBe('option mailbox.capcity is wrong: value=2, expected one of the fields capacity, overflow')
  })

  test.each([undefined, null, 'capacity', 5, () => 1])('refuses %s', (value) => {
    expect(() => checkFields('mailbox', value, ['capacity'])).toThrow('expected an object')
  })
})

describe('optionError', () => {
  test.each([
    ['a long string, shortened', 'x'.repeat(1_000), `"${'x'.repeat(80)}…"`],
    ['a string with quotes', 'say "hi"', '"say \\"hi\\""'],
    ['a bigint', 5n, '5n'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['a named function', function stop() {}, 'function stop'],
    [
      'a nameless function',
      (
        () => () =>
          1
      )(),
      'function (anonymous)',
    ],
    ['an object', { secret: 'x' }, 'object'],
    ['an object without prototype', Object.create(null) as unknown, 'object'],
  ])('shows %s', (_, value, shown) => {
    expect(optionError('cores', value, 'a number').message).toBe(`option cores is wrong: value=${shown}, expected a number`)
  })

  test('carries no value among its fields, so the error can cross threads', () => {
    const { fields } = optionError('cores', () => 1, 'a number')
    expect(structuredClone(fields)).toEqual({ option: 'cores', expected: 'a number' })
  })
})
