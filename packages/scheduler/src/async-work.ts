/**
 * Asynchronous callbacks of actors that are under way on a core: followed until they settle, or given up when their incarnation ends first. An
 * actor has one at a time.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Info } from '@cambium/actor'
import type { ActorCell } from './actor-cell.ts'

export class AsyncWork {
  /** While there are any the core must not block its event loop. */
  inFlight = 0
  readonly #requestTurn: () => void
  /** Made when the first asynchronous handler runs: most cores have none, and before Node 24 it slows every promise down. */
  #frames: AsyncLocalStorage<ActorCell> | undefined = undefined

  constructor(requestTurn: () => void) {
    this.#requestTurn = requestTurn
  }

  /** One of the two is called when `promise` settles, unless the actor has gone on without it. */
  follow(cell: ActorCell, promise: Promise<unknown>, onValue: (value: unknown) => void, onError: (error: unknown) => void): void {
    const { phase } = cell
    const token = {}
    cell.awaited = token
    this.inFlight += 1
    const settle = (call: () => void): void => {
      this.#requestTurn()
      if (cell.awaited !== token) return
      cell.awaited = undefined
      this.inFlight -= 1
      if (cell.phase === phase) call()
    }
    // Not `promise.then`: a promise may have a `then` of its own, and it may throw.
    void Promise.prototype.then.call(
      promise,
      (value: unknown) => {
        settle(() => {
          onValue(value)
        })
      },
      (error: unknown) => {
        settle(() => {
          onError(error)
        })
      },
    )
  }

  /** The incarnation ends before its callback has. */
  giveUp(cell: ActorCell): void {
    if (cell.awaited === undefined) return
    cell.awaited = undefined
    this.inFlight -= 1
  }

  /** Runs an asynchronous handler so that what it does after an `await` can still be told to be its own. */
  enter<T>(cell: ActorCell, run: () => T): T {
    this.#frames ??= new AsyncLocalStorage()
    return this.#frames.run(cell, run)
  }

  /** {@link enter} for the next message of an actor. A function of its own: a closure in the handling of each message would cost the synchronous ones, too. */
  receive(cell: ActorCell, message: unknown): unknown {
    const program = cell.program as NonNullable<ActorCell['program']>
    const context = cell.context as NonNullable<ActorCell['context']>
    return this.enter(cell, () => program.receive(cell.state, message, context))
  }

  /** What the runtime tells an actor, which may handle it asynchronously. */
  inform(cell: ActorCell, info: Info): unknown {
    const program = cell.program as NonNullable<ActorCell['program']>
    const context = cell.context as NonNullable<ActorCell['context']>
    const run = (): unknown => program.info?.(cell.state, info, context)
    return cell.isAsync ? this.enter(cell, run) : run()
  }

  /** The actor whose asynchronous handler is running just now, between two awaits. */
  get current(): ActorCell | undefined {
    const cell = this.#frames?.getStore()
    return cell?.awaited === undefined ? undefined : cell
  }
}
