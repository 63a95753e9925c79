/**
 * What the runtime tells an actor, on its way to the callback `info`. It lies in the mailbox as its own asker, as a timer does, and counts only while
 * the box of its incarnation holds it: so it can be withdrawn wherever it lies, and ends with its incarnation.
 */
import type { Info } from '@cambium/actor'
import type { ActorCell } from './actor-cell.ts'

export class InfoMessage {
  readonly cell: ActorCell
  readonly info: Info
  /** An exit of a link, in contrast to one that somebody sent. */
  readonly isOfLink: boolean

  constructor(cell: ActorCell, info: Info, isOfLink: boolean) {
    this.cell = cell
    this.info = info
    this.isOfLink = isOfLink
  }
}

/** What one incarnation has to do with exits and infos; made when it first has. */
export class InfoBox {
  isTrapping = false
  /** Exits among those that wait which somebody has sent. */
  exitsSent = 0
  readonly #waiting: Set<InfoMessage> = new Set()

  add(message: InfoMessage): void {
    this.#waiting.add(message)
    if (isSentExit(message)) this.exitsSent += 1
  }

  has(message: InfoMessage): boolean {
    return this.#waiting.has(message)
  }

  /** Takes a message out; false when it was withdrawn. */
  take(message: InfoMessage): boolean {
    if (!this.#waiting.delete(message)) return false
    if (isSentExit(message)) this.exitsSent -= 1
    return true
  }

  /** Monitors that have yielded and whose `down` it has still to be told: to the actor they are monitors that it has. */
  downs(): number[] {
    const names: number[] = []
    for (const { info } of this.#waiting) if (info.type === 'down') names.push(info.monitor)
    return names
  }

  withdraw(isMeant: (message: InfoMessage) => boolean): void {
    for (const message of this.#waiting) if (isMeant(message)) this.take(message)
  }
}

function isSentExit(message: InfoMessage): boolean {
  return message.info.type === 'exit' && !message.isOfLink
}
