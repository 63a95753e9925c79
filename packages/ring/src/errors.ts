/**
 * Every error this package throws, in one table: match on `code`. A full ring, an empty ring and a timeout are not here:
 * they are return values.
 *
 * | code | severity | when |
 * |---|---|---|
 * | `ERR_RING_CAPACITY` | mistake | not a power of two from 1 KiB to 1 GiB, or not the one the ring was created with |
 * | `ERR_RING_MEMORY` | mistake | the ring's place is not shared, not aligned, or beyond the end of the memory |
 * | `ERR_RING_EXISTS` | mistake | there is a ring at that place already: creating it again would lose its records |
 * | `ERR_RING_MAGIC` | mistake | no ring was created at that place |
 * | `ERR_RING_VERSION` | mistake | the ring was created by another layout version |
 * | `ERR_RING_CLAIM` | mistake | a claim or commit that the ring can never take, room asked for one, or one out of turn |
 * | `ERR_RING_CORRUPT` | bug | shared words that no correct peer can have written: sizes, positions, sequences, sets of places |
 * | `ERR_REGION_FULL` | mistake | a region does not fit into what is left of the memory |
 * | `ERR_DOORBELL_WORD` | mistake | the word of a doorbell is not an Int32 in shared memory |
 * | `ERR_LAYOUT` | mistake | a declared layout that cannot be: a name, a type, a size, or a place that is too small |
 * | `ERR_LAYOUT_VALUE` | mistake | a value that its field cannot hold |
 * | `ERR_RING_LAYOUT` | mistake | the ring was created for records of another layout |
 * | `ERR_RING_PLACE` | mistake | nobody is at this place of the ring, or somebody of another kind |
 * | `ERR_RING_LOCKED` | crash | a join, leave or eviction waited too long for another one, whose thread may be dead |
 * | `ERR_RING_GRAPH` | mistake | a graph of consumers with a circle, a name twice, or a name that is nobody's |
 * | `ERR_RING_HANDLER` | crash | a handler threw and nobody decides about it, so its processor has ended; see `cause` |
 */
import { CambiumError, toErrorRecord } from '@cambium/base'

export function ringCapacityError(capacity: unknown, expected: string): CambiumError {
  return new CambiumError('ERR_RING_CAPACITY', `ring capacity is wrong: capacity=${String(capacity)}, expected ${expected}`, {
    fields: { capacity, expected },
  })
}

export function ringMemoryError(cause: string, byteOffset: unknown, bytes: number, memoryBytes: number): CambiumError {
  return new CambiumError(
    'ERR_RING_MEMORY',
    `ring memory is wrong: ${cause}, offset=${String(byteOffset)}, bytes=${bytes}, memory=${memoryBytes}`,
    { fields: { cause, byteOffset, bytes, memoryBytes } },
  )
}

export function ringExistsError(byteOffset: number): CambiumError {
  return new CambiumError('ERR_RING_EXISTS', `ring exists already: offset=${byteOffset}`, { fields: { byteOffset } })
}

export function ringMagicError(byteOffset: number, magic: number): CambiumError {
  return new CambiumError('ERR_RING_MAGIC', `no ring at this place: offset=${byteOffset}, magic=${hex(magic)}`, {
    fields: { byteOffset, magic },
  })
}

export function ringVersionError(byteOffset: number, version: number, expected: number): CambiumError {
  return new CambiumError(
    'ERR_RING_VERSION',
    `ring has another layout: offset=${byteOffset}, version=${version}, expected ${expected}`,
    { fields: { byteOffset, version, expected } },
  )
}

export function ringClaimError(cause: string, fields: Readonly<Record<string, unknown>>): CambiumError {
  return new CambiumError('ERR_RING_CLAIM', `claim is wrong: ${cause}, ${list(fields)}`, { fields: { cause, ...fields } })
}

export function ringCorruptError(cause: string, fields: Readonly<Record<string, number>>): CambiumError {
  return new CambiumError('ERR_RING_CORRUPT', `ring is corrupt: ${cause}, ${list(fields)}`, {
    severity: 'bug',
    fields: { cause, ...fields },
  })
}

export function regionFullError(byteOffset: number, bytes: number, memoryBytes: number): CambiumError {
  return new CambiumError('ERR_REGION_FULL', `region is full: offset=${byteOffset}, bytes=${bytes}, memory=${memoryBytes}`, {
    fields: { byteOffset, bytes, memoryBytes },
  })
}

export function doorbellWordError(cause: string): CambiumError {
  return new CambiumError('ERR_DOORBELL_WORD', `doorbell word is wrong: ${cause}`, { fields: { cause } })
}

export function layoutError(cause: string, fields: Readonly<Record<string, unknown>>): CambiumError {
  return new CambiumError('ERR_LAYOUT', `layout is wrong: ${cause}, ${list(fields)}`, { fields: { cause, ...fields } })
}

export function layoutValueError(field: string, cause: string, value: unknown): CambiumError {
  return new CambiumError('ERR_LAYOUT_VALUE', `value does not fit its field: field=${field}, ${cause}, type=${typeof value}`, {
    fields: { field, cause },
  })
}

export function ringLayoutError(byteOffset: number, fingerprint: number, expected: number): CambiumError {
  return new CambiumError(
    'ERR_RING_LAYOUT',
    `ring has records of another layout: offset=${byteOffset}, fingerprint=${hex(fingerprint)}, expected ${hex(expected)}`,
    { fields: { byteOffset, fingerprint, expected } },
  )
}

export function ringPlaceError(cause: string, fields: Readonly<Record<string, unknown>>): CambiumError {
  return new CambiumError('ERR_RING_PLACE', `place is wrong: ${cause}, ${list(fields)}`, { fields: { cause, ...fields } })
}

export function ringLockedError(holder: number, waitedMs: number): CambiumError {
  return new CambiumError('ERR_RING_LOCKED', `membership is locked: holder=${holder}, waited=${waitedMs} ms`, {
    severity: 'crash',
    fields: { holder, waitedMs },
  })
}

export function ringGraphError(cause: string, fields: Readonly<Record<string, unknown>>): CambiumError {
  return new CambiumError('ERR_RING_GRAPH', `graph is wrong: ${cause}, ${list(fields)}`, { fields: { cause, ...fields } })
}

export function ringHandlerError(place: number, sequence: number, cause: unknown): CambiumError {
  return new CambiumError(
    'ERR_RING_HANDLER',
    `handler threw, so its processor has ended and holds the producer back: place=${place}, sequence=${sequence}, ` +
      `error=${toErrorRecord(cause).message}; give an onError, attach a successor, or evict the place`,
    { severity: 'crash', cause, fields: { place, sequence } },
  )
}

function hex(word: number): string {
  return `0x${(word >>> 0).toString(16)}`
}

function list(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(', ')
}
