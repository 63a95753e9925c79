/**
 * Runs the real code of several threads in one, and tries every order of their accesses to shared memory. For programs that are too
 * fine for `interleavings.ts`, where a step is a call: here a step is one access by `Atomics`, and whatever follows it up to the next.
 *
 * 1. While a program is explored, `Atomics` is replaced. Each access to the program's memory ends a step: the thread is suspended by an
 *    exception, and resumed by running it from its begin once more, with the results of its earlier accesses handed to it again. Around
 *    each of those the memory is what it was then, so that plain accesses in between do the same again too.
 * 2. A state is the memory and what each thread has seen so far. States that were reached before are not explored again, so that all
 *    orders are covered in much fewer runs than there are orders.
 * 3. A thread that waits (`Atomics.wait`) goes on when it is notified; when nobody else can go on and it has a time limit, when that is over.
 * 4. A mortal thread may end between any two steps. Another one can be made to begin after that.
 * 5. An access to a word that only one thread uses, or that nobody writes, makes no difference to anybody; it ends no step. Which words
 *    these are is found out on the way: when a word turns out to be shared the exploration begins anew.
 *
 * Steps are sequentially consistent, as Atomics are. Programs must be deterministic, and threads share nothing but the memory.
 */
export interface AccessThread<W> {
  /** Prepares the thread; sees the memory as it was at the start, and may not change it. Gives what the thread does. */
  readonly thread: (world: W) => () => string
  /** Whether it may end between any two of its steps. */
  readonly isMortal?: boolean
  /** The number of a thread at whose end this one begins. */
  readonly after?: number
}

export interface AccessProgram<W> {
  /** A fresh world with one memory, which is not WebAssembly's. */
  readonly start: () => W
  readonly memory: (world: W) => SharedArrayBuffer
  readonly threads: readonly AccessThread<W>[]
  /** What is compared with the list of acceptable outcomes: from the memory, and what the threads returned (`dead` if they did not). */
  readonly outcome: (world: W, results: readonly string[]) => string
}

export interface AccessExploration {
  /** Each outcome with the first order of threads that led to it. `stuck` is put before it when threads wait for ever. */
  readonly outcomes: ReadonlyMap<string, readonly string[]>
  readonly states: number
}

/** @param statesMax a program with more states than this is an error, not a sample. @default 200,000 */
export function exploreAccesses<W>(program: AccessProgram<W>, statesMax = 200_000): AccessExploration {
  const real = globalThis.Atomics
  const shared = new Set<number>()
  // Ends: each turn but the last adds a word of the memory.
  for (;;) {
    const sharedBefore = shared.size
    const explorer = new Explorer(program, real, statesMax, shared)
    try {
      const exploration = explorer.explore()
      if (exploration !== undefined) return exploration
    } finally {
      globalThis.Atomics = real
    }
    if (shared.size === sharedBefore) throw new Error('no word was added')
  }
}

interface Access {
  readonly result: unknown
  /** The memory right after it. */
  readonly memory: Int32Array
}

type Status = 'ready' | 'waiting' | 'notified' | 'ended' | 'dead'

interface ThreadState {
  readonly status: Status
  readonly log: readonly Access[]
  /** Where it waits. */
  readonly word: number
  readonly hasLimit: boolean
  readonly result: string
}

interface State {
  readonly memory: Int32Array
  readonly threads: readonly ThreadState[]
}

/** Thrown to suspend a thread. One for all: an error is expensive to make. */
const SUSPENDED = new Error('suspended')

/** Who has used a word so far. */
interface Use {
  threads: number
  isWritten: boolean
}

type Operation = (array: Int32Array, ...rest: readonly never[]) => unknown

class Explorer<W> {
  readonly #program: AccessProgram<W>
  readonly #real: typeof Atomics
  readonly #statesMax: number
  readonly #world: W
  readonly #buffer: SharedArrayBuffer
  readonly #memory: Int32Array
  readonly #initial: Int32Array
  readonly #seen = new Set<string>()
  readonly #outcomes = new Map<string, readonly string[]>()
  /** Words on whose accesses the threads take turns. */
  readonly #shared: Set<number>
  readonly #uses = new Map<number, Use>()
  #isStale = false

