/**
 * An append-only list of texts in shared memory: what the sending core's encoder tells every decoder once, instead of in each record.
 *
 *     0  published bytes   Int32: end of the entries that may be read, counted from byte 4
 *     4  entries           uint16 length, then that many bytes of UTF-8
 *
 * The number of an entry is its position. Nothing is ever changed or removed, so whoever reads the area, today or as the successor of a dead
 * worker, gives every record the meaning it was written with.
 *
 * 1. Only the owning core's encoder writes. It writes entries beyond the published end with plain stores.
 * 2. It then makes them known by one `Atomics.store` of the published bytes, before the record that uses them is published in its ring.
 * 3. A reader does `Atomics.load` of the published bytes, then plain reads of what they cover: rule 2's store ordered those bytes before it (both
 *    are sequentially consistent). Who has seen a record has seen its entries.
 * 4. A writer that dies before rule 2 leaves bytes that nobody reads; its successor writes over them.
 * 5. An entry that means nothing to its reader still takes its number, so that the numbers after it keep their meaning.
 */
import { assert, optionError } from '@cambium/base'

/** Entries in one area. */
export const ENTRIES_MAX = 1024

const PUBLISHED = 0
const ENTRIES_OFFSET = 4
const LENGTH_BYTES = 2
/** Longer texts are data rather than something that repeats: the area is not spent on them. */
const ENTRY_BYTES_MAX = 2048

export interface EntryArea {
  /** Bytes of entries that may be read; a changed value tells that there is something new. */
  publishedBytes(): number
  /** Reads the entries between two values of `publishedBytes`, in order; `undefined` for one that is cut off. */
  read(fromBytes: number, toBytes: number): (string | undefined)[]
  /** Bytes left for entries. */
  roomBytes(): number
  /** Writes entries made by {@link areaEntry} and publishes them at once. Owner only. They must fit. */
  append(entries: readonly Uint8Array[]): void
}

/** The entry of a text, its length included; `undefined` when it is too long for an area. */
export function areaEntry(content: string): Uint8Array | undefined {
  const text = Buffer.from(content, 'utf8')
  if (text.length > ENTRY_BYTES_MAX) return undefined
  const entry = Buffer.alloc(LENGTH_BYTES + text.length)
  entry.writeUInt16LE(text.length, 0)
  text.copy(entry, LENGTH_BYTES)
  return entry
}

/**
 * A view of the area in `bytes`, which lie on a multiple of four in shared memory. All zeros are an empty area. Owner and readers make their
 * own view of the same bytes.
 *
 * @throws `ERR_OPTION`
 */
export function createEntryArea(bytes: Uint8Array): EntryArea {
  if (!(bytes instanceof Uint8Array) || bytes.byteOffset % 4 !== 0 || bytes.byteLength < ENTRIES_OFFSET) {
    throw optionError('bytes', bytes, `a Uint8Array of ${ENTRIES_OFFSET} bytes and more that begins at a multiple of 4`)
  }
  const header = new Int32Array(bytes.buffer, bytes.byteOffset, 1)
  const entries = Buffer.from(bytes.buffer, bytes.byteOffset + ENTRIES_OFFSET, bytes.byteLength - ENTRIES_OFFSET)

  // Clamped, so that a damaged header cannot lead a reader out of the area.
  const publishedBytes = (): number => Math.min(Math.max(Atomics.load(header, PUBLISHED), 0), entries.length)

  return {
    publishedBytes,
    read: (fromBytes, toBytes) => readEntries(entries, fromBytes, toBytes),
    roomBytes: () => entries.length - publishedBytes(),
    append(added) {
      let end = publishedBytes()
      for (const entry of added) {
        assert(end + entry.length <= entries.length, 'entries fit into the area')
        entries.set(entry, end)
        end += entry.length
      }
      Atomics.store(header, PUBLISHED, end)
    },
  }
}

function readEntries(entries: Buffer, fromBytes: number, toBytes: number): (string | undefined)[] {
  const texts: (string | undefined)[] = []
  const end = Math.min(toBytes, entries.length)
  let at = fromBytes
  while (at + LENGTH_BYTES <= end && texts.length < ENTRIES_MAX) {
    const start = at + LENGTH_BYTES
    at = start + entries.readUInt16LE(at)
    texts.push(at <= end ? entries.toString('utf8', start, at) : undefined)
  }
  return texts
}
