/**
 * Where the signals of one core go (D4): to the root, to another core, or to what on this core they are meant for.
 *
 * Orders (start, stop, release, …) are carried out, whoever gives them, and answered to whoever gave them. Answers go to the request that waits
 * for them. The end of a supervised actor goes to its owner: the root, or a supervisor here or elsewhere. What is left is the root's.
 */
import type { AskCycles } from './ask-cycle.ts'
import type { ExitReason, MailboxOptions } from '@cambium/actor'
import { checkMessageBytes } from '@cambium/codec'
import type { Encoder } from '@cambium/codec'
import type { ActorCell } from './actor-cell.ts'
import { CoreRequests } from './core-requests.ts'
import type { Answer } from './core-requests.ts'
import { SIGNAL_BYTES_MAX } from './inbound-link.ts'
import { ROOT } from './ownership.ts'
import type { Ownership } from './ownership.ts'
import { plainRecord, SIGNAL } from './record-lane.ts'
import { followOrder } from './root-orders.ts'
import type { RootOrdersHost } from './root-orders.ts'
import type { HostLoss, Signal } from './signals.ts'
import type { SystemMemory } from './system-memory.ts'
import type { WaitWatch } from './wait-watch.ts'

export interface SignalRouterHost extends RootOrdersHost {
  readonly encoder: Encoder
  readonly waits: WaitWatch
  readonly dispatcher: { readonly askCycles: AskCycles }
}

export class SignalRouter {
  /** Of the root, on core 0, and of the supervisors on this core. */
  readonly requests: CoreRequests
  readonly #life: number
  readonly #host: SignalRouterHost
  readonly #memory: SystemMemory
  readonly #onRootSignal: ((from: number, signal: Signal) => void) | undefined
  /** What this core, which is core 0, has for the root. */
  readonly #rootInbox: Signal[] = []
  /** Starts that wait until the root is sure to learn of their slots. */
  readonly #enlisting: (() => void)[] = []

  constructor(
    host: SignalRouterHost,
    memory: SystemMemory,
    life: number,
    onRootSignal: ((from: number, signal: Signal) => void) | undefined,
  ) {
    this.#host = host
    this.#memory = memory
    this.#onRootSignal = onRootSignal
    this.requests = new CoreRequests(life, (core, signal) => this.order(core, signal))
    this.#life = life
  }

  get hasOwn(): boolean {
    return this.#rootInbox.length > 0 || (this.#enlisting.length > 0 && this.#isRootTold)
  }

