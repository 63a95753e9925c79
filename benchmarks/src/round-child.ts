/**
 * Entry of the process in which one round runs. It takes one order over IPC, runs the case, answers once and ends. When
 * the parent is gone it ends at once: a spinning orphan would spoil the next measurement on this machine.
 */
import { caseName } from './case.ts'
import type { RoundAnswer, RoundOrder } from './round-process.ts'
import { findSubcommand } from './subcommands.ts'

process.once('disconnect', () => process.exit(1))
process.once('message', (order) => {
  void runRound(order as RoundOrder).then(
    (outcome) => answer({ outcome }),
    (error: unknown) => answer({ error: error instanceof Error ? error.message : String(error) }),
  )
})

async function runRound(order: RoundOrder): Promise<NonNullable<RoundAnswer['outcome']>> {
  const groups = (await findSubcommand(order.subcommand)?.load(order.scale)) ?? []
  for (const group of groups) {
    for (const benchCase of group.cases) {
      if (caseName(group, benchCase) === order.case) return await benchCase.run(order.directory)
    }
  }
  throw new Error(`no such case: subcommand=${order.subcommand}, case=${order.case}`)
}

function answer(message: RoundAnswer): void {
  // Exit only once the answer is written; workers that still spin end with the process.
  process.send?.(message, () => process.exit(0))
}
