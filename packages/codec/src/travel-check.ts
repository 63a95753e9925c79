/**
 * The walk over a message before it is encoded. It finds what cannot travel and names the path to it, and it replaces,
 * in a copy, what msgpackr does not carry by itself: see `boxed.ts`. What needs no replacement is handed on as it is,
 * so a message of plain objects, arrays and primitives costs no allocation.
 *
 * Bounds: DEPTH_MAX levels; VALUES_MAX values, since a value that is referred to twice is two values in the bytes and
 * a few lines can build a message of 2^40. Cycles are looked for only below CYCLE_DEPTH, where every cycle ends up: the
 * messages of everyday life are shallower and never pay for the search.
 *
 * A getter is read by the walk and once more by msgpackr, so it should give the same value twice.
 */
import { EventEmitter } from 'node:events'
import { types } from 'node:util'
import type { ActorAddress } from '@cambium/base'
import { checkHook } from './argument-checks.ts'
import {
  BINARY_TYPES,
  binaryType,
  BOX_ERROR,
  BOX_MAP,
  BOX_MINUS_ZERO,
  BOX_OBJECT,
  BOX_REF,
  BOX_REGEXP,
  BOX_SET,
  BOX_SHARED,
  BOX_SHARED_VIEW,
  boxBytes,
  Boxed,
  boxName,
  boxUtf16,
} from './boxed.ts'
import { cannotTravel } from './errors.ts'
import { isMachinery } from './machinery.ts'
import type { MessageLayouts } from './message-layouts.ts'
import { keepMessage, MessageView } from './message-view.ts'
import { goesBeside, isShared, PARCEL_BUFFERS_MAX } from './shared-data.ts'
import type { ParcelPacker } from './shared-data.ts'
import { formatPath, showKey } from './travel-path.ts'
import type { Step } from './travel-path.ts'

/** Levels of nesting in a message. */
export const DEPTH_MAX = 512
/** Values in a message. Each takes a byte or more, so this is the default of `messageBytesMax` as well. */
export const VALUES_MAX: number = 64 * 1024 * 1024

const CYCLE_DEPTH = 32
/** Objects with more properties are dictionaries; msgpackr would build a tree node for each name. */
const PROPERTIES_MAX = 1024

export interface PackedRef extends ActorAddress {
  readonly name?: string
  /** What is declared for the actor's messages. */
  readonly layouts?: MessageLayouts | undefined
}

export interface RefHooks {
  /** Whether an object is an actor ref. Asked of every object that is not an array. */
  readonly isRef?: ((value: object) => boolean) | undefined
  /** What a ref travels as. Without it a ref is accepted as it is, for checking only. */
  readonly packRef?: ((value: object) => PackedRef) | undefined
  /** The number that layouts travel by; 0 for none. @default they stay behind */
  readonly layoutsNumber?: ((layouts: MessageLayouts) => number) | undefined
  /** Takes what is shared or moved. @default it is accepted as it is, for checking only */
  readonly packer?: ParcelPacker | undefined
}

/** Gives what msgpackr is to encode; throws `ERR_CANNOT_TRAVEL`. `strictKeys`: lone surrogates in names are boxed. */
export type TravelWalk = (message: unknown, strictKeys: boolean) => unknown

const walks = new WeakMap<(value: object) => boolean, TravelWalk>()
let walkWithoutRefs: TravelWalk | undefined

/**
 * Throws `ERR_CANNOT_TRAVEL` unless `message` could be sent to another core. For local sends in development, so that
 * code which works on one core works across cores.
 */
export function assertTravels(message: unknown, isRef?: (value: object) => boolean): void {
  let walk = isRef === undefined ? walkWithoutRefs : walks.get(isRef)
  if (walk === undefined) {
    checkHook('isRef', isRef)
    walk = createTravelWalk({ isRef })
    if (isRef === undefined) walkWithoutRefs = walk
    else walks.set(isRef, walk)
  }
  walk(message, false)
}

export function createTravelWalk(hooks: RefHooks): TravelWalk {
  const walker = new Walker(hooks)
  return (message, strictKeys) => {
    // A getter of the message may send a message itself: that one gets a walker of its own.
    const free = walker.idle ? walker : new Walker(hooks)
    return free.walk(message, strictKeys)
  }
}

