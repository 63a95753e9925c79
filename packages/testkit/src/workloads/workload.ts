/** What a workload is, and what all of them do: start actors in spite of faults, come to rest, and hold the books against the journal. */
import type { AnyRef, Behaviour, Ref, WaitOptions } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import type { Books, SpawnOptions, SystemOptions } from '@cambium/runtime'
import { violation } from '../oracles/violation.ts'
import type { Simulation } from '../simulation.ts'
import type { StormCounts } from '../storms.ts'
import type { Journal } from './journal.ts'

/** What a workload needs of the world that it runs in: a simulation is one; a system on real threads can be made one. */
export interface WorkloadWorld extends Pick<
  Simulation,
  'spawn' | 'learn' | 'system' | 'random' | 'now' | 'advance' | 'heal' | 'killCore'
> {
  /**
   * Whether threads and time are the machine's: then what is timed may be late, a core may die at any instruction, and actors write their journal
   * elsewhere. @default false
   */
  readonly isReal?: boolean
  /** Absent where there are none. */
  readonly storms?: StormCounts
  /** Whether the run ends with a shutdown in the middle of it. @default drawn from `random` */
  readonly endsHard?: boolean
}

export interface Workload {
  readonly name: string
  readonly summary: string
  /** Worker cores. */
  readonly cores: number
  readonly options?: Omit<SystemOptions, 'cores' | 'handleSignals'>
  readonly run: (sim: WorkloadWorld) => Promise<void>
}

/** A budget that the crashes which a run may have do not use up. */
const PATIENT: SpawnOptions = { intensity: 10_000 }
/** Failures of a start that are the fault of a fault. */
const FORGIVEN = new Set(['ERR_CORE_LOST'])
/** What an ask may come to while cores die, actors crash and codecs fail. */
export const FORGIVEN_ASKS: ReadonlySet<string> = new Set([
  'ERR_CORE_LOST',
  'ERR_ACTOR_CRASHED',

  'ERR_NO_SUCH_ACTOR',
  'ERR_SYSTEM_CLOSED',
  'ERR_SEND_TIMEOUT',
  'ERR_MAILBOX_FULL',
  'ERR_OUTBOX_FULL',
  'ERR_NOT_DECODABLE',
  'ERR_SIM_CRASH',
])
/** What a move may come to while cores die, actors crash and others move the same one. */
const FORGIVEN_MOVES = new Set(['ERR_CORE_LOST', 'ERR_MOVE_TIMEOUT', 'ERR_NOT_MOVABLE', 'ERR_NO_SUCH_ACTOR', 'ERR_SYSTEM_CLOSED'])
/** For asks. Whatever strikes, who asks is told of it; the system's own, shorter limit would hide that nobody does. */
export const ASK_OPTIONS: WaitOptions = { timeoutMs: 300_000 }
const ATTEMPTS_MAX = 50
const REST_MS_MAX = 120_000
/** Chance that a run shuts its system down while faults strike. */
const HARD_END_CHANCE = 0.2

/** Starts an actor; again when its core died during that. */
export async function spawnPatiently<A, M, R>(
  sim: WorkloadWorld,
  behaviour: Behaviour<A, M, R>,
  argument: A,
  options: SpawnOptions = {},
): Promise<Ref<M, R>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sim.spawn(behaviour, argument, { ...PATIENT, ...options })
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || !(error instanceof CambiumError) || !FORGIVEN.has(error.code)) throw error
    }
  }
}

/** Moves an actor to any core, wherever it is and whatever strikes on the way. */
export async function moveSomewhere(sim: WorkloadWorld, ref: AnyRef): Promise<void> {
  try {
    // On real threads the scenario writes the journal itself where it runs.
    const least = sim.isReal === true ? 1 : 0
    const core = least + sim.random.below(sim.system.cores + 1 - least)
    await sim.system.migrate(ref, core, { timeoutMs: 1 + sim.random.below(100) })
  } catch (error) {
    if (!(error instanceof CambiumError) || !FORGIVEN_MOVES.has(error.code)) throw error
  }
}

export interface Losses {
  /** Ends of cores that nobody asked for, failed successors included. */
  deaths: number
}

/** Counts what faults did to the system. Call it first. */
export function countLosses(sim: WorkloadWorld): Losses {
  const losses: Losses = { deaths: 0 }
  sim.system.events.on('core_lost', () => {
    losses.deaths += 1
  })
  return losses
}

/** Ends the chaos: mostly by waiting, faults off, until nothing is queued; now and then by a shutdown in the middle of it: false then. */
export async function comeToRest(sim: WorkloadWorld, journal: Journal, losses: Losses): Promise<boolean> {
  if (sim.endsHard ?? sim.random.chance(HARD_END_CHANCE)) {
    // In a run in which cores die, one does so now: its actors are on their way back when the system stops them.
    if (losses.deaths > 0) sim.killCore(1 + sim.random.below(sim.system.cores))
    losses.deaths += sim.system.cores // those of a system that goes down are not announced
    await sim.system.shutdown()
    journal.check()
    return false
  }
  sim.heal()
  await untilHandled(sim)
  journal.check()
  return true
}

/** Waits until nothing is queued, within a bound. */
export async function untilHandled(sim: WorkloadWorld): Promise<void> {
  const untilMs = sim.now() + REST_MS_MAX
  while (sim.system.books().queued > 0 && sim.now() < untilMs) await sim.advance(50)
}

/** The system's books without the messages of storms: of those that are not queued, who has not come to its actor is a dead letter. */
export function booksOf(sim: WorkloadWorld): Pick<Books, 'sent' | 'processed' | 'dead' | 'deadTotal' | 'queued'> {
  const { sent, processed, dead, deadTotal, queued } = sim.system.books()
  const storms = sim.storms ?? { sent: 0, handled: 0 }
  const lost = Math.max(0, storms.sent - storms.handled - queued)
  return { sent: sent - storms.sent, processed: processed - storms.handled, dead, deadTotal: deadTotal - lost, queued }
}

/**
 * D6, from outside: every message that was told was handled or is a dead letter. A message whose handler had done its work when the actor
 * crashed, or the core died, is both: so much the two counts may differ. An ask that has failed, or whose asker is not there any more, may have had an error
 * for its reply, which counts as a message.
 */
export function checkBooks(sim: WorkloadWorld, journal: Journal, losses: Losses): void {
  const { sent, processed, dead, deadTotal, queued } = booksOf(sim)
  journal.catchUp()
  const { told, handled, failedAsks, openAsks } = journal
  const facts = {
    told,
    failedAsks,
    openAsks,
    sent,
    handled,
    processed,
    dead: deadTotal,
    crashed: dead.crashed,
    queued,
    deaths: losses.deaths,
  }
  // A message may be told and not counted, when the core died in between; so may an answer that was owed to somebody who died as well.
  if (sent > told + failedAsks + openAsks || told - sent > losses.deaths + failedAsks + openAsks)
    throw violation('ERR_ORACLE_BOOKS', 'books know of other messages than were told', facts)
  // A real thread may end between an answer that has come and the code that waits for it.
  const unseen = failedAsks + (sim.isReal === true ? losses.deaths : 0)
  const both = handled - processed
  if (both < -unseen || both > losses.deaths + dead.crashed)
    throw violation('ERR_ORACLE_BOOKS', 'books know of other messages than were handled', facts)
  if (queued === 0 && sent !== processed + deadTotal) throw violation('ERR_ORACLE_BOOKS', 'messages have disappeared', facts)
}
