/**
 * The liveness phase of a run: faults have stopped, and the system must come to rest within a bound. Nothing is queued then, every core runs, no actor
 * is on its way up or down, supervisors and their children agree on who runs, and all cores on what the directory has.
 */
import type { System } from '@cambium/runtime'
import type { Core } from '@cambium/scheduler'
import { violation } from './oracles/violation.ts'
import type { SimWorld } from './sim-world.ts'

type Cell = Core['slots']['cells'][number] & object

export interface ConvergenceOptions {
  readonly system: System
  readonly world: SimWorld
  /** Lets a moment of virtual time pass. */
  readonly look: () => Promise<void>
  /** What is under way, in words. */
  readonly pending: () => readonly string[]
}

/** The system must be at rest again within this virtual time. */
const CONVERGENCE_MS = 120_000
/** An actor, or a core, for which nothing happens for so long waits for nothing. */
const FORGOTTEN_MS = 30_000
/** What has changed in the directory is known on all cores within this time. */
const NEWS_MS = 1000
/** Of a cell (`scheduler/src/actor-cell.ts`). */
const READY = 1
const AWAITING = 3

/** Nothing is queued but what actors have put aside, which may be for ever. */
function isHandled(system: System, world: SimWorld): boolean {
  const { queued } = system.books()
  if (queued === 0) return true
  let putAside = 0
  for (const cell of world.cores.flatMap(({ slots }) => slots.cells))
    if (cell?.status === READY) putAside += cell.stash?.length ?? 0
  return putAside > 0 && queued <= putAside && world.cores.every((core) => core.dispatcher.runQueue.length === 0)
}

/** Rejects with what an oracle found. */
export async function converge({ system, world, look, pending }: ConvergenceOptions): Promise<void> {
  const beganMs = world.nowMs
  /** Actors that wait for a decision: since when, in that phase of theirs. */
  let awaiting = new Map<Cell, { readonly phase: number; readonly sinceMs: number }>()
  let completeMs = world.nowMs
  while ((!isHandled(system, world) || !world.isRestored) && world.nowMs - beganMs < CONVERGENCE_MS) {
    await look()
    const still: typeof awaiting = new Map()
    for (const cell of world.cores.flatMap(({ slots }) => slots.cells)) {
      if (cell?.status !== AWAITING) continue
      const before = awaiting.get(cell)
      still.set(cell, before?.phase === cell.phase ? before : { phase: cell.phase, sinceMs: world.nowMs })
    }
    awaiting = still
    if (world.cores.length === world.coreCount) completeMs = world.nowMs
  }
  if (!isHandled(system, world)) {
    const { queued, sent, processed, deadTotal } = system.books()
    throw violation('ERR_ORACLE_BOOKS', 'system does not come to rest', {
      queued,
      sent,
      processed,
      dead: deadTotal,
      waitedMs: Math.round(world.nowMs - beganMs),
      pending: pending(),
    })
  }
  if (world.oracles.isClosing) return
  if (world.nowMs - completeMs >= FORGOTTEN_MS)
    throw violation('ERR_ORACLE_PROGRESS', 'a core that died does not come back', {
      cores: world.coreCount,
      running: world.cores.map(({ coreNumber }) => coreNumber),
    })
  const forgotten = [...awaiting].filter(([, { sinceMs }]) => world.nowMs - sinceMs >= FORGOTTEN_MS).map(([cell]) => cell)
  // While one is being seen to, or is in its own code, supervisors may know more than their actors, and less.
  if (world.isRestored || forgotten.length > 0) world.oracles.checkRest(forgotten)
  if (!world.isRestored) return
  const untilMs = world.nowMs + NEWS_MS
  for (let left = world.oracles.findLeft(world.cores); left !== undefined; left = world.oracles.findLeft(world.cores)) {
    if (world.nowMs >= untilMs) throw left
    await look()
  }
}