  /** Core 0 hands the root what its own parts had for it. What has waited for the root to be told goes on. */
  takeOwn(): number {
    const starts = this.#isRootTold ? this.#enlisting.splice(0) : []
    for (const start of starts) start()
    const signals = this.#rootInbox.splice(0)
    for (const signal of signals) {
      if (signal.type === 'bond_relay') this.#relay(signal)
      else if (signal.type === 'exited' && signal.owner.slot !== ROOT.slot) this.#childExited(0, signal)
      else if (!this.#isAnswered(signal)) this.#onRootSignal?.(0, signal)
    }
    return starts.length + signals.length
  }

  /** To the root; on core 0 it is handed over in the next turn. */
  toRoot(signal: Signal): void {
    if (this.#host.coreNumber === 0) {
      this.#rootInbox.push(signal)
      this.#host.requestTurn()
    } else this.send(0, signal)
  }

  /** To another core, and to the incarnation whose epoch it answers. Throws `ERR_CANNOT_TRAVEL` when what it carries cannot, and `ERR_MESSAGE_TOO_LARGE`. */
  send(core: number, signal: Signal): number {
    const link = this.#host.links[core]
    const epoch = Atomics.load((this.#memory.blocks[core] as { epoch: Int32Array }).epoch, 0)
    if (link === undefined) return epoch // severed
    const { encoder } = this.#host
    const bytes = encoder.encodeKept(signal) // whose state, message or argument it carries has it still
    checkMessageBytes(bytes.length, SIGNAL_BYTES_MAX)
    if (!link.control.write(SIGNAL, epoch, 0, 0, bytes, encoder.layout, encoder.parcel)) {
      link.control.enqueue(plainRecord(SIGNAL, epoch, 0, bytes, encoder.layout, encoder.parcel))
    }
    // At once: a message that is sent after it must not be published before it.
    link.control.flush()
    this.#host.requestTurn()
    return epoch
  }

  /** A signal of the root to this core. */
  handle(signal: Signal): void {
    const isOrder = followOrder(this.#host, this.#host.coreNumber, signal, (answer) => {
      this.toRoot(answer)
    })
    if (!isOrder) this.#onRootSignal?.(this.#host.coreNumber, signal)
  }

  /**
   * An order of the root or of a supervisor to whichever core, and to the incarnation whose epoch it answers. What is answered comes to {@link requests}, on
   * core 0 in the next turn.
   */
  order(core: number, signal: Signal): number {
    if (core !== this.#host.coreNumber) return this.send(core, signal)
    if (core === 0) this.handle(signal)
    else followOrder(this.#host, core, signal, (answer) => this.requests.answered(answer as Answer))
    return this.#life
  }

  /** A signal has come from another core. */
  take(from: number, signal: Signal): void {
    if (this.#host.bonds.take(from, signal) || this.#host.directory.take(from, signal)) return
    if (signal.type === 'bond_relay') {
      this.#relay(signal)
      return
    }
    if (signal.type === 'wait_chain') {
      this.#host.waits.follow(signal)
      return
    }
    if (signal.type === 'ask_chain') {
      this.#host.dispatcher.askCycles.follow(signal.chain)
      return
    }
    if (signal.type === 'exited' && signal.owner.slot !== ROOT.slot) {
      this.#childExited(from, signal)
      return
    }
    if (this.#isAnswered(signal)) return
    const isOrder = followOrder(this.#host, from, signal, (answer) => {
      this.send(from, answer)
    })
    if (!isOrder) this.#onRootSignal?.(from, signal)
  }

  /** A supervised actor of this core has ended unasked. */
  reportExit(cell: ActorCell, reason: ExitReason, loss?: HostLoss): void {
    const { slot, generation, incarnation } = cell
    const owner = (cell.owner as Ownership).supervisor
    const told = loss === undefined ? {} : { loss }
    const signal = { type: 'exited', owner, slot, generation, reason, incarnation, ...told } as const
    // On core 0 what is answered waits for the next turn: the end of a child must not come before the answer to its start.
    if (owner.slot === ROOT.slot || (owner.core === 0 && this.#host.coreNumber === 0)) this.toRoot(signal)
    else if (owner.core === this.#host.coreNumber) this.#childExited(owner.core, signal)
    else this.send(owner.core, signal)
  }

  /**
   * The root keeps the slot of a supervisor's child from here on, for when its core dies. `start` is called once that is published: at once, but for a
   * control ring that is full.
   */
  enlist(cell: ActorCell, mailbox: MailboxOptions | undefined, start: () => void): void {
    const { slot, generation, name } = cell
    this.toRoot({ type: 'enlisted', slot, generation, name, mailbox, owner: cell.owner as Ownership })
    if (this.#isRootTold) start()
    else this.#enlisting.push(start)
  }

  discharge({ slot, generation }: ActorCell): void {
    this.toRoot({ type: 'discharged', slot, generation })
  }

  /** Core 0 passes it on, behind what it has told that core of the directory. What its sender had sent the short way comes first. */
  #relay(relay: Extract<Signal, { type: 'bond_relay' }>): void {
    const { coreNumber } = this.#host
    if (relay.to !== coreNumber) {
      this.send(relay.to, relay)
      return
    }
    if (relay.from !== coreNumber && coreNumber !== 0) this.#host.takeLastSignals(relay.from)
    this.#host.bonds.take(relay.from, relay.signal)
  }

  /** Whether the root learns of all that this core has told it, even if the core dies now. */
  get #isRootTold(): boolean {
    return this.#host.links[0]?.control.isPublished ?? true
  }

  #isAnswered(signal: Signal): boolean {
    const { type } = signal
    return (
      (type === 'started' || type === 'start_failed' || type === 'stopped' || type === 'inspected' || type === 'unlodged') &&
      this.requests.answered(signal)
    )
  }

  /** A child of a supervisor of this core has ended. */
  #childExited(core: number, { owner, slot, generation, reason, loss }: Extract<Signal, { type: 'exited' }>): void {
    const keeper = this.#host.slots.find(owner.slot, owner.generation)?.keeper
    if (keeper === undefined) this.order(core, { type: 'release', slot, generation })
    else if (loss === undefined) keeper.exited({ core, slot, generation }, reason)
    else keeper.hostLost({ core, slot, generation }, loss.isBlamed)
  }
}
