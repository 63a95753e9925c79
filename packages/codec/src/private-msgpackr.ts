/**
 * An instance of msgpackr of our own.
 *
 * msgpackr keeps extensions in tables of its module: on packing it looks for the first extension whose class the value
 * is an instance of, the latest registered first; on unpacking it takes the function at the type number. Both tables
 * serve every packer of the module instance, so an extension that a user registers for his own files would change our
 * bytes, and ours his. Loading the CommonJS build once more, past the cache of `require`, gives tables that nobody
 * else can reach. (The user's `import` takes other files; his `require` finds the cache as it was.)
 *
 * Its optional native string reader stays off: it scans the whole source ahead, beyond the value that is read.
 */
import { createRequire } from 'node:module'
import type * as Msgpackr from 'msgpackr'
import { Boxed, unbox } from './boxed.ts'
import type { BoxHost } from './boxed.ts'

/** Extension type of a {@link Boxed}. */
const BOX_TYPE = 1

/**
 * Types of msgpackr that our encoder never writes. Left in place they would give damaged bytes a meaning: 0x62 moves the
 * read position backwards, 0x69 and 0x70 build cycles, the others are boxed.
 */
const REFUSED_TYPES: readonly number[] = [0x62, 0x65, 0x69, 0x70, 0x73, 0x74, 0x78]

const NATIVE_SWITCH = 'MSGPACKR_NATIVE_ACCELERATION_DISABLED'

/** Whose refs and buffers the message being read holds: set for the duration of one synchronous decode. */
let host: BoxHost | undefined

/** Sets it, and gives back the one before, which the caller restores. */
export function exchangeHost(next: BoxHost | undefined): BoxHost | undefined {
  const before = host
  host = next
  return before
}

export const msgpackr: typeof Msgpackr = load()

function load(): typeof Msgpackr {
  const require = createRequire(import.meta.url)
  const path = require.resolve('msgpackr')
  const cached = require.cache[path]
  const native = process.env[NATIVE_SWITCH]
  let instance: typeof Msgpackr
  delete require.cache[path]
  process.env[NATIVE_SWITCH] = 'true'
  try {
    instance = require(path) as typeof Msgpackr
  } finally {
    if (cached === undefined) delete require.cache[path]
    else require.cache[path] = cached
    if (native === undefined) delete process.env[NATIVE_SWITCH]
    else process.env[NATIVE_SWITCH] = native
  }
  instance.addExtension({
    Class: Boxed,
    type: BOX_TYPE,
    write: (box: Boxed) => box.parts,
    read: (parts: unknown) => unbox(parts, host),
  })
  for (const type of REFUSED_TYPES) {
    instance.addExtension({
      type,
      unpack() {
        throw new TypeError('an extension that is never written')
      },
    })
  }
  // A damaged byte can name this object of the module; frozen, it carries nothing from message to message.
  Object.freeze(instance.C1)
  return instance
}
