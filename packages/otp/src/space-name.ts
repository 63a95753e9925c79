/** Names of registries and scopes: with a prefix they are spaces of the directory. */
import { optionError } from '@cambium/base'

const LENGTH_MAX = 200

/** Throws `ERR_OPTION`. */
export function checkSpace(option: string, name: unknown): string {
  if (typeof name !== 'string' || name === '' || name.length > LENGTH_MAX)
    throw optionError(option, name, `a string of 1 to ${LENGTH_MAX} characters`)
  return name
}
