/** Failures on purpose, inside an actor: what a bug in it would do. */
import { setImmediate as nextRound } from 'node:timers/promises'
import type { DrillOrder } from './protocol.ts'

/** Of each object that leaks: about a kilobyte. */
const NUMBERS = 128
/** Allocated between two looks at the event loop: some megabytes, in a small part of the time that a turn may take. */
const OBJECTS_PER_STEP = 4000

interface Link {
  readonly next: Link | undefined
  readonly numbers: readonly number[]
}

/** Throws, never returns, or allocates until there is no more. */
export function failOnPurpose({ kind }: DrillOrder): Promise<void> {
  switch (kind) {
    case 'throw':
      throw new Error('thrown on purpose')
    case 'hang':
      for (;;);
    case 'heap':
      return leak()
  }
}

/**
 * In steps, as a leak grows. Not in one object, for V8 ends the process and not the thread for one that is too large; nor in tiny ones: close to
 * the limit V8 looks through the whole heap again and again, and the more there is to look through the longer its core is slow.
 */
async function leak(): Promise<void> {
  let leaked: Link | undefined
  for (let count = 1; ; count += 1) {
    leaked = { next: leaked, numbers: new Array<number>(NUMBERS).fill(count + 0.5) }
    if (count % OBJECTS_PER_STEP === 0) await nextRound()
  }
}
