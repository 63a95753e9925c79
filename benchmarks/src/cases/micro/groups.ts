/** The cases of `micro`: the hot functions one by one, each in a process of its own. */
import type { BenchGroup } from '../../case.ts'
import { createCodecGroups } from './codec-groups.ts'
import { createDispatchGroups } from './dispatch-groups.ts'
import { createRingGroups } from './ring-groups.ts'
import { createSlotGroups } from './slot-groups.ts'

export function createMicroGroups(scale: number): readonly BenchGroup[] {
  return [...createRingGroups(scale), ...createSlotGroups(scale), ...createCodecGroups(scale), ...createDispatchGroups(scale)]
}
