/**
 * The flags of Node with which the threads of a process start. By themselves they inherit those of the process, whatever these are; but with `--input-type`,
 * which is for code from the command line or from stdin, no thread starts whose code is in a file. Then, and only then, a list is given in their place: without
 * the flags that say what the process itself is to run, and without those of which Node says that no thread can have them, as they are of the whole process.
 */

/** What the process runs, and how: nothing of that is for a thread. A value may follow. */
const OF_THE_COMMAND = /^(?:-e|-p|-pe|-i|--(?:input-type|eval|print|interactive|(?:watch|test)(?:-.*)?))$/
/** As Node begins what it says of a list with such flags; they follow. */
const REFUSED = 'Initiated Worker with invalid execArgv flags: '

/** What of it goes into the options of a `Worker`. */
export interface WorkerFlagOptions {
  readonly execArgv?: string[]
}

export class WorkerFlags {
  #flags: readonly string[] | undefined

  /** `own` are those of the process, `process.execArgv`. */
  constructor(own: readonly string[]) {
    this.#flags = own.some((flag) => nameOf(flag) === '--input-type') ? withoutCommand(own) : undefined
  }

  get options(): WorkerFlagOptions {
    return this.#flags === undefined ? {} : { execArgv: [...this.#flags] }
  }

  /** Makes a worker; again without the flags that Node refused. */
  start<T>(create: (options: WorkerFlagOptions) => T): T {
    try {
      return create(this.options)
    } catch (error) {
      if (!this.#leaveOut(error)) throw error
      return create(this.options)
    }
  }

  #leaveOut(error: unknown): boolean {
    const flags = this.#flags
    if (flags === undefined || !(error instanceof Error) || !error.message.startsWith(REFUSED)) return false
    const refused = new Set(error.message.slice(REFUSED.length).split(', '))
    this.#flags = flags.filter((flag) => !refused.has(flag))
    return this.#flags.length < flags.length
  }
}

function withoutCommand(flags: readonly string[]): string[] {
  let isLeftOut = false
  return flags.filter((flag) => {
    if (flag.startsWith('-')) isLeftOut = OF_THE_COMMAND.test(nameOf(flag))
    return !isLeftOut
  })
}

/** `--name` of `--name=value`. */
function nameOf(flag: string): string {
  return flag.split('=', 1)[0] as string
}
