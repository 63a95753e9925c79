/**
 * Stops the actors of a system that ends, in reverse order of their start, so that an actor ends before those on whose service it may rely.
 *
 * 1. One after the other. Each is given half of the time left, and the next one is not kept waiting for longer: one `terminate` that
 *    never settles must not take theirs from all others. The late one goes on, until its own limit kills it.
 * 2. An actor whose core is dead is only forgotten: nobody there would answer. One that had moved may still run on another core, and ends there first. A successor that still starts
 *    answers when it is up.
 * 3. Before the time is up, those that have not had their turn are stopped all at once.
 */
import { CallbackTimer } from '@cambium/scheduler'
import type { Root } from './root.ts'
import type { SupervisedActor } from './supervised-actor.ts'

/** The least share of one actor, in milliseconds. */
const SHARE_MS_MIN = 50
/** What is kept of the time for those that have not had their turn, as a share of it. */
const RESERVE_SHARE = 0.25

/** Resolves when all have stopped or `untilMs` is reached. `actors` in the order in which they are to stop. */
export async function stopActors(root: Root, actors: readonly SupervisedActor[], untilMs: number): Promise<void> {
  const leftMs = (): number => Math.max(1, untilMs - root.now())
  const inTurnUntilMs = untilMs - leftMs() * RESERVE_SHARE
  const waiting = new Set(actors)
  const stop = (actor: SupervisedActor, shareMs: number): Promise<void> => {
    waiting.delete(actor)
    const { core, shutdown } = actor
    if (core !== 0 && root.pool.thread(core) === undefined) {
      return atMost(root, shareMs, (done) => {
        root.moves.endGuest(actor.address, done)
      }).then(() => {
        root.roster.forget(actor)
      })
    }
    const limit = typeof shutdown === 'number' ? Math.min(shutdown, leftMs()) : shutdown
    return atMost(root, shareMs, (done) => {
      root.endActor(actor, limit, done)
    })
  }
  for (const actor of actors) {
    const inTurnMs = inTurnUntilMs - root.now()
    if (inTurnMs <= 0) break
    await stop(actor, Math.min(inTurnMs, Math.max(SHARE_MS_MIN, inTurnMs / 2)))
  }
  await Promise.all(Array.from(waiting, (actor) => stop(actor, leftMs())))
}

/** Resolves when `begin` has called back, or after `ms`. */
function atMost(root: Root, ms: number, begin: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = new CallbackTimer(resolve)
    root.core.wheel.start(timer, root.now() + ms)
    begin(() => {
      root.core.wheel.cancel(timer)
      resolve()
    })
    root.core.requestTurn()
  })
}
