/** Failures on purpose, inside an actor: what a bug in it would do. */
import { setImmediate as nextRound } from 'node:timers/promises'
import type { DrillOrder } from './protocol.ts'

/**
 * Allocated between two looks at the event loop, in objects of about 100 bytes. Close to its limit V8 collects the whole heap again and again, so a
 * slow leak would take its core many seconds of that.
 */
const OBJECTS_PER_STEP = 200_000

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

/** In steps, as a leak grows; and in small objects, for V8 ends the process and not the thread for one object that is too large. */
async function leak(): Promise<void> {
  let leaked: Link | undefined
  for (let count = 1; ; count += 1) {
    leaked = { next: leaked, numbers: [count, count + 0.5, count + 0.25] }
    if (count % OBJECTS_PER_STEP === 0) await nextRound()
  }
}
