/** The one piece of shared memory of a system. */
import { optionError } from '@cambium/base'
import type { SystemPlatform } from './system-platform.ts'

/** Memory that the machine or the engine does not give is for want of smaller rings: they are nearly all of it. */
export function allocateOrTell(platform: SystemPlatform, bytes: number, ringBytes: number): SharedArrayBuffer {
  try {
    return platform.allocate(bytes)
  } catch (error) {
    if (error instanceof RangeError)
      throw optionError('ringBytes', ringBytes, `rings for which memory can be had, bytes needed for all cores: ${bytes}`)
    throw error
  }
}
