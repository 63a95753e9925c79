/**
 * The journal of actors that do not share its memory: each entry is the name of a method of the journal and its arguments, as plain data, and
 * has a place in one order. An entry that was written before another began has the lower place, whichever threads wrote them; so a message is
 * told before it is taken.
 *
 * On a simulated platform there is no log. Who runs workloads on real threads gives one to each of them (`keepJournalsIn`).
 */
export interface JournalEntry {
  readonly place: number
  readonly run: number
  readonly method: string
  readonly args: readonly unknown[]
}

export interface JournalLog {
  /** Answers the place of the entry. */
  write(run: number, method: string, args: readonly unknown[]): number
  /** Entries since the last call, in their order. */
  read(): Iterable<JournalEntry>
}

let present: JournalLog | undefined

/** From now on, the actors of this thread whose journal is elsewhere write into `log`. */
export function keepJournalsIn(log: JournalLog | undefined): void {
  present = log
}

export function presentLog(): JournalLog | undefined {
  return present
}

/** A journal whose methods are entries; each answers the entry's place. What cannot be written, such as a context, is left out. */
export function remoteJournal(run: number, log: JournalLog): object {
  const write = (method: string, args: readonly unknown[]): unknown => {
    const place = log.write(run, method, args.map(plain))
    return method === 'stamp' ? { run, from: args[0], to: args[1], lane: args[2] ?? '', sequence: place } : place
  }
  return new Proxy(
    {},
    {
      get:
        (_target, method) =>
        (...args: readonly unknown[]) =>
          write(String(method), args),
    },
  )
}

function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.getPrototypeOf(value) === Object.prototype ? value : undefined
}
