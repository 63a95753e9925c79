/**
 * Whose code is running: every callback of an actor, and every scenario, runs in an asynchronous context of its own, which its promises and
 * timers inherit. So the globals know which simulation asks, whatever else runs in the process, and what a dead core left behind is known.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { ActorContext, Behaviour } from '@cambium/actor'
import { formatAddress } from '@cambium/base'
import type { CorePlatform, SeededRandom } from '@cambium/base'
import type { Core } from '@cambium/scheduler'
import type { DecisionMade } from '@cambium/supervision'
import type { RandomMove } from './random-moves.ts'
import type { VirtualTimers } from './virtual-timers.ts'

/** One run, as the globals see it. */
export interface SimScope {
  readonly timers: VirtualTimers
  /** For `Math.random` and `crypto` in the run's code. */
  readonly random: SeededRandom
  /** Things under way that the simulation has no hold on: virtual time stands still until they are done. */
  outside: number
  nowMs(): number
  /** Whether the thread of that frame would still run. */
  isAlive(frame: SimFrame): boolean
  /** Something was met that the simulation does not control. */
  met(what: string): void
  /** A supervisor of the run has decided. */
  decided(decision: DecisionMade): void
  /** Nobody caught it. */
  uncaught(error: unknown, frame: SimFrame): void
}

/** What a run has the simulated world call. */
export interface WorldHooks {
  /** Puts the frames around a behaviour's callbacks. */
  dress(behaviour: Behaviour<unknown, unknown>): Behaviour<unknown, unknown>
  coreStarted(core: Core): void
  move(move: RandomMove): void
  move(move: RandomMove): void
  offload: CorePlatform['offload']
}

export interface SimFrame {
  readonly scope: SimScope
  /** Undefined in the scenario, and in what the runtime does by itself. */
  readonly actor: ActorContext | undefined
  /** Whose thread it would be; the scenario's is core 0. */
  readonly core: number
  /** Name of the actor's behaviour. */
  readonly behaviour: string
  /** Number of the core's life in which the frame began. */
  readonly coreLife: number
}

export const simFrames: AsyncLocalStorage<SimFrame> = new AsyncLocalStorage<SimFrame>()

/** The scenario, or the actor by its name, else by its behaviour and place. */
export function frameLabel(frame: SimFrame | undefined): string {
  const actor = frame?.actor
  if (actor === undefined) return frame === undefined || frame.core === 0 ? 'scenario' : `core-${frame.core}`
  return actor.name ?? `${frame?.behaviour ?? 'actor'}@${formatAddress(actor.self).replace(/#.*$/, '')}`
}
