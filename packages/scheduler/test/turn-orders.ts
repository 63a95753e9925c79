/**
 * Every order of the turns of three cores around what strikes a move in its middle.
 *
 * 1. After each number of turns in a row, one core after the other, the first thing strikes; a second one, if there is one, a turn later.
 * 2. Then so many turns are free: every sequence of cores is tried. What leads to the same state goes on once.
 */
export interface TurnTrial {
  turn(core: number): Promise<void>
  /** All that decides what comes next, in words. */
  readonly state: string
  /** Lets everything go on, and expects what has to hold then. */
  finish(): Promise<void>
}

const CORES = [0, 1, 2]

/** How many turns in a row it takes when nothing comes between. */
export async function countTurns<T extends TurnTrial>(trial: T, isOver: (trial: T) => boolean): Promise<number> {
  let turns = 0
  for (; !isOver(trial); turns += 1) await trial.turn(turns % CORES.length)
  return turns
}

/** `turnsMax` in a row are enough to be over, so this ends. */
export async function exploreTurns<T extends TurnTrial>(
  begin: () => Promise<T>,
  [first, second]: readonly ((trial: T) => void)[],
  turnsMax: number,
  free: number,
): Promise<void> {
  const seen = new Map<string, number>()
  for (let turns = 0; turns <= turnsMax; turns += 1) {
    const open: number[][] = [[]]
    for (let sequence = open.pop(); sequence !== undefined; sequence = open.pop()) {
      const trial = await begin()
      for (let at = 0; at < turns; at += 1) await trial.turn(at % CORES.length)
      first?.(trial)
      const [next, ...rest] = sequence
      if (next !== undefined) await trial.turn(next)
      second?.(trial)
      for (const core of rest) await trial.turn(core)
      const left = free - sequence.length
      const { state } = trial
      const known = seen.get(state)
      if (known !== undefined && known >= left) continue
      seen.set(state, left)
      if (left > 0) for (const core of CORES) open.push([...sequence, core])
      if (known !== undefined) continue
      try {
        await trial.finish()
      } catch (error) {
        throw new Error(`after ${turns} turns, then ${sequence.join()}: ${(error as Error).message}`, { cause: error })
      }
    }
  }
}
