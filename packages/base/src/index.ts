export { assert, AssertionError, unreachable } from './assert.ts'
export { CambiumError, fromErrorRecord, moduleLoadError, toErrorRecord, withoutStack } from './cambium-error.ts'
export type { CambiumErrorOptions, ErrorRecord, Severity } from './cambium-error.ts'
export {
  checkBoolean,
  checkDuration,
  checkFields,
  checkInteger,
  checkOneOf,
  optionError,
  unknownFieldOf,
} from './check-options.ts'
export type { CorePlatform, ParcelPost, PostedParcel } from './core-platform.ts'
export { toMilliseconds } from './duration.ts'
export type { Duration } from './duration.ts'
export { Fifo } from './fifo.ts'
export { hashKey } from './key-hash.ts'
export { CORES_MAX, formatAddress, sameAddress, slotKey, SLOTS_MAX } from './ids.ts'
export type { ActorAddress } from './ids.ts'
export { createSeededRandom } from './seeded-random.ts'
export type { SeededRandom } from './seeded-random.ts'
export { WorkerFlags } from './worker-flags.ts'
export type { WorkerFlagOptions } from './worker-flags.ts'
