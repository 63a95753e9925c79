/** Whom an eviction is for: a number that a thread has given when it joined. There is no default, for 0 is everybody's who gave none. */
import { checkInteger, optionError } from '@cambium/base'
import { OWNER_MAX } from './place-layout.ts'

/** @throws `ERR_OPTION` Internal. */
export function checkOwner(owner: number): void {
  if (owner === undefined) throw optionError('owner', owner, `an integer from 1 to ${OWNER_MAX}`)
  checkInteger('owner', owner, { default: 1, min: 1, max: OWNER_MAX })
}
