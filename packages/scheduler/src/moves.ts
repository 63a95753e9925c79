/**
 * Actors that move to another core, with their state and their queue, under the ref that they have. *Home* is the core that the ref names; *host* is where the
 * actor runs, as a *guest* in a slot of its own there, its *place*.
 *
 * 1. Identity stays at home: the slot, its owner, its bonds, its entries in the directory. The home cell is `AWAY`, and everything that comes for it is passed on: the
 *    way of a message is sender → home → host whoever sends it, so order per pair, and signals before messages, hold as rings hold them. Nobody else is told.
 * 2. Its messages enter the home's mailbox and are passed on one by one (`forwarding.ts`), in the order in which a handler would have had them. One that finds the place congested
 *    waits in the home's outbox, charged to the home cell, which passes nothing on meanwhile: its mailbox fills, and its senders are held back as ever (D5).
 * 3. *Out.* The root asks home (`migrate`). Home brings the actor to rest (`departures.ts`): from then on it is `LEAVING`. Its content is sent (`lodge`); the host makes a
 *    place and loads the state, and answers. Until then the actor is whole at home, and goes on there if the answer is no. With the answer home lets go of it: `AWAY`.
 *    What it had put aside is sent, then `guest_go`; the guest begins when all written before that has come. Then its messages follow.
 * 4. *Back*, and on to a third core by way of home. Home asks (`unlodge`); the guest comes to rest there, its content is sent, home loads it, or says `guest_stay`. Home stops passing on, and
 *    sends `guest_recall` behind what it had passed on. The host answers that with all that is in the guest's mailbox and stash, frees the place, and says `guest_back` behind it.
 *    At home that stands before what has come since.
 *    One message may still wait at home for room in the guest's mailbox, which nobody empties any more, and the recall waits for that message. So `guest_hold` goes ahead of it: the host
 *    says that there is room, and takes what comes without a look at the capacity. That is little: home passes nothing on while a message waits.
 * 5. What the guest says of links, monitors, exits and the directory its home says for it (`guest_act`), with the positions that its data rings had, so that nothing overtakes
 *    its messages. What the runtime tells it goes through the home's mailbox, behind the messages that came before (`guest_info`).
 *    It knows which monitors it has, and takes no other `down`: one that still lies in the home's mailbox as it leaves is of a monitor that it has.
 *    The guest counts what it says (`said`), home notes the latest that it has done (`heard`), and says so with every info and exit that it passes on. A link that the guest has cut is one of
 *    its `cuts` until home is known to have heard of that: an exit by that link which was on its way concerns it no more. A home that has nothing to pass on says `guest_heard` after 64 cuts.
 * 6. *Ends.* Stops and exits are sent on. One that comes before the guest has begun waits for that. An end, by whatever reason, is told to home (`guest_over`), which recalls what is left, then
 *    ends the incarnation as if it had ended here: owner and bonds are told, and a restart begins at home. A recall that meets a guest in its `terminate` is carried out behind `guest_over`. An end
 *    that is asked for once the guest was recalled is carried out at home.
 * 7. *The host dies*: at `core_lost` home ends the incarnation, and its owner is told of a loss, as by the death of its own core. What the host's heap held is lost as ever, what
 *    lies in the ring to it is `lost_with_core`. Asks to the actor fail on every core (`asks_lost`): home does not know which of them the host had taken.
 *    The rings that the dead core wrote outlive it, and what it said in the actor's name may still lie in them. Home notes where each of them ends, and ends the incarnation when all readers
 *    are past that: what the next incarnation says comes behind it. A reader that has died as well holds that up until its successor reads.
 * 8. *Home dies*: at `core_lost` a host ends the guests from there. Two incarnations never run at a time: the root remembers from the request on where an actor may be
 *    (until `settled`), tells the successor with the slot, and that has it evicted there before it starts it (`evictions.ts`).
 * 9. *Times.* The actor has until the time of its move to come to rest, here or there. `lodge` and `unlodge` are given up 50 ms after that: by then the host, which has the same limit, has
 *    answered, if it answers at all. What it may have made, or brought to rest, is undone by `evict`, of that incarnation only, or by `guest_stay`; both come behind the request. A `lodge` is given up at
 *    once when the actor ends meanwhile: home itself may end before the answer. A move is one
 *    incarnation's: it is over when that is, and whoever wanted it is told. Nothing else has a time of its own: a core that is alive takes what lies in its rings, and one that is not is lost.
 * 10. *Words.* No word of shared memory is new, and none has a second writer. Home writes what it writes for any slot: queue length and congestion of the home slot, by the mailbox from which it
 *    passes on. The host writes the same for the place, with the generation of its own slot table, and its handler word names the place. The books count a message at home as `put` and at the
 *    host as `taken`, or the other way round; the root reads all of that of a dead core, and finds who the place was in what it remembers (8).
 *
 * `after` in a signal is a position of the data ring of the same two cores: it is acted on when all before that has been taken.
 */
