/** That what plain code hands over is a system, where it does so: the first use would be a bare `TypeError`, and for a flow that is read later, elsewhere. */
import { optionError } from '@cambium/base'
import type { System } from '@cambium/runtime'

/** Throws `ERR_OPTION`. */
export function checkSystem(system: unknown): void {
  const { spawn, stop } = Object(system) as Partial<System>
  if (typeof spawn !== 'function' || typeof stop !== 'function')
    throw optionError('system', system, 'what startSystem resolved with')
}