const MINUS_ZERO = new Boxed([BOX_MINUS_ZERO])
const SHARED_MEMORY = 'SharedArrayBuffer that was not given to share'

class Walker {
  idle = true
  readonly #isRef: ((value: object) => boolean) | undefined
  readonly #packRef: ((value: object) => PackedRef) | undefined
  readonly #layoutsNumber: ((layouts: MessageLayouts) => number) | undefined
  readonly #packer: ParcelPacker | undefined
  readonly #path: Step[] = []
  readonly #ancestors: object[] = []
  /** Index of the last valid step in the path; -1 at the root. */
  #level = -1
  #valuesLeft = 0
  #cycleDepth = CYCLE_DEPTH
  #strictKeys = false
  #endless = false

  constructor(hooks: RefHooks) {
    this.#isRef = hooks.isRef
    this.#packRef = hooks.packRef
    this.#layoutsNumber = hooks.layoutsNumber
    this.#packer = hooks.packer
  }

  walk(message: unknown, strictKeys: boolean): unknown {
    this.idle = false
    this.#strictKeys = strictKeys
    try {
      return this.#run(message, CYCLE_DEPTH)
    } catch (error) {
      // The cycle was met some rounds too late: from the top, the path names its first round.
      if (this.#endless) this.#run(message, 0)
      throw error
    } finally {
      this.idle = true
      if (this.#ancestors.length > 0) this.#ancestors.length = 0
    }
  }

  #run(message: unknown, cycleDepth: number): unknown {
    this.#level = -1
    this.#valuesLeft = VALUES_MAX
    this.#cycleDepth = cycleDepth
    this.#endless = false
    try {
      return this.#value(message, 0)
    } catch (error) {
      if (error instanceof Refused) throw cannotTravel(formatPath(this.#path.slice(0, this.#level + 1)), error.message)
      throw cannotTravel(formatPath(this.#path.slice(0, this.#level + 1)), 'a value whose reading throws', error)
    }
  }

  #value(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        return value.isWellFormed() ? value : boxUtf16(value)
      case 'number':
        return value === 0 && 1 / value < 0 ? MINUS_ZERO : value
      case 'object':
        return value === null ? null : this.#object(value, depth)
      case 'function':
      case 'symbol':
        throw new Refused(typeof value)
      default:
        return value
    }
  }

  #object(value: object, depth: number): unknown {
    if (depth >= this.#cycleDepth) this.#enter(value, depth)
    if (Array.isArray(value)) return this.#array(value, depth)
    if (this.#isRef?.(value)) return this.#ref(value)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) {
      return this.#plain(value as Record<string, unknown>, depth)
    }
    return this.#special(value, depth)
  }

  #enter(value: object, depth: number): void {
    for (let i = this.#cycleDepth; i < depth; i += 1) {
      if (this.#ancestors[i] === value) {
        this.#endless = this.#cycleDepth > 0
        throw new Refused('cycle')
      }
    }
    if (depth >= DEPTH_MAX) {
      this.#endless = this.#cycleDepth > 0
      throw new Refused(`more than ${DEPTH_MAX} levels`)
    }
    this.#ancestors[depth] = value
  }

  #count(values: number): void {
    this.#valuesLeft -= values
    if (this.#valuesLeft < 0) throw new Refused(`more than ${VALUES_MAX} values`)
  }

  #array(value: readonly unknown[], depth: number): unknown {
    const path = this.#path
    const length = value.length
    this.#count(length + 1)
    let copy: unknown[] | undefined
    for (let i = 0; i < length; i += 1) {
      path[depth] = i
      this.#level = depth
      const item = value[i]
      const carried = this.#value(item, depth + 1)
      if (!Object.is(carried, item)) {
        copy ??= value.slice()
        copy[i] = carried
      }
    }
    this.#level = depth - 1
    return copy ?? value
  }

  #plain(value: Record<string, unknown>, depth: number): unknown {
    const path = this.#path
    let copy: Record<string, unknown> | undefined
    let carriedProto: unknown
    let count = 0
    let odd = false
    for (const key in value) {
      path[depth] = key
      this.#level = depth
      const item = value[key]
      count += 1
      const type = typeof item
      if (type === 'function' || type === 'symbol') {
        // Somebody may have extended Object.prototype; what is inherited does not travel.
        if (!Object.hasOwn(value, key)) continue
        throw new Refused(type)
      }
      const carried = this.#value(item, depth + 1)
      if (key === '__proto__') {
        // msgpackr reads it under another name.
        odd = true
        carriedProto = carried
      } else {
        // A name that msgpackr's tree of shapes uses for itself, and names that UTF-8 has no bytes for.
        if (key === '__keys__' || (this.#strictKeys && !key.isWellFormed())) odd = true
        if (!Object.is(carried, item) && Object.hasOwn(value, key)) {
          copy ??= { ...value }
          copy[key] = carried
        }
      }
    }
    this.#level = depth - 1
    this.#count(count + 1)
    if (!odd && count <= PROPERTIES_MAX) return copy ?? value
    const from = copy ?? value
    const parts: unknown[] = [BOX_OBJECT]
    for (const key of Object.keys(from)) parts.push(boxName(key), key === '__proto__' ? carriedProto : from[key])
    return new Boxed(parts)
  }

  #ref(value: object): unknown {
    if (this.#packRef === undefined) return value
    const { core, slot, generation, name, layouts } = this.#packRef(value)
    const number = layouts === undefined ? 0 : (this.#layoutsNumber?.(layouts) ?? 0)
    const parts: unknown[] = [BOX_REF, core, slot, generation]
    if (name !== undefined || number > 0) parts.push(name)
    if (number > 0) parts.push(number)
    return new Boxed(parts)
  }

  /** Anything that is neither a plain object nor an array. */
  #special(value: object, depth: number): unknown {
    this.#count(1)
    // Instances of users' classes, by far the most common here, have this tag; what is asked below does not.
    const tag = Object.prototype.toString.call(value)
    if (tag === '[object Object]') {
      if (value instanceof MessageView) return this.#value(keepMessage<object>(value), depth + 1)
      // Sockets, servers, streams, workers: a copy of their fields would be none of these.
      if (value instanceof EventEmitter) throw new Refused('EventEmitter')
      return this.#instance(value, depth)
    }
    if (types.isMap(value)) return this.#map(value, depth)
    if (types.isSet(value)) return this.#set(value, depth)
    if (types.isDate(value)) return new Date(Date.prototype.getTime.call(value))
    if (types.isRegExp(value)) return new Boxed([BOX_REGEXP, boxName(value.source), value.flags])
    if (types.isNativeError(value) || value instanceof Error) return this.#error(value, depth)
    if (ArrayBuffer.isView(value)) return this.#view(value)
    if (types.isArrayBuffer(value)) return this.#buffer(value)
    if (types.isSharedArrayBuffer(value)) return this.#sharedBuffer(value)
    if (types.isBoxedPrimitive(value)) return this.#value(value.valueOf(), depth + 1)
    const found = tag.slice('[object '.length, -1)
    if (isMachinery(value, found)) throw new Refused(found)
    return this.#instance(value, depth)
  }

  /** Own enumerable properties, as structured clone takes them; the class and `toJSON` play no part. */
  #instance(value: object, depth: number): unknown {
    const keys = Object.keys(value)
    if (keys.length === 0) {
      const tag = Object.prototype.toString.call(value)
      // It says what it is, and has nothing that could be copied: a URL, a Blob, a socket's handle.
      if (tag !== '[object Object]' && tag !== '[object Arguments]') throw new Refused(tag.slice('[object '.length, -1))
    }
    this.#count(keys.length + 1)
    let odd = keys.length > PROPERTIES_MAX
    const copy: Record<string, unknown> = {}
    const parts: unknown[] = [BOX_OBJECT]
    for (const key of keys) {
      this.#path[depth] = key
      this.#level = depth
      const carried = this.#value((value as Record<string, unknown>)[key], depth + 1)
      if (key === '__proto__' || key === '__keys__' || (this.#strictKeys && !key.isWellFormed())) odd = true
      else copy[key] = carried
      parts.push(boxName(key), carried)
    }
    this.#level = depth - 1
    return odd ? new Boxed(parts) : copy
  }

  #map(value: ReadonlyMap<unknown, unknown>, depth: number): unknown {
    const parts: unknown[] = [BOX_MAP]
    let index = 0
    for (const [key, item] of Map.prototype.entries.call(value) as MapIterator<[unknown, unknown]>) {
      // Counted one by one: a getter may add entries as fast as they are read.
      this.#count(2)
      this.#step(depth, `.key(${index})`)
      parts.push(this.#value(key, depth + 1))
      this.#step(depth, `.get(${showKey(key, index)})`)
      parts.push(this.#value(item, depth + 1))
      index += 1
    }
    this.#level = depth - 1
    return new Boxed(parts)
  }

  #set(value: ReadonlySet<unknown>, depth: number): unknown {
    const parts: unknown[] = [BOX_SET]
    for (const item of Set.prototype.values.call(value) as SetIterator<unknown>) {
      this.#count(1)
      this.#step(depth, `.value(${parts.length - 1})`)
      parts.push(this.#value(item, depth + 1))
    }
    this.#level = depth - 1
    return new Boxed(parts)
  }

  #error(value: Error, depth: number): unknown {
    this.#path[depth] = 'name'
    this.#level = depth
    const name = boxName(String(value.name))
    this.#path[depth] = 'message'
    const message = boxName(String(value.message))
    this.#path[depth] = 'stack'
    const stack = typeof value.stack === 'string' ? boxName(value.stack) : undefined
    this.#path[depth] = 'code'
    const code = this.#value((value as { code?: unknown }).code, depth + 1)
    this.#level = depth
    this.#path[depth] = 'cause'
    const parts: unknown[] = [BOX_ERROR, name, message, stack, code]
    if (Object.hasOwn(value, 'cause')) parts.push(this.#value(value.cause, depth + 1))
    this.#level = depth - 1
    return new Boxed(parts)
  }

  #view(view: ArrayBufferView): unknown {
    const { buffer, byteOffset, byteLength } = view
    const isSab = types.isSharedArrayBuffer(buffer)
    if (isSab && !isShared(buffer)) throw new Refused(SHARED_MEMORY)
    if (!isSab && buffer.detached) throw new Refused('detached ArrayBuffer')
    const index = isSab || goesBeside(buffer, this.#packer) ? this.#pack(buffer) : undefined
    if (index === undefined)
      return view.constructor === Buffer ? view : boxBytes(binaryType(view), buffer as ArrayBuffer, byteOffset, byteLength)
    const length = view instanceof DataView ? byteLength : (view as unknown as { length: number }).length
    return new Boxed([BOX_SHARED_VIEW, index, BINARY_TYPES.indexOf(binaryType(view)), byteOffset, length])
  }

  #buffer(buffer: ArrayBuffer): Boxed {
    if (buffer.detached) throw new Refused('detached ArrayBuffer')
    const index = goesBeside(buffer, this.#packer) ? this.#pack(buffer) : undefined
    return index === undefined ? boxBytes('ArrayBuffer', buffer, 0, buffer.byteLength) : new Boxed([BOX_SHARED, index])
  }

  #sharedBuffer(buffer: SharedArrayBuffer): Boxed {
    if (!isShared(buffer)) throw new Refused(SHARED_MEMORY)
    return new Boxed([BOX_SHARED, this.#pack(buffer)])
  }

  #pack(buffer: ArrayBufferLike): number | undefined {
    const index = this.#packer === undefined ? 0 : this.#packer.add(buffer)
    if (index !== undefined && index < 0) throw new Refused(`more than ${PARCEL_BUFFERS_MAX} buffers that are shared or moved`)
    return index
  }

  #step(depth: number, text: string): void {
    this.#path[depth] = { text }
    this.#level = depth
  }
}

/** Thrown inside the walk only; it becomes ERR_CANNOT_TRAVEL where the path is known. */
class Refused extends Error {}
