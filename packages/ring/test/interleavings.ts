/**
 * Runs every interleaving of a few small step programs and collects their outcomes, as jcstress does for Java.
 *
 * 1. A thread is a generator. It yields before each access to shared state, so what lies between two yields is one step.
 * 2. A thread that blocks yields a condition; it cannot run before the condition holds.
 * 3. An interleaving in which all threads that are not finished are blocked for ever ends as `stuck`.
 *
 * Steps are sequentially consistent, as Atomics are. Generators cannot be copied, so each interleaving starts anew
 * and repeats its prefix; programs must be deterministic.
 */
export type Step = void | (() => boolean)
export type Thread<S> = (shared: S) => Generator<Step, void, void>

export interface Program<S> {
  /** Fresh shared state. */
  readonly start: () => S
  readonly threads: readonly Thread<S>[]
  /** What is compared with the list of acceptable outcomes. */
  readonly outcome: (shared: S) => string
}

export interface Exploration {
  /** Each outcome with how many interleavings led to it. `stuck` is put before the outcome of a run that cannot go on. */
  readonly outcomes: ReadonlyMap<string, number>
  /** For each outcome the first interleaving that led to it: the thread numbers, step by step. */
  readonly examples: ReadonlyMap<string, readonly number[]>
  readonly runs: number
}

/** @param runsMax a program with more interleavings than this is an error, not a sample. @default 300,000 */
export function explore<S>(program: Program<S>, runsMax = 300_000): Exploration {
  const outcomes = new Map<string, number>()
  const examples = new Map<string, readonly number[]>()
  let runs = 0
  let prefix: number[] | undefined = []
  while (prefix) {
    if (++runs > runsMax) throw new Error(`too many interleavings: max=${runsMax}`)
    const run: Run = runOne(program, prefix)
    const { outcome, taken, open } = run
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    if (!examples.has(outcome)) examples.set(outcome, taken)
    // Depth first: the last step at which a thread of a higher number could have run instead.
    let step: number = taken.length - 1
    while (step >= 0 && !open[step]!.some((thread) => thread > taken[step]!)) step--
    prefix = step < 0 ? undefined : [...taken.slice(0, step), open[step]!.find((thread) => thread > taken[step]!)!]
  }
  return { outcomes, examples, runs }
}

interface Run {
  readonly outcome: string
  /** The thread that made each step, and the threads that could have. */
  readonly taken: number[]
  readonly open: number[][]
}

function runOne<S>(program: Program<S>, prefix: readonly number[]): Run {
  const shared = program.start()
  const threads = program.threads.map((thread) => {
    const generator = thread(shared)
    return { generator, at: generator.next() } // up to its first shared access
  })
  const taken: number[] = []
  const open: number[][] = []
  for (;;) {
    const unfinished = threads.filter(({ at }) => !at.done)
    const able = [...threads.keys()].filter((index) => canRun(threads[index]!.at))
    if (able.length === 0) {
      return { outcome: `${unfinished.length > 0 ? 'stuck ' : ''}${program.outcome(shared)}`, taken, open }
    }
    const choice = prefix[taken.length] ?? able[0]!
    const thread = threads[choice]!
    taken.push(choice)
    open.push(able)
    thread.at = thread.generator.next()
  }
}

function canRun(at: IteratorResult<Step, void>): boolean {
  return !at.done && (at.value === undefined || at.value())
}
