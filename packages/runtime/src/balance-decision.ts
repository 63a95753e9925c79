/**
 * Which actors a balancer moves, as a pure function: loads of one period in, moves out. It knows no clock, no core and no actor but by what it is told.
 *
 * 1. The load of a core is the share of the period that it was busy, and the share of {@link BACKLOG_FULL} messages that wait on it, 1 at most: so of two cores that are always busy
 *    the one with the longer queues has more.
 * 2. Nothing moves unless the most loaded core was busy for {@link BalanceLimits.busyMin} and is ahead of the least loaded one by {@link BalanceLimits.gapMin}, in two periods running.
 * 3. Then an actor of the first goes to the second: of those that may move, the one whose own load is nearest to half of the gap. Never one whose load is the gap or more, for
 *    which the two would only change places, nor one that has moved within {@link BalanceLimits.restMs}.
 * 4. The loads are reckoned anew with that, and so on, up to so many moves a period.
 */
import type { ActorAddress } from '@cambium/base'

export interface CoreLoad {
  readonly core: number
  /** Share of the period that it was busy, from 0 to 1. */
  readonly busy: number
  /** Messages in its mailboxes. */
  readonly queued: number
}

/** Of an actor that may move. */
export interface ActorLoad {
  readonly actor: ActorAddress
  /** Where it is. */
  readonly core: number
  /** Share of the period that its core was busy with it. */
  readonly busy: number
  readonly queued: number
  /** When it moved last; -Infinity for never. */
  readonly movedMs: number
}

export interface BalanceLimits {
  readonly movesPerPeriod: number
  readonly restMs: number
  readonly busyMin: number
  readonly gapMin: number
}

interface BalanceMove {
  readonly actor: ActorAddress
  readonly from: number
  readonly to: number
}

export interface BalanceDecision {
  readonly moves: readonly BalanceMove[]
  /** For the next period: the core that was ahead in this one; undefined for none. */
  readonly ahead: number | undefined
}

/** So many waiting messages are as much as a core that is always busy. */
export const BACKLOG_FULL = 4096
/** Actors with less than this are not worth a move. */
const LOAD_MIN = 0.02

/** `ahead`: what the period before said. */
export function decideMoves(
  cores: readonly CoreLoad[],
  actors: readonly ActorLoad[],
  ahead: number | undefined,
  nowMs: number,
  limits: BalanceLimits,
): BalanceDecision {
  const loads = new Map(cores.map(({ core, busy, queued }) => [core, busy + backlog(queued)]))
  const hot = extreme(loads, 1)
  const isAhead = (): boolean => {
    if (hot === undefined || (cores.find(({ core }) => core === hot) as CoreLoad).busy < limits.busyMin) return false
    return gapBelow(loads, hot) >= limits.gapMin
  }
  if (hot === undefined || !isAhead()) return { moves: [], ahead: undefined }
  if (ahead !== hot) return { moves: [], ahead: hot }
  const moves: BalanceMove[] = []
  const candidates = actors.filter(({ core, movedMs }) => core === hot && nowMs - movedMs >= limits.restMs)
  while (moves.length < limits.movesPerPeriod && isAhead()) {
    const to = extreme(loads, -1) as number
    const gap = gapBelow(loads, hot)
    const best = nearest(candidates, gap)
    if (best === undefined) break
    candidates.splice(candidates.indexOf(best), 1)
    const load = loadOf(best)
    loads.set(hot, (loads.get(hot) as number) - load)
    loads.set(to, (loads.get(to) as number) + load)
    moves.push({ actor: best.actor, from: hot, to })
  }
  return { moves, ahead: hot }
}

function nearest(candidates: readonly ActorLoad[], gap: number): ActorLoad | undefined {
  let best: ActorLoad | undefined
  for (const each of candidates) {
    const load = loadOf(each)
    if (load < LOAD_MIN || load >= gap) continue
    if (best === undefined || Math.abs(load - gap / 2) < Math.abs(loadOf(best) - gap / 2)) best = each
  }
  return best
}

function gapBelow(loads: ReadonlyMap<number, number>, hot: number): number {
  return (loads.get(hot) as number) - (loads.get(extreme(loads, -1) as number) as number)
}

/** The core with the most, or with -1 the least; the lowest number of equals. */
function extreme(loads: ReadonlyMap<number, number>, sign: 1 | -1): number | undefined {
  let found: number | undefined
  for (const [core, load] of loads) if (found === undefined || sign * load > sign * (loads.get(found) as number)) found = core
  return found
}

function loadOf({ busy, queued }: ActorLoad): number {
  return busy + backlog(queued)
}

function backlog(queued: number): number {
  return Math.min(1, queued / BACKLOG_FULL)
}
