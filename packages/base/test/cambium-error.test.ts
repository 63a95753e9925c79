import { CambiumError, fromErrorRecord, toErrorRecord, type ErrorRecord } from '@cambium/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

/** The records along a chain of causes, outermost first. */
function chainOf(record: ErrorRecord): ErrorRecord[] {
  return record.cause ? [record, ...chainOf(record.cause)] : [record]
}

describe('CambiumError', () => {
  test('is a mistake without fields unless told otherwise', () => {
    const error = new CambiumError('ERR_MAILBOX_FULL', 'mailbox is full: capacity=1024')
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'CambiumError', code: 'ERR_MAILBOX_FULL', severity: 'mistake', fields: {} })
  })

  test('has a cause only when one was given, even if it is undefined', () => {
    expect('cause' in new CambiumError('ERR_A', 'a')).toBe(false)
    expect('cause' in new CambiumError('ERR_A', 'a', { cause: undefined })).toBe(true)
    expect(new CambiumError('ERR_A', 'a', { cause: 0 }).cause).toBe(0)
  })
})

describe('toErrorRecord', () => {
  test('keeps everything of a CambiumError', () => {
    const error = new CambiumError('ERR_CORE_LOST', 'core is lost: core=2', {
      severity: 'crash',
      fields: { core: 2 },
      cause: new RangeError('out of memory'),
    })
    expect(toErrorRecord(error)).toEqual({
      name: 'CambiumError',
      code: 'ERR_CORE_LOST',
      message: 'core is lost: core=2',
      stack: error.stack,
      severity: 'crash',
      fields: { core: 2 },
      cause: expect.objectContaining({ name: 'RangeError', message: 'out of memory', severity: 'crash', fields: {} }),
    })
  })

  test("keeps the code of Node's errors, and calls a stranger's error a crash", () => {
    const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' })
    expect(toErrorRecord(missing)).toMatchObject({ name: 'Error', code: 'ENOENT', severity: 'crash' })
    expect(toErrorRecord(new TypeError('t'))).toMatchObject({ name: 'TypeError', code: 'ERR_UNKNOWN', severity: 'crash' })
  })

  test.each([
    ['a string', 'boom', 'boom'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['a bigint', 10n, '10'],
    ['an object', { a: 1 }, '[object Object]'],
  ])('takes %s that was thrown', (_, thrown, message) => {
    expect(toErrorRecord(thrown)).toEqual({
      name: 'NonError',
      code: 'ERR_UNKNOWN',
      message,
      stack: '',
      severity: 'crash',
      fields: {},
    })
  })

  test('ends with a cyclic chain of causes', () => {
    const first = new Error('first')
    first.cause = new Error('second', { cause: first })
    const chain = chainOf(toErrorRecord(first))
    expect(chain).toHaveLength(9)
    expect(chain.map(({ message }) => message)).toEqual(Array.from({ length: 9 }, (_, i) => (i % 2 === 0 ? 'first' : 'second')))
  })

  test('ends with an error that is its own cause', () => {
    const error = new Error('own cause')
    error.cause = error
    expect(chainOf(toErrorRecord(error))).toHaveLength(9)
  })

  test('keeps causes that are not errors, the falsy ones too', () => {
    expect(toErrorRecord(new Error('a', { cause: 'because' })).cause).toMatchObject({ name: 'NonError', message: 'because' })
    expect(toErrorRecord(new Error('a', { cause: null })).cause).toMatchObject({ name: 'NonError', message: 'null' })
    expect(toErrorRecord(new Error('a', { cause: undefined }))).not.toHaveProperty('cause')
  })

  test.each([
    ['has no string form', { toString: () => Symbol('no string') }],
    ['has no prototype', Object.create(null) as unknown],
    ['throws when it is shown', { [Symbol.toPrimitive]: refuse }],
    ['is a revoked proxy', revokedProxy()],
  ])('does not throw for a value that %s', (_, thrown) => {
    expect(toErrorRecord(thrown)).toMatchObject({ name: 'NonError', message: 'a value that cannot be shown', severity: 'crash' })
  })

  test('never throws, and gives what structured clone takes, whatever was thrown', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true, withObjectString: true }), (thrown) => {
        const record = toErrorRecord(thrown)
        expect(structuredClone(record)).toEqual(record)
      }),
    )
  })
})

describe('the stack of a record', () => {
  test('is written out when it is first read, once, and is then as any other field', () => {
    const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')
    let written = 0
    Error.prepareStackTrace = (error) => {
      written += 1
      return `${error.message}, written`
    }
    try {
      const record = toErrorRecord(new Error('a'))
      expect(toErrorRecord(record)).toBe(record)
      expect(written).toBe(0)
      expect(structuredClone(record)).toEqual({ ...record })
      expect(JSON.parse(JSON.stringify(record))).toMatchObject({ message: 'a', stack: 'a, written' })
      expect(Object.keys(record)).toEqual(['name', 'code', 'message', 'stack', 'severity', 'fields'])
      expect(written).toBe(1)
    } finally {
      Object.defineProperty(Error, 'prepareStackTrace', before ?? { value: undefined, writable: true, configurable: true })
    }
  })

  test('is empty where it cannot be had, and the rest is there', () => {
    const throwing = Object.defineProperty(new Error('e'), 'stack', { get: refuse })
    expect(toErrorRecord(throwing)).toMatchObject({ name: 'Error', message: 'e', stack: '' })
  })
})

