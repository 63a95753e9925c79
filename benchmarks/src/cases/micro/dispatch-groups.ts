/** Dispatch of the scheduler: a message to an actor with nothing to do, and the turn that handles it, on one core without threads. */
import type { BenchGroup } from '../../case.ts'
import { startAdder } from '../adder-core.ts'
import type { Sum } from '../adder-core.ts'
import { OPS_PER_SAMPLE, opCase } from './op-task.ts'
import type { OpTask } from './op-task.ts'

export function createDispatchGroups(scale: number): readonly BenchGroup[] {
  return [
    {
      name: 'micro.dispatch',
      title: 'Dispatch: tell an idle actor of the same core, and handle that in a turn of its own',
      quick: true,
      cases: [opCase('tell-turn', { cores: 1, actors: 1 }, scale, dispatchTask)],
      ratios: [],
    },
  ]
}

function dispatchTask(): OpTask {
  const sum: Sum = { count: 0, total: 0 }
  const { core, ref } = startAdder(true, sum)
  let sent = 0
  return {
    sample() {
      for (let op = 0; op < OPS_PER_SAMPLE; op += 1) {
        ref.tell({ type: 'add', value: sent })
        while (core.turn() > 0);
        sent += 1
      }
    },
    prove() {
      let checksumExpected = 0
      for (let id = 0; id < sent; id += 1) checksumExpected = (checksumExpected + id) | 0
      return { countExpected: sent, count: sum.count, checksumExpected, checksum: sum.total }
    },
  }
}
