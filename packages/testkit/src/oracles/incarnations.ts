/**
 * Who is alive. Never two incarnations of one actor, or of one name, at a time; no address given to two actors; no message to the state of
 * another incarnation; and none refused as for nobody whose actor comes back (D8).
 */
import type { ActorContext } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import { formatAddress } from '@cambium/base'
import { violation } from './violation.ts'

interface Incarnation {
  /** The latest, where it has moved. */
  context: ActorContext
  readonly label: string
  /** In the order of the starts of a run. */
  readonly number: number
  /** Number of the core's life in which it began: with the core it ends. */
  coreLife: number
}

export class IncarnationOracle {
  readonly #byAddress = new Map<string, Incarnation>()
  readonly #byName = new Map<string, Incarnation>()
  readonly #byContext = new WeakMap<ActorContext, Incarnation>()
  /** Addresses at which messages were told that there is no such actor. */
  readonly #refused = new Set<string>()
  readonly #coreLife: (core: number) => number
  #count = 0

  constructor(coreLife: (core: number) => number) {
    this.#coreLife = coreLife
  }

  /** Names that any actor has had. */
  get names(): IterableIterator<string> {
    return this.#byName.keys()
  }

  /** The latest incarnation that has begun at an address. */
  latest(address: string): { readonly number: number; readonly isAlive: boolean } | undefined {
    const latest = this.#byAddress.get(address)
    return latest === undefined ? undefined : { number: latest.number, isAlive: this.#isAlive(latest) }
  }

  /** A message has found no such actor. */
  refused(to: ActorAddress): void {
    const address = formatAddress(to)
    if (this.#byAddress.has(address)) this.#refused.add(address)
  }

  /** Answers its number, in the order of the starts of a run, and whether the actor has begun before. */
  starting(context: ActorContext): { readonly address: string; readonly number: number; readonly isAnew: boolean } {
    const address = formatAddress(context.self)
    const before = this.#byAddress.get(address)
    this.#count += 1
    const now: Incarnation = { context, label: label(context), number: this.#count, coreLife: this.#coreLife(context.core) }
    this.#byAddress.set(address, now)
    this.#byContext.set(context, now)
    if (before !== undefined) {
      if (context.incarnation === 0)
        throw violation('ERR_ORACLE_ADDRESS', 'an address was given twice', { address, first: before.label, second: now.label })
      if (this.#isAlive(before))
        throw violation('ERR_ORACLE_INCARNATION', 'two incarnations of one actor are alive', {
          address,
          incarnation: context.incarnation,
        })
      if (this.#refused.has(address))
        throw violation('ERR_ORACLE_INCARNATION', 'a message was refused as for nobody, and its actor came back', { address })
      this.#byContext.delete(before.context)
    }
    const started = { address, number: now.number, isAnew: before !== undefined }
    if (context.name === undefined) return started
    const namesake = this.#byName.get(context.name)
    this.#byName.set(context.name, now)
    if (namesake !== undefined && this.#isAlive(namesake))
      throw violation('ERR_ORACLE_INCARNATION', 'two actors of one name are alive', {
        name: context.name,
        first: namesake.label,
        second: now.label,
      })
    return started
  }

  /** The incarnation has moved to another core, where it has another context. */
  moved(context: ActorContext): void {
    const incarnation = this.#byAddress.get(formatAddress(context.self))
    if (incarnation === undefined || incarnation.context === context) return
    if (this.#isAlive(incarnation))
      throw violation('ERR_ORACLE_INCARNATION', 'an actor has moved and is still where it was', { address: label(context) })
    this.#byContext.delete(incarnation.context)
    incarnation.context = context
    incarnation.coreLife = this.#coreLife(context.core)
    this.#byContext.set(context, incarnation)
  }

  /** Answers the number of the incarnation. */
  receiving(owner: ActorContext, context: ActorContext): number {
    if (owner !== context)
      throw violation('ERR_ORACLE_INCARNATION', 'a message reached the state of another incarnation', {
        owner: label(owner),
        receiver: label(context),
      })
    const incarnation = this.#byContext.get(context)
    if (incarnation === undefined)
      throw violation('ERR_ORACLE_INCARNATION', 'a message reached an incarnation that is over', { receiver: label(context) })
    return incarnation.number
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

/** For messages; asks nothing of the context that an ended one refuses. */
function label(context: ActorContext): string {
  return `${context.name ?? formatAddress(context.self)} (${context.incarnation})`
}
