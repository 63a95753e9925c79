/**
 * Errors that nobody caught, while simulations run: those of a simulation go to it, all others to whoever listened before.
 *
 * The process's listeners are taken off meanwhile, since each of them would take a simulated actor's error for one of the process: a thread
 * that ends by it is what the simulation is about.
 */
import { simFrames } from './sim-context.ts'

const EVENTS = ['uncaughtException', 'unhandledRejection'] as const

type Listener = (...args: unknown[]) => void

interface Held {
  readonly event: (typeof EVENTS)[number]
  readonly ours: Listener
  readonly before: readonly Listener[]
}

let held: readonly Held[] = []
let holders = 0

/** Takes the listeners' place; the returned function gives it back. */
export function holdProcessErrors(): () => void {
  holders += 1
  if (holders === 1) held = EVENTS.map(takeOver)
  let isHeld = true
  return () => {
    if (!isHeld) return
    isHeld = false
    holders -= 1
    if (holders === 0) giveBack()
  }
}

function takeOver(event: (typeof EVENTS)[number]): Held {
  const before = process.rawListeners(event) as Listener[]
  process.removeAllListeners(event)
  const ours: Listener = (error, ...rest) => {
    const frame = simFrames.getStore()
    if (frame !== undefined) frame.scope.uncaught(error, frame)
    else if (before.length > 0) for (const listener of before) listener.call(process, error, ...rest)
    else {
      // Nobody listened: the process ends by it, as it would have without us.
      giveBack()
      queueMicrotask(() => {
        throw error
      })
    }
  }
  process.on(event, ours)
  return { event, ours, before }
}

function giveBack(): void {
  for (const { event, ours, before } of held) {
    process.off(event, ours)
    for (const listener of before) process.on(event, listener)
  }
  held = []
}
