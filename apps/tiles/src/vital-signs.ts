/** How the service is doing: counts, a rate and a latency over the last seconds, and the last things that failed or came back. */
import { createHistogram } from 'node:perf_hooks'
import type { RecordableHistogram } from 'node:perf_hooks'
import { formatExitReason } from 'cambium'
import type { ActorAddress, System } from 'cambium'
import { nowMs } from './clock.ts'

export interface LifeEvent {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly kind: 'crash' | 'restart' | 'core lost' | 'core back' | 'given up' | 'drill'
  readonly text: string
}

export interface Rates {
  readonly answersPerSecond: number
  readonly tilesDrawnPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface CoreLife {
  readonly isUp: boolean
  readonly deaths: number
}

const WINDOW_MS = 5000
const EVENTS_MAX = 30
const CRASHED_MAX = 1000

interface Window {
  readonly startedMs: number
  readonly latency: RecordableHistogram
  answers: number
  drawn: number
}

export class VitalSigns {
  readonly #events: LifeEvent[] = []
  /** Actors that are down by themselves; of those that went down with their core the core's events tell. */
  readonly #crashed = new Set<string>()
  readonly #cores = new Map<number, { isUp: boolean; deaths: number }>()
  #current: Window = beginWindow(nowMs())
  #last: Window = beginWindow(nowMs())
  /** Answers by status, since the start. */
  readonly answers: Map<number, number> = new Map()

  constructor(system: System) {
    for (let core = 1; core <= system.cores; core += 1) this.#cores.set(core, { isUp: true, deaths: 0 })
    const { events } = system
    events.on('actor_exited', ({ actor, name, reason }) => {
      if (reason.kind !== 'crash') return
      if (this.#crashed.size >= CRASHED_MAX) this.#crashed.clear() // those who stay down would add up
      this.#crashed.add(nameOf(actor))
      this.note('crash', `${name ?? 'an actor'} on core ${actor.core}: ${oneLine(formatExitReason(reason))}`)
    })
    events.on('actor_restarted', ({ actor, name, tookMs }) => {
      if (this.#crashed.delete(nameOf(actor)))
        this.note('restart', `${name ?? 'an actor'} on core ${actor.core} is back after ${tookMs.toFixed(1)} ms`)
    })
    events.on('core_lost', ({ core, error, actors }) => {
      const life = this.#core(core)
      life.isUp = false
      life.deaths += 1
      this.note('core lost', `core ${core} with ${actors} actors: ${oneLine(error.message)}`)
    })
    events.on('core_restarted', ({ core, tookMs }) => {
      this.#core(core).isUp = true
      this.note('core back', `core ${core} runs again after ${tookMs.toFixed(0)} ms`)
    })
    events.on('given_up', ({ name, restarts }) => this.note('given up', `${name} after ${restarts} restarts`))
  }

  note(kind: LifeEvent['kind'], text: string): void {
    this.#events.push({ at: Date.now(), kind, text })
    if (this.#events.length > EVENTS_MAX) this.#events.shift()
  }

  answered(status: number, tookMs: number): void {
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1)
    const window = this.#window()
    window.answers += 1
    window.latency.record(Math.max(1, Math.round(tookMs * 1000)))
  }

  drawn(): void {
    this.#window().drawn += 1
  }

  core(number: number): CoreLife {
    return { ...this.#core(number) }
  }

  /** The newest last. */
  get events(): readonly LifeEvent[] {
    return this.#events
  }

  rates(): Rates {
    const current = this.#window()
    const last = this.#last
    const both = createHistogram()
    both.add(last.latency)
    both.add(current.latency)
    const seconds = Math.max(1, nowMs() - last.startedMs) / 1000
    return {
      answersPerSecond: (last.answers + current.answers) / seconds,
      tilesDrawnPerSecond: (last.drawn + current.drawn) / seconds,
      p50Ms: both.count === 0 ? 0 : both.percentile(50) / 1000,
      p99Ms: both.count === 0 ? 0 : both.percentile(99) / 1000,
    }
  }

  #core(number: number): { isUp: boolean; deaths: number } {
    let life = this.#cores.get(number)
    if (life === undefined) {
      life = { isUp: true, deaths: 0 }
      this.#cores.set(number, life)
    }
    return life
  }

  #window(): Window {
    const now = nowMs()
    const ageMs = now - this.#current.startedMs
    if (ageMs >= WINDOW_MS) {
      // After a quiet time the window before this one is empty too.
      this.#last = ageMs >= 2 * WINDOW_MS ? beginWindow(now - WINDOW_MS) : this.#current
      this.#current = beginWindow(now)
    }
    return this.#current
  }
}

function beginWindow(startedMs: number): Window {
  return { startedMs, latency: createHistogram(), answers: 0, drawn: 0 }
}

function oneLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

function nameOf({ core, slot, generation }: ActorAddress): string {
  return `${core}/${slot}#${generation}`
}
