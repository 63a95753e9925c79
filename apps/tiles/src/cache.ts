/**
 * The cache of one core: finished pictures, and the escape fields from which a picture in other colours is made in a fraction of the time. Both are
 * bounded by bytes. It serves the regions of its core, which hand it what they have by reference: nothing is copied.
 */
import { defineActor } from 'cambium'
import type { Behaviour } from 'cambium'
import { ByteLru } from './byte-lru.ts'
import type { CacheMessage, Drawing, Field } from './protocol.ts'

interface State {
  readonly pictures: ByteLru<Drawing & Sized>
  readonly fields: ByteLru<Field & Sized>
}

interface Sized {
  readonly byteLength: number
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
        case 'find':
          context.reply(pictures.get(message.picture) ?? fields.get(message.tile))
          break
        case 'keep': {
          // A tile that was asked for again while it was on its way is drawn twice, alike: the first stays, with the core that drew it.
          const { core } = message
          if ('field' in message) {
            const { tile, field } = message
            if (fields.get(tile) === undefined) fields.set(tile, { field, core, byteLength: field.byteLength })
          } else if (pictures.get(message.picture) === undefined)
            pictures.set(message.picture, { png: message.png, core, byteLength: message.png.byteLength })
          break
        }
        case 'size':
          context.reply({ pictures: pictures.size, fields: fields.size, bytes: pictures.bytes + fields.bytes })
      }
    },
  },
  // Its senders live on its core and wait for it: a short queue holds them back at once.
  { mailbox: { capacity: 256 } },
)
