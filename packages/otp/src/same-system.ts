/** Refs that meet in a call must be of one system: the same address is somebody else in another. */
import { isRef } from '@cambium/actor'
import { CambiumError, formatAddress } from '@cambium/base'

/** Throws `ERR_FOREIGN_REF` when both are refs, and of two systems. */
export function checkSameSystem(ref: unknown, other: unknown): void {
  if (!isRef(ref) || !isRef(other) || ref.sharesSystemWith(other)) return
  throw new CambiumError('ERR_FOREIGN_REF', `ref belongs to another system: ref=${formatAddress(ref)}`)
}
