/**
 * What belongs to the message in hand of an actor besides itself, for the few that need any of it: made when it is first needed, gone when the
 * handler has ended.
 */
import { CambiumError } from '@cambium/base'
import type { PendingAsk } from './asks.ts'
import type { Beside } from './mailbox-entry.ts'
import { Stamp } from './message-stamp.ts'
import type { NestedMessage } from './nested-messages.ts'
import type { OpenReceive } from './selective-receive.ts'

const NONE: ReadonlySet<never> = new Set()

export class Hand {
  /** What lay beside the message in the mailbox, unless that was its asker alone. */
  readonly beside: Beside | undefined
  /** The handler wants it put aside: `kept`, or dropped since there is no room. */
  stash: 'no' | 'kept' | 'dropped' = 'no'
  /** Number of the chain of calls that it is part of; 0 for none. */
  chain: number
  /** Made when the first is added: each handler that asks has a hand, and few of them need these. */
  #receives: Set<OpenReceive> | undefined = undefined
  #nested: Set<NestedMessage> | undefined = undefined
  /** Asks of the handler that nobody has answered yet; a list through {@link PendingAsk.nextOfHand}. */
  #firstAsk: PendingAsk | undefined = undefined

  constructor(beside: Beside | undefined) {
    this.beside = beside
    this.chain = beside instanceof Stamp ? beside.chain : 0
  }

  get receives(): ReadonlySet<OpenReceive> {
    return this.#receives ?? NONE
  }

  addReceive(receive: OpenReceive): void {
    ;(this.#receives ??= new Set()).add(receive)
  }

  removeReceive(receive: OpenReceive): void {
    this.#receives?.delete(receive)
  }

  /** Messages of its chain that are handled inside its handler. */
  get nested(): ReadonlySet<NestedMessage> {
    return this.#nested ?? NONE
  }

  addNested(message: NestedMessage): void {
    ;(this.#nested ??= new Set()).add(message)
  }

  /** False when it is not there any more. */
  removeNested(message: NestedMessage): boolean {
    return this.#nested?.delete(message) === true
  }

  clearNested(): void {
    this.#nested?.clear()
  }

  get hasAsks(): boolean {
    return this.#firstAsk !== undefined
  }

  *asks(): IterableIterator<PendingAsk> {
    for (let ask = this.#firstAsk; ask !== undefined; ask = ask.nextOfHand) yield ask
  }

  addAsk(ask: PendingAsk): void {
    ask.hand = this
    ask.nextOfHand = this.#firstAsk
    if (this.#firstAsk !== undefined) this.#firstAsk.previousOfHand = ask
    this.#firstAsk = ask
  }

  removeAsk(ask: PendingAsk): void {
    if (ask.previousOfHand === undefined) this.#firstAsk = ask.nextOfHand
    else ask.previousOfHand.nextOfHand = ask.nextOfHand
    if (ask.nextOfHand !== undefined) ask.nextOfHand.previousOfHand = ask.previousOfHand
    ask.hand = undefined
    ask.previousOfHand = undefined
    ask.nextOfHand = undefined
  }

  /** The handler has ended: nothing of it waits any more. */
  end(label: string): void {
    while (this.#firstAsk !== undefined) this.removeAsk(this.#firstAsk)
    for (const receive of this.receives) {
      receive.fail(
        new CambiumError('ERR_NOT_RECEIVING', `handler has ended, and its receive with it: actor=${label}`, {
          severity: 'crash',
        }),
      )
    }
  }
}
