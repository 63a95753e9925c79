/**
 * Who is alive. Never two incarnations of one actor, or of one name, at a time; no address given to two actors; no message to the state of
 * another incarnation (D8).
 */
import type { ActorContext } from '@cambium/actor'
import { formatAddress } from '@cambium/base'
import { violation } from './violation.ts'

interface Incarnation {
  readonly context: ActorContext
  readonly label: string
  /** Number of the core's life in which it began: with the core it ends. */
  readonly coreLife: number
}

export class IncarnationOracle {
  readonly #byAddress = new Map<string, Incarnation>()
  readonly #byName = new Map<string, Incarnation>()
  readonly #coreLife: (core: number) => number

  constructor(coreLife: (core: number) => number) {
    this.#coreLife = coreLife
  }

  /** Names that any actor has had. */
  get names(): IterableIterator<string> {
    return this.#byName.keys()
  }

  starting(context: ActorContext): void {
    const address = formatAddress(context.self)
    const before = this.#byAddress.get(address)
    if (before !== undefined) {
      if (context.incarnation === 0) throw violation('ERR_ORACLE_ADDRESS', 'an address was given twice', { address, first: before.label, second: label(context) })
      if (this.#isAlive(before)) throw violation('ERR_ORACLE_INCARNATION', 'two incarnations of one actor are alive', { address, incarnation: context.incarnation })
    }
    const now: Incarnation = { context, label: label(context), coreLife: this.#coreLife(context.core) }
    this.#byAddress.set(address, now)
    if (context.name === undefined) return
    const namesake = this.#byName.get(context.name)
    if (namesake !== undefined && this.#isAlive(namesake)) throw violation('ERR_ORACLE_INCARNATION', 'two actors of one name are alive', { name: context.name, first: namesake.label, second: now.label })
    this.#byName.set(context.name, now)
  }

  receiving(owner: ActorContext, context: ActorContext): void {
    if (owner !== context) throw violation('ERR_ORACLE_INCARNATION', 'a message reached the state of another incarnation', { owner: label(owner), receiver: label(context) })
    if (this.#byAddress.get(formatAddress(context.self))?.context !== context) {
      throw violation('ERR_ORACLE_INCARNATION', 'a message reached an incarnation that is over', { receiver: label(context) })
    }
  }

  #isAlive(incarnation: Incarnation): boolean {
    return incarnation.coreLife === this.#coreLife(incarnation.context.core) && !isOver(incarnation.context)
  }
}

/** Whether the context's incarnation has ended: then it refuses whatever it is asked for. */
export function isOver(context: ActorContext): boolean {
  try {
    context.cancelTimer('\0never set')
    return false
  } catch {
    return true
  }
}

function label(context: ActorContext): string {
  return `${context.name ?? formatAddress(context.self)} (${context.incarnation})`
}
