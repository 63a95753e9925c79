/** Adds up what it is shown of memory that is shared with it. */
import { defineActor } from 'cambium'
import type { Behaviour } from 'cambium'

export type ShareMessage = { readonly type: 'look'; readonly memory: SharedArrayBuffer } | { readonly type: 'tally' }

export interface ShareTally {
  readonly count: number
  readonly checksum: number
}

interface ShareState {
  count: number
  checksum: number
}

export const looker: Behaviour<null, ShareMessage, ShareTally> = defineActor<null, ShareMessage, ShareTally, ShareState>(
  import.meta.url,
  'looker',
  {
    init: () => ({ count: 0, checksum: 0 }),
    receive(state, message, context) {
      if (message.type === 'tally') {
        context.reply({ ...state })
        return
      }
      state.count += 1
      state.checksum = (state.checksum + (new Int32Array(message.memory)[0] ?? 0)) | 0
    },
  },
)
