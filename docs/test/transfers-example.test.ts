/** The tests of docs/examples/transfers, run with all others; and that its bug is found, and found again. */
import { simulate } from '@cambium/testkit'
import { describe, expect, test } from 'vitest'
import '../examples/transfers/transfers.test.ts'
import { moneyIsKept } from '../examples/transfers/money-is-kept.ts'

describe('the bug of the teller', () => {
  test('is found by a seed, and replayed from it', async () => {
    const find = (seed: number, runs: number): Promise<unknown> =>
      simulate((sim) => moneyIsKept(sim), { seed, runs }).then(
        () => undefined,
        (error: unknown) => error,
      )
    const found = (await find(1, 500)) as Error & { fields: { seed: number; chart: string } }
    expect(found).toMatchObject({ code: 'ERR_SIMULATION', cause: { message: 'money went astray: a=90, b=120' } })
    expect(found.fields.chart).toMatch(/\{type: "write", balance: 90\}/)
    const again = (await find(found.fields.seed, 1)) as Error
    expect((again.cause as Error).message).toBe('money went astray: a=90, b=120')
  })
})
