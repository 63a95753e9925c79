/** D14: our use of msgpackr and a user's do not meet, and it works where code may not be generated. */
import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as imported from 'msgpackr'
import { expect, test } from 'vitest'
import { createLink } from './link.ts'

test('D14 extensions that a user registers change nothing here, nor ours anything there', () => {
  const required = createRequire(import.meta.url)('msgpackr') as typeof imported
  const link = createLink()
  const message = { at: new Date(5), list: [new Map([[1, 2]])], error: new TypeError('t'), bytes: Buffer.from('b') }
  for (let i = 0; i < 3; i += 1) link.encoder.encode(message)
  const before = link.encoder.encodeCopy(message)
  for (const library of [imported, required]) {
    for (const Class of [Object, Date, Array, Error, Buffer]) {
      library.addExtension({ Class, type: 1, write: () => 'hijacked', read: () => 'hijacked' })
    }
    library.addExtension({ type: 0xff, unpack: () => 'hijacked' })
    expect(library.unpack(library.pack(new Date(7)))).toBe('hijacked')
  }
  expect(link.encoder.encodeCopy(message).equals(before)).toBe(true)
  expect(link.carry(message)).toMatchObject({ at: new Date(5), list: [new Map([[1, 2]])], bytes: Buffer.from('b') })
  expect(process.env['MSGPACKR_NATIVE_ACCELERATION_DISABLED']).toBeUndefined()
})

test('D7 messages travel where code generation from strings is disallowed', async () => {
  const script = fileURLToPath(new URL('./fixtures/no-code-generation.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--disallow-code-generation-from-strings', script])
  const misfit = 'message does not fit its layout: field=id, found -1, expected an integer from 0 to 4294967295'
  expect(JSON.parse(stdout)).toEqual({ refused: true, arrived: 1000, declared: 20, misfit })
})
