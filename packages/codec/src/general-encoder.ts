/**
 * The general codec's sending side: any message to bytes, one for each sending core.
 *
 * msgpackr writes an object whose shape (the list of its property names) is known as the number of the shape and the
 * values. The numbers mean what the core's shape area says, so a record in a ring stays readable whoever encodes or
 * decodes after it.
 *
 * 1. A shape is shared when it is seen for the second time: dictionaries, whose names never repeat, would fill the area.
 * 2. It is appended to the area before `encode` returns, so before the record can be published.
 * 3. When the area is full, or a shape is too large for it, the object travels with its names.
 * 4. When encoding fails after shapes were taken, msgpackr forgets them, and nothing was appended.
 */
import { CambiumError } from '@cambium/base'
import type { Packr } from 'msgpackr'
import { cannotTravel } from './errors.ts'
import type { MessageLayouts } from './message-layouts.ts'
import { msgpackr } from './private-msgpackr.ts'
import { shapeEntry, SHAPES_MAX } from './shape-area.ts'
import type { Shape, ShapeArea } from './shape-area.ts'
import type { ParcelPacker } from './shared-data.ts'
import { isSimpleMessage } from './simple-message.ts'
import { createTravelWalk } from './travel-check.ts'
import type { PackedRef } from './travel-check.ts'

export interface GeneralEncoderOptions {
  /** The shape area of the sending core. Only one encoder may use it at a time. */
  readonly area: ShapeArea
  /** Whether an object is an actor ref. @default no object is */
  readonly isRef?: (value: object) => boolean
  /** What a ref travels as. Needed with `isRef`. */
  readonly packRef?: (value: object) => PackedRef
  /** The number that a ref's declared layouts travel by; 0 for none. @default they stay behind */
  readonly layoutsNumber?: (layouts: MessageLayouts) => number
  /** Takes what is shared or moved. @default it has no way to travel */
  readonly packer?: ParcelPacker
}

const SCRATCH_BYTES = 16 * 1024
/** A scratch buffer that grew for one message is kept up to this size. */
const SCRATCH_BYTES_MAX = 1024 * 1024
/** Results up to this length are views made once and used again. */
const VIEW_BYTES_MAX = 512
const SHAPE_NAMES_MAX = 64
/** Shapes seen once that are remembered: more than the area can take, so that taking turns keeps none of them out. */
const SIGHTINGS_MAX: number = 2 * SHAPES_MAX
const SIGHTING_LENGTH_MAX = 1024
/**
 * msgpackr keeps a tree of every name it met, and never forgets one. After this many names in shapes that were not
 * shared, the tree is built anew from the shared ones.
 */
const UNSHARED_NAMES_MAX = 4096

/** What msgpackr keeps about shapes; its types do not tell. */
interface Structures extends Array<Shape | undefined> {
  transitions?: object | null
}

type Scratch = Buffer & { end?: number }

/**
 * msgpackr has one state for all packers of a thread, and ours is pointed at a buffer before each message. So a getter
 * that sends a message while its own message is encoded is refused, whichever encoder it reaches.
 */
export const encodeGuard: { isEncoding: boolean } = { isEncoding: false }

/** Gives the bytes of a message, in a buffer of its own: valid until the next call. Throws `ERR_CANNOT_TRAVEL`. */
export type GeneralEncoder = (message: unknown) => Buffer

export function createGeneralEncoder(options: GeneralEncoderOptions): GeneralEncoder {
  const { area, packer } = options
  const walk = createTravelWalk(options)
  const mode = msgpackr.REUSE_BUFFER_MODE | msgpackr.RESET_BUFFER_MODE
  const sightings = new Set<string>()
  /** Entries of the shapes taken by the message at hand. */
  let taken: Uint8Array[] = []
  let takenBytes = 0
  let shapes = 0
  /** Set by the first shape that does not fit any more. */
  let full = false
  let unsharedNames = 0
  let illFormedName = false
  let scratch: Scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
  let views: (Buffer | undefined)[] = []

  const share = (shape: Shape): boolean => {
    // One number stays free: msgpackr asks only while there is one.
    if (!full && shape.length <= SHAPE_NAMES_MAX && shapes + taken.length < SHAPES_MAX - 1) {
      const sighting = shape.join('\0')
      if (sighting.length > SIGHTING_LENGTH_MAX) {
        // Names as long as this are data: the area is not spent on them.
      } else if (sightings.delete(sighting)) {
        const entry = shapeEntry(shape)
        if (entry !== undefined && takenBytes + entry.length <= area.roomBytes()) {
          taken.push(entry)
          takenBytes += entry.length
          return true
        }
        full = entry !== undefined
      } else {
        if (sightings.size >= SIGHTINGS_MAX) sightings.clear()
        sightings.add(sighting)
      }
    }
    unsharedNames += shape.length
    if (!shape.every((name) => name.isWellFormed())) illFormedName = true
    return false
  }

  const known = area.read(0, area.publishedBytes())
  shapes = known.length
  const packr = new msgpackr.Packr({
    structures: known as object[],
    saveStructures() {
      area.append(taken)
      shapes += taken.length
    },
    shouldShareStructure: share,
    maxSharedStructures: SHAPES_MAX,
    maxOwnStructures: 0,
    mapsAsObjects: true,
    useBigIntExtension: true,
    useToJSON: false,
    writeFunction() {
      throw cannotTravel('(root)', 'function, from a getter that gave something else before')
    },
  }) as Packr & { structures: Structures }

  const pack = (prepared: unknown): Buffer => {
    if (takenBytes > 0) {
      taken = []
      takenBytes = 0
    }
    packr.useBuffer(scratch)
    const packed: Scratch = packr.pack(prepared, mode)
    const end = packed.end
    // After new shapes msgpackr gives a view of its buffer instead of the buffer with a mark.
    if (end === undefined) return packed
    if (packed !== scratch) {
      if (packed.length > SCRATCH_BYTES_MAX) return packed.subarray(0, end)
      scratch = packed
      views = []
    }
    if (end > VIEW_BYTES_MAX) return scratch.subarray(0, end)
    return (views[end] ??= scratch.subarray(0, end))
  }

  return (message) => {
    if (encodeGuard.isEncoding) throw cannotTravel('(root)', 'a message sent by a getter of a message that is being encoded')
    encodeGuard.isEncoding = true
    try {
      packer?.begin()
      const packed = pack(isSimpleMessage(message) ? message : walk(message, false))
      if (!illFormedName) return packed
      illFormedName = false
      packer?.begin()
      return pack(walk(message, true))
    } catch (error) {
      illFormedName = false
      if (error instanceof CambiumError) throw error
      // Every value was read before without a throw, so this one is no fault of a place that could be named.
      throw cannotTravel('(root)', 'a value that changes while it is read, or too large to encode', error)
    } finally {
      encodeGuard.isEncoding = false
      if (unsharedNames > UNSHARED_NAMES_MAX) {
        unsharedNames = 0
        packr.structures.transitions = null
      }
    }
  }
}