  constructor(program: AccessProgram<W>, real: typeof Atomics, statesMax: number, shared: Set<number>) {
    this.#shared = shared
    this.#program = program
    this.#real = real
    this.#statesMax = statesMax
    this.#world = program.start()
    this.#buffer = program.memory(this.#world)
    this.#memory = new Int32Array(this.#buffer)
    this.#initial = this.#memory.slice()
  }

  /** Undefined when a word turned out to be shared that was not known to be. */
  explore(): AccessExploration | undefined {
    const ready: ThreadState = { status: 'ready', log: [], word: 0, hasLimit: false, result: '' }
    this.#visit({ memory: this.#initial, threads: this.#program.threads.map(() => ready) }, [])
    return this.#isStale ? undefined : { outcomes: this.#outcomes, states: this.#seen.size }
  }

  #visit(state: State, path: readonly string[]): void {
    if (this.#isStale) return
    const key = this.#keyOf(state)
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    if (this.#seen.size > this.#statesMax) throw new Error(`too many states: max=${this.#statesMax}`)
    const able = state.threads.map((thread, index) => this.#canRun(state, thread, index))
    let isEnd = true
    for (const [index, thread] of state.threads.entries()) {
      const { isMortal = false } = this.#program.threads[index]!
      if (able[index]) {
        isEnd = false
        this.#visit(this.#step(state, index, undefined), [...path, `${index}`])
      }
      const isAlive = thread.status !== 'ended' && thread.status !== 'dead'
      if (isMortal && isAlive) {
        isEnd = false
        this.#visit(this.#with(state, index, { ...thread, status: 'dead', log: [], result: 'dead' }), [...path, `kill ${index}`])
      }
    }
    if (!isEnd) return
    const late = state.threads.findIndex(({ status, hasLimit }) => status === 'waiting' && hasLimit)
    if (late >= 0) this.#visit(this.#step(state, late, 'timed-out'), [...path, `timeout ${late}`])
    else this.#finish(state, path)
  }

  #canRun(state: State, { status }: ThreadState, index: number): boolean {
    if (status !== 'ready' && status !== 'notified') return false
    const { after } = this.#program.threads[index]!
    const before = after === undefined ? undefined : state.threads[after]!.status
    return before === undefined || before === 'ended' || before === 'dead'
  }

  #finish(state: State, path: readonly string[]): void {
    const isStuck = state.threads.some(({ status }) => status === 'waiting')
    this.#memory.set(state.memory)
    const results = state.threads.map(({ result }) => result)
    const outcome = `${isStuck ? 'stuck ' : ''}${this.#program.outcome(this.#world, results)}`
    if (!this.#outcomes.has(outcome)) this.#outcomes.set(outcome, path)
  }

  #keyOf({ memory, threads }: State): string {
    let key = ''
    for (let word = 0; word < memory.length; word++) {
      if (memory[word] !== this.#initial[word]) key += `${word}=${memory[word]},`
    }
    for (const { status, log, word, result } of threads) {
      key += status === 'ended' || status === 'dead' ? `;${status} ${result}` : `;${status} ${word} `
      for (const access of log) key += `${String(access.result)},`
    }
    return key
  }

  #with(state: State, index: number, thread: ThreadState): State {
    return { memory: state.memory, threads: state.threads.map((one, at) => (at === index ? thread : one)) }
  }

