/**
 * The cache of one core: finished pictures, and the escape fields from which a picture in other colours is made in a fraction of the time. Both are
 * bounded by bytes. It serves the regions of its core, which hand it what they have by reference: nothing is copied.
 */
import { defineActor } from 'cambium'
import type { Behaviour } from 'cambium'
import { ByteLru } from './byte-lru.ts'
import type { CacheMessage } from './protocol.ts'

interface State {
  readonly pictures: ByteLru<Uint8Array>
  readonly fields: ByteLru<Float32Array>
}

/** A field is eight times as large as a picture, and saves most of the work for all palettes. */
const FIELD_SHARE = 0.75

export const cache: Behaviour<{ readonly bytesMax: number }, CacheMessage> = defineActor<
  { readonly bytesMax: number },
  CacheMessage,
  unknown,
  State
>(
  import.meta.url,
  'cache',
  {
    init: ({ bytesMax }) => ({
      pictures: new ByteLru(bytesMax * (1 - FIELD_SHARE)),
      fields: new ByteLru(bytesMax * FIELD_SHARE),
    }),

    receive({ pictures, fields }, message, context) {
      switch (message.type) {
        case 'find': {
          const png = pictures.get(message.picture)
          const field = png === undefined ? fields.get(message.tile) : undefined
          context.reply({ ...(png === undefined ? {} : { png }), ...(field === undefined ? {} : { field }) })
          break
        }
        case 'keep':
          if ('field' in message) fields.set(message.tile, message.field)
          else pictures.set(message.picture, message.png)
          break
        case 'size':
          context.reply({ pictures: pictures.size, fields: fields.size, bytes: pictures.bytes + fields.bytes })
      }
    },
  },
  // Its senders live on its core and wait for it: a short queue holds them back at once.
  { mailbox: { capacity: 256 } },
)