describe('fields of a record', () => {
  const fieldsOf = (fields: object): Readonly<Record<string, unknown>> =>
    toErrorRecord(new CambiumError('ERR_A', 'a', { fields: fields as Record<string, unknown> })).fields

  test('are plain data at every level of the causes', () => {
    class Account {
      readonly secret = 'not to be looked at'
    }
    const fields = {
      kept: [null, true, 1.5, 'text', 10n, { nested: [{}] }],
      account: new Account(),
      error: new TypeError('t'),
      large: 1n << 64n,
      list: [() => {}, 1],
      f() {},
      symbol: Symbol('s'),
      get hidden(): never {
        return refuse()
      },
    }
    const plain = {
      kept: [null, true, 1.5, 'text', 10n, { nested: [{}] }],
      account: '[object Object]',
      error: 'TypeError: t',
      large: 'bigint beyond 64 bits',
      list: [null, 1],
    }
    const cause = new CambiumError('ERR_B', 'b', { fields })
    const record = toErrorRecord(new CambiumError('ERR_A', 'a', { fields, cause }))
    expect(record.fields).toStrictEqual(plain)
    expect(record.cause?.fields).toStrictEqual(plain)
    expect(structuredClone(record)).toEqual(record)
  })

  test('are bounded: texts, values, depth, and circles', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    expect(fieldsOf(circle)).toEqual({ self: { self: { self: { self: { self: '[object]' } } } } })
    expect(fieldsOf({ text: 'x'.repeat(5000) })['text']).toHaveLength(1024)
    expect(fieldsOf({ list: Array.from({ length: 5000 }, (_, i) => i) })['list']).toHaveLength(255)
    expect(Object.keys(fieldsOf(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i]))))).toHaveLength(256)
  })

  test.each([
    ['a revoked proxy', revokedProxy() as object],
    ['a list', [1]],
  ])('are none when they are %s', (_, fields) => {
    expect(fieldsOf(fields)).toEqual({})
  })
})

test('a record is bounded: message, stack, name and code', () => {
  const error = Object.assign(new Error('x'.repeat(100_000)), { code: 'c'.repeat(1000) })
  error.name = 'n'.repeat(1000)
  error.stack = 's'.repeat(100_000)
  const { name, code, message, stack } = toErrorRecord(error)
  expect([name, code, message, stack].map(({ length }) => length)).toEqual([256, 256, 8192, 16_384])
  expect(message.endsWith('x…')).toBe(true)
})

test('a record that was made here is given back; one that only looks so was thrown by a stranger', () => {
  const record = toErrorRecord(new Error('a'))
  expect(toErrorRecord(record)).toBe(record)
  expect(toErrorRecord({ ...record, f: refuse })).toMatchObject({ name: 'NonError', message: '[object Object]' })
})

describe('fromErrorRecord', () => {
  test('keeps the name', () => {
    const record = structuredClone(toErrorRecord(new CambiumError('ERR_A', 'a', { cause: new TypeError('t') })))
    const error = fromErrorRecord(record)
    expect(error.name).toBe('CambiumError')
    expect(String(error.cause)).toBe('TypeError: t')
  })

  test('rebuilds an error that went through a structured clone, with its causes and the stack of its origin', () => {
    const origin = new CambiumError('ERR_A', 'a is wrong: value=1', {
      severity: 'bug',
      fields: { value: 1 },
      cause: new CambiumError('ERR_B', 'b is wrong', { cause: new Error('root') }),
    })
    const error = fromErrorRecord(structuredClone(toErrorRecord(origin)))
    expect(error).toBeInstanceOf(CambiumError)
    expect(error).toMatchObject({ code: 'ERR_A', message: 'a is wrong: value=1', severity: 'bug', fields: { value: 1 } })
    expect(error.stack).toBe(origin.stack)
    expect(error.cause).toMatchObject({ code: 'ERR_B', message: 'b is wrong' })
    expect((error.cause as CambiumError).cause).toMatchObject({ code: 'ERR_UNKNOWN', message: 'root', severity: 'crash' })
  })

  test('gives an error without cause for a record without one', () => {
    expect('cause' in fromErrorRecord(toErrorRecord(new Error('alone')))).toBe(false)
  })

  test('rebuilds what a record says, again and again', () => {
    const record = toErrorRecord(
      new CambiumError('ERR_A', 'a', { fields: { list: [1, 2] }, cause: new CambiumError('ERR_B', 'b') }),
    )
    expect(toErrorRecord(fromErrorRecord(record))).toEqual(record)
  })
})

function refuse(): never {
  throw new Error('not to be looked at')
}

function revokedProxy(): unknown {
  const { proxy, revoke } = Proxy.revocable(new Error('e'), {})
  revoke()
  return proxy
}
