/** A message in a few characters, for people: refs by the names of their actors, the rest as one would write it. */
import { isRef } from '@cambium/actor'
import { formatAddress } from '@cambium/base'

const LENGTH_MAX = 100
const DEPTH_MAX = 4
const ITEMS_MAX = 8

/** The same for a message before and after it crossed cores, as long as it is plain data. */
export function preview(value: unknown, nameOf: (address: string) => string = (address) => address): string {
  const text = show(value, nameOf, 0)
  return text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX - 1)}…` : text
}

function show(value: unknown, nameOf: (address: string) => string, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value.length > LENGTH_MAX ? value.slice(0, LENGTH_MAX) : value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return 'function'
  if (typeof value !== 'object' || value === null) return String(value)
  if (isRef(value)) return nameOf(formatAddress(value))
  if (depth >= DEPTH_MAX) return '…'
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no date' : value.toISOString()
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
  const inner = (item: unknown): string => show(item, nameOf, depth + 1)
  if (value instanceof Map) return `Map {${few([...value], ([key, item]) => `${inner(key)} => ${inner(item)}`)}}`
  if (value instanceof Set) return `Set {${few([...value], inner)}}`
  if (Array.isArray(value)) return `[${few(value, inner)}]`
  return `{${few(Object.entries(value), ([key, item]) => `${key}: ${inner(item)}`)}}`
}

function few<T>(items: readonly T[], format: (item: T) => string): string {
  const shown = items.slice(0, ITEMS_MAX).map(format).join(', ')
  return items.length > ITEMS_MAX ? `${shown}, …` : shown
}