import type { DeadLetter } from '@cambium/actor'
import type { ActorCell } from './actor-cell.ts'
import { Departures } from './departures.ts'
import { Evictions, type EvictionsHost } from './evictions.ts'
import { Forwarding, RETURNED } from './forwarding.ts'
import type { ForwardedHead } from './forwarding.ts'
import { GuestEnds } from './guest-ends.ts'
import { Guests } from './guests.ts'
import { InfoBox, InfoMessage } from './info-message.ts'
import { LostAsks } from './lost-asks.ts'
import { lostWithCore } from './move-errors.ts'
import { MovedActors } from './moved-actors.ts'
import type { MoveSignal } from './move-signals.ts'
import type { MovesHost } from './moves-host.ts'
import { isShareLost } from './parcel-waits.ts'
import type { Signal } from './signals.ts'
import type { SystemMemory } from './system-memory.ts'
import { TimedRequests } from './timed-requests.ts'
import { LookTimer } from './timer-wheel.ts'
import type { TurnBudget } from './turn-budget.ts'
import { writtenBy } from './written-before.ts'

/** How often a core looks whether its peers have taken what it waits for, in milliseconds: they do not tell. */
const LOOK_MS = 1

interface Delayed {
  readonly core: number
  readonly after: number
  readonly act: () => void
}

export class Moves {
  readonly moved: MovedActors
  readonly guests: Guests
  readonly forwarding: Forwarding
  readonly evictions: Evictions
  readonly lostAsks: LostAsks
  readonly ends: GuestEnds
  readonly #writtenBy: (core: number) => () => number | undefined
  readonly #host: MovesHost
  readonly #departures: Departures
  readonly #timed: TimedRequests
  #delayed: Delayed[] = []
  readonly #waits = new Set<{ readonly isOver: () => boolean; readonly act: () => void }>()
  readonly #jobs = new Map<ActorCell, number>()
  readonly #timer: LookTimer

