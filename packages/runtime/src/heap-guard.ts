/**
 * Ends a core that keeps more than its heap allows, before V8 does. V8 ends a thread at its limit by a request that running code obeys; when the
 * limit is met between two callbacks, in a collection that nobody's code began, V8 may end the whole process instead. So V8 is given more
 * than the core may keep, and after each full collection what was kept is looked at. What runs meanwhile without giving way to the event loop meets
 * V8's limit inside running code, where it ends the thread alone.
 *
 * A full collection is seen by what it finalises: an object that nobody holds. A collection of the young generation leaves what it finds in a
 * registry, so between two full ones nothing is done at all.
 */
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'
import { CambiumError } from '@cambium/base'

const MIB = 1 << 20
/** Of V8's own limit, where the user sets none. */
const DEFAULT_SHARE = 0.75
/** Room for what is allocated while a collection goes on: seen up to 40 MiB on a busy machine, for a core that allocates as fast as it can. */
const V8_FACTOR = 2
const ROOM_MB_MIN = 64

/** V8's limit, in MiB, for a core that may keep `heapMb`. */
export function v8HeapMb(heapMb: number): number {
  return Math.max(heapMb * V8_FACTOR, heapMb + ROOM_MB_MIN)
}

/** Held here: a registry that nobody holds watches nothing. */
let registry: FinalizationRegistry<undefined> | undefined

/**
 * From now on this thread ends with an uncaught `ERR_CORE_OUT_OF_MEMORY` after the first full collection that leaves more than `heapMb`.
 *
 * @param heapMb MiB of the old generation. @default three quarters of V8's limit
 */
export function guardHeap(heapMb: number | undefined): void {
  const limit = heapMb === undefined ? getHeapStatistics().heap_size_limit * DEFAULT_SHARE : heapMb * MIB
  const watch = (): void => registry?.register({}, undefined)
  registry = new FinalizationRegistry(() => {
    const kept = keptBytes()
    if (kept > limit) throw outOfMemory(limit, kept)
    watch()
  })
  watch()
}

/** Bytes of the old generation. The young one, and what V8 itself never frees, are not the core's to keep. */
function keptBytes(): number {
  let bytes = 0
  for (const { space_name: name, space_used_size: used } of getHeapSpaceStatistics()) {
    if (!/^(?:new|read_only|shared)_/.test(name)) bytes += used
  }
  return bytes
}

function outOfMemory(limit: number, kept: number): CambiumError {
  const message = `core used up its heap: heapMb=${Math.round(limit / MIB)}, keptMb=${Math.round(kept / MIB)}`
  return new CambiumError('ERR_CORE_OUT_OF_MEMORY', message, { severity: 'crash' })
}
