/**
 * Moves as a fault: an actor goes to another core at a moment that nobody has chosen, as a balancer would have it go (docs/migration.md). Only those whose
 * behaviour lets a balancer move them (`balance: true`), and only between workers; they may be away already, or on their way.
 *
 * A move that is refused, or comes to nothing as a core dies, has done nothing: who has not asked for it is told nothing. Only a bug of the runtime is told.
 */
import { ActorRef } from '@cambium/actor'
import type { Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import type { System } from '@cambium/runtime'
import type { Core } from '@cambium/scheduler'

type Cell = Core['slots']['cells'][number] & object

export interface RandomMove {
  readonly actor: Pick<Cell, 'core' | 'slot' | 'generation' | 'layouts' | 'label'>
  readonly to: number
  readonly timeoutMs: number
}

const TIMEOUT_MS_MAX = 100

/** Undefined when there is nobody to move. `pick` chooses, below a bound. */
export function drawMove(cores: readonly Core[], coreCount: number, pick: (bound: number) => number): RandomMove | undefined {
  // A guest is known by its home.
  const isMovable = (cell: Cell | undefined): boolean => cell?.behaviour?.isBalanced === true && cell.guest === undefined
  const cells = cores.flatMap(({ coreNumber, slots }) => (coreNumber === 0 ? [] : slots.cells.filter(isMovable)))
  const actor = cells[pick(Math.max(1, cells.length))]
  return actor && { actor, to: 1 + pick(coreCount - 1), timeoutMs: 1 + pick(TIMEOUT_MS_MAX) }
}

/** `root` is core 0. */
export function carryOut({ actor, to, timeoutMs }: RandomMove, system: System, root: Core | undefined): void {
  if (root === undefined) return
  const { core, slot, generation, layouts } = actor
  const ref = new ActorRef(root.sender.outside, core, slot, generation, layouts) as unknown as Ref<unknown>
  system.migrate(ref, to, { timeoutMs }).catch((error: unknown) => {
    if (!(error instanceof CambiumError) || error.severity === 'bug') throw error
  })
}