  constructor(host: MovesHost & EvictionsHost, memory: SystemMemory) {
    this.#host = host
    this.#departures = new Departures(host, (cell) => this.#jobs.get(cell) ?? 0)
    this.forwarding = new Forwarding(host)
    this.lostAsks = new LostAsks(host)
    this.evictions = new Evictions(host)
    this.ends = new GuestEnds(host)
    const { forwarding, lostAsks } = this
    this.#writtenBy = (core) => writtenBy(memory, core)
    const timed = (this.#timed = new TimedRequests(host))
    this.moved = new MovedActors(host, { departures: this.#departures, forwarding, lostAsks, timed, writtenBy: this.#writtenBy })
    this.guests = new Guests(host, this.#departures, this.forwarding)
    this.#timer = new LookTimer(() => {})
  }

  /** Whether {@link look} has anything to do. */
  get isBusy(): boolean {
    return (
      this.#departures.size > 0 ||
      this.#timed.size > 0 ||
      this.#delayed.length > 0 ||
      this.#waits.size > 0 ||
      this.moved.hasDue ||
      this.guests.hasDue ||
      this.#host.dispatcher.travel.hasDue
    )
  }

  /** Actors of this core that are on others, and guests: for reports. */
  get counts(): { readonly away: number; readonly guests: number } {
    return { away: this.moved.size, guests: this.guests.size }
  }

  /** A job that an actor has offloaded begins, or ends. */
  job(cell: ActorCell, change: 1 | -1): void {
    const count = (this.#jobs.get(cell) ?? 0) + change
    if (count > 0) this.#jobs.set(cell, count)
    else this.#jobs.delete(cell)
  }

  /** A letter to a place is one to the actor that has it. */
  named(letter: DeadLetter): DeadLetter {
    const { core, slot, generation } = letter.target
    const guest = core === this.#host.coreNumber ? this.#host.slots.find(slot, generation)?.guest : undefined
    return guest === undefined ? letter : { ...letter, target: guest.home }
  }

  /** At the end of a turn: goes on with what waits for other cores, or for an actor to come to rest. */
  look(budget: TurnBudget): number {
    const delayed = this.#delayed
    this.#delayed = []
    for (const each of delayed) {
      if (this.#isDue(each)) each.act()
      else this.#delayed.push(each)
    }
    for (const wait of this.#waits) {
      if (!wait.isOver()) continue
      this.#waits.delete(wait)
      wait.act()
    }
    this.#departures.look()
    this.#timed.look()
    this.moved.look()
    this.guests.look()
    const passed = this.#host.dispatcher.travel.passOn(budget)
    if (this.isBusy && this.#timer.list < 0) this.#host.wheel.start(this.#timer, this.#host.now() + LOOK_MS)
    return passed
  }

  /** A message that was passed on, or has come back. `decode` throws when it cannot be read. */
  takeForwarded(from: number, cell: ActorCell | undefined, head: ForwardedHead, decode: () => unknown): void {
    const asker = head.beside instanceof Object && 'asker' in head.beside ? head.beside.asker : head.beside
    if (cell === undefined || (cell.guest === undefined && cell.moved?.place?.core !== from)) {
      const target = cell ?? { core: this.#host.coreNumber, slot: 0, generation: 0 }
      this.#host.deadLetters.bury('lost_with_core', target, { detail: 'its home, or its host, has died' })
      if (asker !== undefined) this.#host.replyError(asker, lostWithCore(target, from))
      return
    }
    let message: unknown
    try {
      message = decode()
    } catch (error) {
      const reason = isShareLost(error) ? 'lost_with_core' : 'not_decodable'
      this.#host.deadLetters.bury(reason, cell.address, { name: cell.name, detail: String(error) })
      if (asker !== undefined) this.#host.replyError(asker, error as Error)
      return
    }
    if (head.kind >= RETURNED) this.moved.takeBack(cell, message, head)
    else this.guests.take(cell, message, head)
  }

  /** Calls back when all that another core has written by now has been taken. */
  behind(core: number, act: () => void): void {
    const isBehind = this.#writtenBy(core)
    this.when(() => isBehind() === undefined, act)
  }

  /** Calls back at the end of the turn in which that has come to be so, and is looked at each millisecond. */
  when(isOver: () => boolean, act: () => void): void {
    this.#waits.add({ isOver, act })
  }

  /** False when the signal is none of these. */
  take(from: number, signal: Signal, answer: (signal: Signal) => void): signal is MoveSignal {
    switch (signal.type) {
      case 'migrate':
        this.moved.migrate(signal, answer)
        break
      case 'lodge':
        this.guests.lodge(signal, answer)
        break
      case 'unlodge':
        this.guests.unlodge(signal, answer)
        break
      case 'evict':
        this.guests.evict(signal, answer)
        break
      case 'guest_go':
        this.#behind(from, signal.after, () => {
          this.guests.go(signal)
        })
        break
      case 'guest_stay':
        this.guests.stay(signal)
        break
      case 'guest_hold':
        this.guests.hold(signal)
        break
      case 'guest_recall':
        this.#behind(from, signal.after, () => {
          this.guests.recall(signal)
        })
        break
      case 'guest_stop':
        this.guests.stop(signal)
        break
      case 'guest_exit':
        this.guests.exit(signal)
        break
      case 'guest_info':
        this.#info(from, signal)
        break
      case 'guest_heard':
        this.guests.heard(signal)
        break
      case 'guest_answer':
        this.guests.answer(signal)
        break
      case 'guest_act':
        this.moved.act(from, signal)
        break
      case 'guest_over':
        this.moved.over(from, signal)
        break
      case 'guest_back':
        this.#behind(from, signal.after, () => {
          this.moved.back(from, signal)
        })
        break
      case 'asks_lost':
        this.lostAsks.fail(signal.target, signal.error)
        break
      default:
        return false
    }
    this.#host.requestTurn()
    return true
  }

  /** A core has died in an incarnation before `epoch`. All that it had said is taken. */
  coreLost({ core, epoch, error, blamed }: Extract<Signal, { type: 'core_lost' }>): void {
    this.#delayed = this.#delayed.filter((each) => each.core !== core)
    this.guests.homeLost(core, epoch)
    this.moved.hostLost(core, epoch, error, blamed)
  }

  #info(from: number, signal: Extract<MoveSignal, { type: 'guest_info' }>): void {
    const cell = this.#host.slots.find(signal.slot, signal.generation)
    if (cell?.guest !== undefined) this.guests.info(from, signal)
    else if (cell?.moved?.place?.core === from) {
      const message = new InfoMessage(cell, signal.info, signal.isOfLink)
      ;(cell.infos ??= new InfoBox()).add(message)
      cell.moved.infos.push(message)
    }
  }

  #behind(core: number, after: number, act: () => void): void {
    const delayed = { core, after, act }
    if (this.#isDue(delayed)) act()
    else this.#delayed.push(delayed)
  }

  #isDue({ core, after }: Delayed): boolean {
    const lane = this.#host.inbound(core)
    return lane === undefined || ((lane.position - after) | 0) >= 0
  }
}
