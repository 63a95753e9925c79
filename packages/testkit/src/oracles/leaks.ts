/**
 * What must not be left of an incarnation, or of an actor:
 *
 * 1. while a system runs: timers of actors, and asks of actors, that have outlived their incarnation;
 * 2. at rest: entries of the directory (names, groups) whose incarnation has ended, and copies of the directory that differ; buffers that
 *    were shared or moved, on a core or on a way;
 * 3. after a shutdown: anything at all, whosever it was.
 */
import { formatAddress } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import { LookTimer, NAMES } from '@cambium/scheduler'
import type { Core, CoreReport, Timer } from '@cambium/scheduler'
import { isMessageTimer } from './mailbox-content.ts'
import type { Cell } from './mailbox-content.ts'
import { violation } from './violation.ts'

type PendingAsk = Parameters<Core['asks']['add']>[0]

/** Of a cell (`scheduler/src/actor-cell.ts`). */
const AWAITING = 3
const GONE = 5

/** One incarnation. */
interface Life {
  readonly cell: Cell
  readonly incarnation: number
}

/** A core that was stopped in good order. */
interface Left {
  readonly core: Core
  readonly report: CoreReport
  /** But those that go by themselves. */
  readonly timers: number
}

export class LeakOracle {
  /** Who asked. */
  readonly #askers = new WeakMap<Timer, Life>()
  /** Who entered what into the directory last, by space, key and actor. */
  readonly #entries = new Map<string, Life>()
  readonly #spaces = new Set<string>([NAMES])
  readonly #left: Left[] = []

  /** A core begins. */
  watch({ asks, dispatcher, wheel, directory }: Core): void {
    const note = (ask: PendingAsk): void => {
      const cell = dispatcher.sending
      if (cell !== undefined && !this.#askers.has(ask)) this.#askers.set(ask, { cell, incarnation: cell.incarnation })
    }
    const [add, start, ask] = [asks.add.bind(asks), wheel.start.bind(wheel), directory.ask.bind(directory)]
    asks.add = (pending) => {
      note(pending)
      add(pending)
    }
    wheel.start = (timer, dueMs) => {
      if (isAsk(timer)) note(timer)
      start(timer, dueMs)
    }
    directory.ask = (cell, wish) => {
      if (wish.type === 'dir_add') {
        this.#spaces.add(wish.space)
        this.#entries.set(entryOf(wish.space, wish.key, cell), { cell, incarnation: cell.incarnation })
      }
      return ask(cell, wish)
    }
  }

  /** Between turns. */
  checkCore({ coreNumber, asks, wheel }: Core): void {
    const timers = wheel.all()
    for (const timer of timers) if (isMessageTimer(timer)) checkLife('a timer', timer)
    for (const ask of [...asks.all(), ...timers.filter(isAsk)]) {
      const asker = this.#askers.get(ask)
      if (asker !== undefined) checkLife('an ask', asker, { core: coreNumber, target: formatAddress(ask.target) })
    }
  }

  /** Nothing is under way. `parcelsUnderWay`: between cores. */
  checkRest(cores: readonly Core[], parcelsUnderWay: number): void {
    const [first] = cores
    if (first === undefined) return
    for (const { coreNumber, directory, parcels } of cores) {
      if (parcels.count > 0 || parcelsUnderWay > 0) {
        const where = { core: coreNumber, parcels: parcels.count, underWay: parcelsUnderWay }
        throw violation('ERR_ORACLE_LEAK', 'what was shared or moved is kept when all of it has been taken', where)
      }
      const [entries, known] = [directory.counts.entries, first.directory.counts.entries]
      if (entries !== known)
        throw violation('ERR_ORACLE_LEAK', 'copies of the directory differ', { core: coreNumber, entries, known })
    }
    for (const space of this.#spaces) {
      for (const key of first.directory.keys(space)) {
        for (const { ref } of first.directory.find(space, key)) {
          const life = this.#entries.get(entryOf(space, key, ref))
          // A name that the root has given is the actor's, not an incarnation's.
          if (life !== undefined) checkLife('an entry of the directory', life, { space, key })
        }
      }
    }
  }

  /** A core was stopped in good order. Called before it is severed. */
  ended(core: Core): void {
    const timers = core.wheel.all().filter((timer) => !(timer instanceof LookTimer))
    this.#left.push({ core, report: core.report(), timers: timers.length })
  }

  /** After the shutdown of the system. */
  checkEnd(): void {
    for (const { core: stopped, report, timers } of this.#left) {
      const { core, actors, runnable, asks, bonds, parcels, channels, directory, away, guests } = report
      // A storm may have blown when all had stopped: what then waits for room is buried as the core ends.
      const waiting = stopped.sender.waitingCount
      const { requests, watchers, locks } = directory
      // The last changes of the directory need not have come to other cores than its own.
      const entries = core === 0 ? directory.entries : 0
      const left = {
        actors,
        runnable,
        timers,
        asks,
        bonds,
        waiting,
        parcels,
        channels,
        entries,
        requests,
        watchers,
        locks,
        away,
        guests,
      }
      if (Object.values(left).some((count) => count > 0))
        throw violation('ERR_ORACLE_LEAK', 'something is left when the actors have stopped', { core, ...left })
    }
  }
}

function isAsk(timer: Timer): timer is PendingAsk {
  return 'correlation' in timer
}

function entryOf(space: string, key: string, address: ActorAddress): string {
  return JSON.stringify([space, key, formatAddress(address)])
}

function checkLife(what: string, { cell, incarnation }: Life, more: Readonly<Record<string, unknown>> = {}): void {
  if (cell.incarnation === incarnation && cell.status !== GONE && cell.status !== AWAITING) return
  throw violation('ERR_ORACLE_LEAK', `${what} outlived its incarnation`, { actor: formatAddress(cell), incarnation, ...more })
}
