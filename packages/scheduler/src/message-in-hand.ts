/** What a dead core had in hand, read from the ring by the root: whose message it was, and of what type. */
import type { ActorAddress } from '@cambium/base'
import { createDecoder, createEntryArea, createShapeArea } from '@cambium/codec'
import type { RecordInHand } from '@cambium/ring'
import { PREFIX_BYTES } from './forwarding.ts'
import { STAMP_BYTES } from './message-stamp.ts'
import { ASK, ASK_STAMPED, FORWARDED, FRAGMENT, HEADER_BYTES, TELL, TELL_STAMPED } from './record-lane.ts'
import type { CoreBlock, SystemMemory } from './system-memory.ts'

export interface MessageInHand extends ActorAddress {
  /** The message if it is a string, else its `type` if that is one; undefined for any other, for an answer, and for one too large to look at. */
  readonly type: string | undefined
}

/** Larger messages are not decoded: the core is to be replaced. */
const BYTES_MAX = 4096
const TYPE_CHARS_MAX = 64
/** Where the layout lies, right before the message. */
const LAYOUT_BYTES = 4

/** Types of records with messages; what each has between its header and the message. */
const IN_FRONT_BYTES: ReadonlyMap<number, number> = new Map([
  [TELL, 0],
  [ASK, 0],
  [TELL_STAMPED, STAMP_BYTES],
  [ASK_STAMPED, STAMP_BYTES],
  [FORWARDED, PREFIX_BYTES],
])

/** `record`: of the ring from `source` to `core`, whose thread has ended. */
export function messageInHand(memory: SystemMemory, source: number, core: number, record: RecordInHand): MessageInHand {
  const { type, buffer, payloadOffset } = record
  // The rest of a large message lies in the heap that is gone.
  if (type === FRAGMENT || record.payloadBytes < HEADER_BYTES) return { core, slot: 0, generation: 0, type: undefined }
  return {
    core,
    slot: buffer.readInt32LE(payloadOffset),
    generation: buffer.readInt32LE(payloadOffset + 4),
    type: typeOf(memory.blocks[source] as CoreBlock, record),
  }
}

function typeOf({ shapes, layouts }: CoreBlock, { type, buffer, payloadOffset, payloadBytes }: RecordInHand): string | undefined {
  const inFront = IN_FRONT_BYTES.get(type)
  if (inFront === undefined || payloadBytes > BYTES_MAX) return undefined
  const before = HEADER_BYTES + inFront
  const at = payloadOffset + before
  const layout = buffer.readInt32LE(at - LAYOUT_BYTES)
  if (layout < 0) return undefined // its parcel was the dead core's to fetch
  try {
    const decoder = createDecoder({
      area: createShapeArea(shapes),
      layouts: createEntryArea(layouts),
      unpackRef: () => undefined,
    })
    const message = decoder.decode(buffer, at, payloadBytes - before, layout)
    const said = typeof message === 'object' && message !== null ? (message as { readonly type?: unknown }).type : message
    return typeof said === 'string' ? said.slice(0, TYPE_CHARS_MAX) : undefined
  } catch {
    return undefined // it was the end of the core, perhaps
  }
}
