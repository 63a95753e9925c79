/** What a message is compared with: a predicate, or a part of it. */
import { isDeepStrictEqual } from 'node:util'
import { isRef } from '@cambium/actor'
import { sameAddress } from '@cambium/base'
import { preview } from './preview.ts'

/** Some fields of a message, at any depth. */
export type PartOf<M> = M extends object ? { readonly [K in keyof M]?: PartOf<M[K]> } : M

/** A function that says whether it is the one; or a value: of objects, only the fields that the value has are compared. */
export type Matcher<M> = ((message: M) => boolean) | PartOf<M>

export function matches<M>(message: M, matcher: Matcher<M>): boolean {
  if (typeof matcher === 'function') return (matcher as (message: M) => boolean)(message)
  return hasPart(message, matcher)
}

export function describeMatcher(matcher: unknown): string {
  if (typeof matcher !== 'function') return preview(matcher)
  return matcher.name === '' || matcher.name === 'matcher'
    ? 'a message that the predicate takes'
    : `a message that ${matcher.name} takes`
}

function hasPart(whole: unknown, part: unknown): boolean {
  if (isRef(part)) return isRef(whole) && sameAddress(whole, part)
  if (typeof part !== 'object' || part === null || Object.getPrototypeOf(part) !== Object.prototype)
    return isDeepStrictEqual(whole, part)
  if (typeof whole !== 'object' || whole === null) return false
  return Object.entries(part).every(([key, value]) => hasPart((whole as Record<string, unknown>)[key], value))
}
