/** Three stages that take their time over each item: a stand-in for work that has to be done in this order. */
import { i32, layout } from '@cambium/ring'
import type { ViewOf } from '@cambium/ring'
import type { StageContext } from '@cambium/pipeline'

/** An item and how far it has come. The stages work on it where it lies; nothing is copied between them. */
export const item = layout({ number: i32, stages: i32 })

type Slot = ViewOf<typeof item>

const never = new Int32Array(new SharedArrayBuffer(4))

/** One stage for `ms`, which is how long it takes; it blocks its thread, and only that. */
const takeTime = (ms: number) => (slot: Slot) => {
  Atomics.wait(never, 0, 0, ms)
  slot.stages += 1
}

export const stage = {
  create: ({ argument }: StageContext) => takeTime(argument as number),
}

/** All three of them, one after the other on one thread. */
export const all = {
  create({ argument }: StageContext) {
    const one = takeTime(argument as number)
    return (slot: Slot) => {
      for (let stages = 0; stages < 3; stages++) one(slot)
    }
  },
}
