import { CORES_MAX, formatAddress, sameAddress, SLOTS_MAX, type ActorAddress } from '@cambium/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const addresses = fc.record<ActorAddress>({
  core: fc.nat(CORES_MAX - 1),
  slot: fc.nat(SLOTS_MAX - 1),
  generation: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
})

describe('an address', () => {
  test('is written as core, slot and generation', () => {
    expect(formatAddress({ core: 2, slot: 17, generation: 40 })).toBe('core-2/17#40')
  })

  test('is written with a generation that has wrapped as a positive number', () => {
    expect(formatAddress({ core: 0, slot: 0, generation: -1 })).toBe('core-0/0#4294967295')
  })

  test('is written alike exactly when it is the same', () => {
    fc.assert(
      fc.property(addresses, addresses, (a, b) => {
        expect(sameAddress(a, b)).toBe(formatAddress(a) === formatAddress(b))
        expect(sameAddress(a, { ...a })).toBe(true)
      }),
    )
  })

  test.each([
    ['core', { core: 3, slot: 17, generation: 40 }],
    ['slot', { core: 2, slot: 18, generation: 40 }],
    ['generation', { core: 2, slot: 17, generation: 41 }],
  ])('is another one by its %s alone', (_, other) => {
    expect(sameAddress({ core: 2, slot: 17, generation: 40 }, other)).toBe(false)
  })

  test('fits core and slot into one 32-bit word', () => {
    expect(CORES_MAX * SLOTS_MAX).toBe(2 ** 32)
  })
})
