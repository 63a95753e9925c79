/** The cases of `micro`: the hot functions one by one, each in a process of its own. */
import type { BenchGroup } from '../../case.ts'
import { createCodecGroups } from './codec-groups.ts'
import { createRingGroups } from './ring-groups.ts'

export function createMicroGroups(scale: number): readonly BenchGroup[] {
  return [...createRingGroups(scale), ...createCodecGroups(scale)]
}
