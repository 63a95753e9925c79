/**
 * What a thread that belongs to a system is for. Modules of behaviours and jobs are imported there; one that also starts a system would start it on
 * every core, whose cores would do the same, and so on until the machine is full.
 */
import { CambiumError } from '@cambium/base'

/** On the global object, so that two copies of this package in one process know of each other. */
const ROLE: unique symbol = Symbol.for('cambium.thread-role')

interface Marked {
  [ROLE]?: string
}

/** `role` names the thread in an error: `core 1`. */
export function setThreadRole(role: string): void {
  ;(globalThis as Marked)[ROLE] = role
}

/** Throws `ERR_NESTED_SYSTEM` on a thread of a system. */
export function checkMayStartSystem(): void {
  const role = (globalThis as Marked)[ROLE]
  if (role === undefined) return
  throw new CambiumError(
    'ERR_NESTED_SYSTEM',
    `startSystem was called on a thread of a system, which imports the modules of behaviours and jobs: thread=${role}; call it in another module`,
  )
}
