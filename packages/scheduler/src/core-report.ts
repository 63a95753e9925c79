/** A look at one core, as plain data. */
import type { AskTable } from './asks.ts'
import type { BehaviourLoader } from './behaviour-loader.ts'
import type { Bonds } from './bonds.ts'
import type { CoreDirectory } from './core-directory.ts'
import { readBooks } from './books.ts'
import type { Books } from './books.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Sender } from './sender.ts'
import type { SlotTable } from './slot-table.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** What a core holds at the moment. Of actors that have ended nothing is counted any more. */
export interface CoreReport {
  readonly core: number
  readonly actors: number
  /** Actors that have something to do. */
  readonly runnable: number
  /** Of actors and of the core itself; on the main thread, of the root too. */
  readonly timers: number
  /** That wait for their answers. */
  readonly asks: number
  /** Ends of links and monitors; one between two actors of this core counts twice. */
  readonly bonds: number
  /** Its copy of the directory, and what its actors want of it. */
  readonly directory: CoreDirectory['counts']
  /** Messages that wait for room at their targets. */
  readonly waiting: number
  /** Asynchronous callbacks under way. */
  readonly asyncInFlight: number
  /** Sets of shared or moved buffers that are kept until their receivers have them, and that have come before their messages. */
  readonly parcels: number
  /** Ends of channels of event managers. */
  readonly channels: number
  /** Actors of this core that run on others, and actors of others that run here. */
  readonly away: number
  readonly guests: number
  readonly behaviours: readonly string[]
  readonly books: Books
}

interface Reported {
  readonly coreNumber: number
  readonly slots: SlotTable
  readonly dispatcher: Dispatcher
  readonly wheel: TimerWheel
  readonly asks: AskTable
  readonly bonds: Bonds
  readonly directory: CoreDirectory
  readonly sender: Sender
  readonly loader: BehaviourLoader
  readonly books: Float64Array
  readonly parcels: { readonly count: number }
  readonly channels: { readonly size: number }
  readonly moves: { readonly counts: { readonly away: number; readonly guests: number } }
}

export function reportOf(core: Reported): CoreReport {
  return {
    core: core.coreNumber,
    actors: core.slots.count,
    runnable: core.dispatcher.runQueue.length,
    timers: core.wheel.size,
    asks: core.asks.size,
    bonds: core.bonds.count,
    directory: core.directory.counts,
    waiting: core.sender.waitingCount,
    asyncInFlight: core.dispatcher.asyncInFlight,
    parcels: core.parcels.count,
    channels: core.channels.size,
    ...core.moves.counts,
    behaviours: core.loader.names,
    books: readBooks(core.books),
  }
}