  /** One access of a thread, and what follows it up to the next one. */
  #step(state: State, index: number, forced: string | undefined): State {
    const before = state.threads[index]!
    const log = [...before.log]
    const threads = [...state.threads]
    let at = 0
    let hasPerformed = false
    let isSuspended = false
    let suspendedMemory: Int32Array | undefined
    let wait: { word: number; hasLimit: boolean } | undefined
    const suspend = (): never => {
      if (!isSuspended) suspendedMemory = this.#memory.slice()
      isSuspended = true
      throw SUSPENDED
    }
    let isCurrent = false
    const access = (word: number, isWrite: boolean, perform: () => unknown): unknown => {
      if (isSuspended) return suspend()
      if (at < log.length) {
        const known = log[at++]!
        this.#memory.set(known.memory)
        return known.result
      }
      const endsStep = this.#endsStep(word, isWrite, index)
      if (endsStep && hasPerformed) return suspend()
      if (!isCurrent) this.#memory.set(state.memory)
      isCurrent = true
      if (endsStep) hasPerformed = true
      const result = perform()
      if (wait !== undefined) return suspend()
      log.push({ result, memory: this.#memory.slice() })
      at += 1
      return result
    }
    const waitOn = (word: number, value: number, timeoutMs: number): unknown => {
      if (forced !== undefined) return forced
      if (before.status === 'notified') return 'ok'
      if (this.#memory[word] !== value) return 'not-equal'
      wait = { word, hasLimit: timeoutMs !== Infinity }
      return ''
    }
    const notify = (word: number, count: number): number => {
      let woken = 0
      for (const [other, thread] of threads.entries()) {
        if (thread.status !== 'waiting' || thread.word !== word || woken === count) continue
        threads[other] = { ...thread, status: 'notified' }
        woken += 1
      }
      return woken
    }
    this.#memory.set(this.#initial)
    const run = this.#program.threads[index]!.thread(this.#world)
    globalThis.Atomics = this.#shim(access, waitOn, notify)
    let result: string | undefined
    try {
      result = run()
    } catch (error) {
      if (!isSuspended) result = `error: ${(error as Error).message}`
    } finally {
      globalThis.Atomics = this.#real
    }
    const memory = suspendedMemory ?? this.#memory.slice()
    if (isSuspended) {
      const status = wait === undefined ? 'ready' : 'waiting'
      threads[index] = { status, log, word: wait?.word ?? 0, hasLimit: wait?.hasLimit ?? false, result: '' }
    } else threads[index] = { status: 'ended', log: [], word: 0, hasLimit: false, result: result ?? '' }
    return { memory, threads }
  }

  /** Notes the use of a word; whether threads take turns on it. */
  #endsStep(word: number, isWrite: boolean, index: number): boolean {
    if (this.#shared.has(word)) return true
    const use = this.#uses.get(word) ?? { threads: 0, isWritten: false }
    use.threads |= 1 << index
    use.isWritten ||= isWrite
    this.#uses.set(word, use)
    if ((use.threads & (use.threads - 1)) !== 0 && use.isWritten) {
      this.#shared.add(word)
      this.#isStale = true
    }
    return false
  }

  #shim(
    access: (word: number, isWrite: boolean, perform: () => unknown) => unknown,
    waitOn: (word: number, value: number, timeoutMs: number) => unknown,
    notify: (word: number, count: number) => number,
  ): typeof Atomics {
    const real = this.#real
    const isOurs = (array: Int32Array): boolean => array.buffer === this.#buffer
    const wordOf = (array: Int32Array, index: number): number => array.byteOffset / 4 + index
    const shim: Record<string, unknown> = { pause: () => undefined }
    for (const name of ['load', 'store', 'add', 'sub', 'and', 'or', 'xor', 'exchange', 'compareExchange'] as const) {
      const operation = real[name] as unknown as Operation
      shim[name] = (array: Int32Array, ...rest: never[]) => {
        if (!isOurs(array)) return operation(array, ...rest)
        return access(wordOf(array, rest[0]!), name !== 'load', () => operation(array, ...rest))
      }
    }
    shim['wait'] = (array: Int32Array, index: number, value: number, timeoutMs = Infinity) => {
      if (!isOurs(array)) return 'timed-out'
      const word = wordOf(array, index)
      return access(word, true, () => waitOn(word, value, timeoutMs))
    }
    shim['notify'] = (array: Int32Array, index: number, count = Infinity) => {
      const word = wordOf(array, index)
      return access(word, true, () => notify(word, count))
    }
    return shim as unknown as typeof Atomics
  }
}
