/**
 * What failed during a run, and how it came back, from the events of the system. An incident is open until all of its actors
 * are back or given up; the work that was done again is known to the dispatcher alone and is added at the end.
 */
import { formatExitReason } from 'cambium'
import type { System, SystemEventMap } from 'cambium'
import type { Loss } from './batch-ledger.ts'
import type { RunEvent } from './report.ts'

export interface Incidents {
  /** Resolves when no incident is open. */
  readonly settled: () => Promise<void>
  /** In the order in which they happened. */
  readonly events: (losses: readonly Loss[]) => readonly RunEvent[]
}

interface Incident {
  readonly kind: RunEvent['kind']
  readonly what: string
  readonly lost: number
  readonly analysers: readonly number[]
  /** Names of the actors that are still down; for a core also {@link CORE}. */
  readonly down: Set<string>
  recoveredInMs: number
  isGivenUp: boolean
}

const CORE = 'the core itself'

/**
 * Watches the analysers; their numbers are their places in the list. `onNews` gets a line when an incident is over, `onGivenUp` the number
 * of an analyser that stays down.
 */
export function watchIncidents(
  system: System,
  analysers: readonly { readonly name: string; readonly core: number }[],
  onNews: (line: string) => void,
  onGivenUp: (analyser: number) => void,
): Incidents {
  const incidents: Incident[] = []
  /** Messages that a crash took with it; the news of them comes before that of the end. */
  const crashedWith = new Map<string, number>()
  let waiting: (() => void)[] = []

  const numberOf = (name: string): number => analysers.findIndex((analyser) => analyser.name === name)

  const isOpen = (incident: Incident): boolean => incident.down.size > 0

  const back = (name: string, tookMs: number, isGivenUp: boolean): void => {
    for (const incident of incidents) {
      if (!incident.down.delete(name)) continue
      incident.recoveredInMs = Math.max(incident.recoveredInMs, tookMs)
      incident.isGivenUp ||= isGivenUp
      if (isOpen(incident)) continue
      const outcome = incident.isGivenUp ? 'stays down' : `back in ${incident.recoveredInMs.toFixed(1)} ms`
      onNews(`${incident.what}: ${outcome}`)
    }
    if (incidents.some(isOpen)) return
    for (const resolve of waiting) resolve()
    waiting = []
  }

  const listeners: { readonly [K in keyof SystemEventMap]?: (...args: SystemEventMap[K]) => void } = {
    dead_letter: ({ reason, name, count }) => {
      if (reason === 'crashed' && name !== undefined) crashedWith.set(name, (crashedWith.get(name) ?? 0) + count)
    },
    actor_exited: ({ name = '', actor, reason }) => {
      const number = numberOf(name)
      if (number < 0) return
      const lost = crashedWith.get(name) ?? 0
      crashedWith.delete(name)
      const what = `${name} on core ${actor.core} (${formatExitReason(reason)})`
      const down = new Set([name])
      incidents.push({ kind: 'actor_crash', what, lost, analysers: [number], down, recoveredInMs: 0, isGivenUp: false })
    },
    core_lost: ({ core, inHand, lost, error }) => {
      const own = analysers.map((analyser, number) => ({ ...analyser, number })).filter((analyser) => analyser.core === core)
      incidents.push({
        kind: 'core_death',
        what: `core ${core} with ${own.length} actors (${error.message})`,
        lost: inHand.length + lost,
        analysers: own.map(({ number }) => number),
        down: new Set([CORE + core, ...own.map(({ name }) => name)]),
        recoveredInMs: 0,
        isGivenUp: false,
      })
    },
    actor_restarted: ({ name = '', tookMs }) => back(name, tookMs, false),
    core_restarted: ({ core, tookMs }) => back(CORE + core, tookMs, false),
    given_up: ({ name }) => {
      back(name, 0, true)
      if (numberOf(name) >= 0) onGivenUp(numberOf(name))
    },
  }
  for (const [event, listener] of Object.entries(listeners)) system.events.on(event as never, listener)

  return {
    settled: () =>
      incidents.some(isOpen)
        ? new Promise((resolve) => {
            waiting.push(resolve)
          })
        : Promise.resolve(),
    events: (losses) => {
      // Each end of an analyser is one loss, so the losses of one analyser are in the order of its incidents.
      const open = [...losses]
      const redoneOf = (number: number): number => {
        const at = open.findIndex((loss) => loss.analyser === number)
        return at < 0 ? 0 : open.splice(at, 1)[0]!.redone
      }
      return incidents.map(({ kind, what, lost, analysers: numbers, recoveredInMs, isGivenUp }) => ({
        kind,
        what,
        ...(isGivenUp ? {} : { recoveredInMs }),
        lost,
        redone: numbers.reduce((sum, number) => sum + redoneOf(number), 0),
      }))
    },
  }
}
