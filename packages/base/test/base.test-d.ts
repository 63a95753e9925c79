import { assert, checkOneOf, createSeededRandom, fromErrorRecord, toErrorRecord, unreachable } from '@cambium/base'
import type { ActorAddress, CambiumError, ErrorRecord, Severity } from '@cambium/base'
import { expectTypeOf, test } from 'vitest'

test('assert narrows', () => {
  const value = 'a' as string | undefined
  assert(value !== undefined, 'value is given')
  expectTypeOf(value).toEqualTypeOf<string>()
})

test('unreachable takes only what the types have ruled out', () => {
  const severity = 'bug' as Severity
  // @ts-expect-error a severity is still possible here
  expectTypeOf(unreachable(severity)).toBeNever()
})

test('checkOneOf gives the union of its choices', () => {
  const restart = checkOneOf('restart', 'permanent' as unknown, ['permanent', 'transient'], 'transient')
  expectTypeOf(restart).toEqualTypeOf<'permanent' | 'transient'>()
  // @ts-expect-error the fallback has to be one of the choices
  checkOneOf<'permanent' | 'transient'>('restart', undefined, ['permanent', 'transient'], 'temporary')
})

test('errors travel as records and come back as one class', () => {
  expectTypeOf(toErrorRecord).parameter(0).toBeUnknown()
  expectTypeOf(toErrorRecord).returns.toEqualTypeOf<ErrorRecord>()
  expectTypeOf(fromErrorRecord).returns.toEqualTypeOf<CambiumError>()
})

test('pick keeps the type of the items', () => {
  expectTypeOf(createSeededRandom(1).pick(['a', 1] as const)).toEqualTypeOf<'a' | 1>()
})

test('an address cannot be changed', () => {
  const address: ActorAddress = { core: 0, slot: 0, generation: 0 }
  // @ts-expect-error the fields are readonly
  address.core = 1
})
