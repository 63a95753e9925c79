/**
 * What happened in a run as a sequence chart, in text and for Mermaid: who told whom what, what was answered, what got lost, and what became
 * of actors and cores. A message's arrow stands where it was taken; one that nobody took stands where it was sent, with a cross.
 */
import { formatAddress } from '@cambium/base'
import type { ActorAddress } from '@cambium/base'
import type { ActorContext } from '@cambium/actor'
import type { Core } from '@cambium/scheduler'
import { frameLabel, simFrames } from './sim-context.ts'
import type { SimFrame } from './sim-context.ts'
import { isStorm } from './storms.ts'
import { preview } from './preview.ts'

export interface ChartEvent {
  /** Virtual milliseconds. */
  readonly atMs: number
  readonly kind: 'message' | 'timer' | 'reply' | 'lost' | 'note'
  readonly from: string
  readonly to: string
  readonly text: string
  /** How many times in a row. */
  readonly count: number
}

interface Sent {
  readonly from: string
  readonly text: string
  /** The place of its event: an arrow that is lost until it is taken. */
  event: ChartEvent | undefined
}

/** Events that are kept; the latest matter. */
const EVENTS_KEPT = 5000
/** Messages to one actor that are not taken yet and are remembered. */
const SENT_KEPT = 5000
const LANES_MAX = 8

export class ChartRecorder {
  readonly #now: () => number
  readonly #events: (ChartEvent | undefined)[] = []
  /** By target. */
  readonly #sent = new Map<string, Sent[]>()
  readonly #labels = new Map<string, string>()
  /** Who asked, by what the core keeps for the answer. */
  readonly #askers = new WeakMap<object, string>()
  readonly #cores = new Map<number, Core>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** The events in order, `last` of them at most. */
  events(last: number = EVENTS_KEPT): readonly ChartEvent[] {
    const merged: ChartEvent[] = []
    for (const event of this.#events) {
      if (event === undefined) continue
      const before = merged.at(-1)
      if (before !== undefined && isAlike(before, event)) merged[merged.length - 1] = { ...before, count: before.count + 1 }
      else merged.push(event)
    }
    return merged.slice(-last)
  }

  /** Looks at everything that is sent from a core. */
  observe(core: Core): void {
    this.#cores.set(core.coreNumber, core)
    for (const host of [core.sender.inside, core.sender.outside]) {
      const [tell, trySend, send, ask] = [
        host.tell.bind(host),
        host.trySend.bind(host),
        host.send.bind(host),
        host.ask.bind(host),
      ]
      host.tell = (target, message, options) => {
        this.#send(target, message)
        tell(target, message, options)
      }
      host.trySend = (target, message, options) => {
        const outcome = trySend(target, message, options)
        if (outcome === 'sent') this.#send(target, message)
        return outcome
      }
      host.send = (target, message, options) => {
        this.#send(target, message)
        return send(target, message, options)
      }
      host.ask = (target, message, options) => {
        this.#send(target, message)
        return ask(target, message, options)
      }
    }
    const reply = core.reply.bind(core)
    core.reply = (asker, value) => {
      this.#push({
        atMs: this.#now(),
        kind: 'reply',
        from: frameLabel(simFrames.getStore()),
        to: this.#askers.get(asker) ?? 'scenario',
        text: preview(value, this.#nameOf),
        count: 1,
      })
      reply(asker, value)
    }
  }

  /** An incarnation begins. */
  starting(frame: SimFrame): void {
    this.#labels.set(formatAddress((frame.actor as ActorContext).self), frameLabel(frame))
  }

  /** A message is about to be handled. */
  received(frame: SimFrame, message: unknown): void {
    const { self } = frame.actor as ActorContext
    const key = formatAddress(self)
    const text = preview(message, this.#nameOf)
    const queue = this.#sent.get(key)
    // Equal messages are in the order of their sending; what a codec changed has no equal, and is the oldest.
    const at = Math.max(0, queue?.findIndex((each) => each.text === text) ?? 0)
    // Not by `find`, which on a core under faults is one of the places where it may die: a chart changes nothing.
    const asker = this.#cores.get(self.core)?.slots.cells[self.slot]?.asker
    const sent = queue?.[at]
    if (sent !== undefined) {
      queue?.splice(at, 1)
      this.#forget(sent.event)
      if (asker !== undefined) this.#askers.set(asker, sent.from)
    }
    this.#push({
      atMs: this.#now(),
      kind: sent === undefined ? 'timer' : 'message',
      from: sent?.from ?? frameLabel(frame),
      to: frameLabel(frame),
      text,
      count: 1,
    })
  }

  note(atMs: number, core: number, what: string): void {
    this.#push({ atMs, kind: 'note', from: `core-${core}`, to: `core-${core}`, text: this.#withNames(what), count: 1 })
  }

  #send(target: ActorAddress, message: unknown): void {
    if (isStorm(message)) return // a note tells of all of them
    const key = formatAddress(target)
    const from = frameLabel(simFrames.getStore())
    const text = preview(message, this.#nameOf)
    const event: ChartEvent = { atMs: this.#now(), kind: 'lost', from, to: this.#nameOf(key), text, count: 1 }
    this.#push(event)
    const queue = this.#sent.get(key)
    if (queue === undefined) this.#sent.set(key, [{ from, text, event }])
    else if (queue.length < SENT_KEPT) queue.push({ from, text, event })
  }

  #push(event: ChartEvent): void {
    if (this.#events.length >= EVENTS_KEPT * 2) this.#events.splice(0, EVENTS_KEPT)
    this.#events.push(event)
  }

  #forget(event: ChartEvent | undefined): void {
    const at = event === undefined ? -1 : this.#events.lastIndexOf(event)
    if (at >= 0) this.#events[at] = undefined
  }

  readonly #nameOf = (address: string): string => this.#labels.get(address) ?? address.replace(/#.*$/, '')

  #withNames(text: string): string {
    return text.replaceAll(/core-\d+\/\d+#\d+/g, this.#nameOf)
  }
}

/** One line for each event: time, a lane for each participant, text. */
export function renderText(events: readonly ChartEvent[]): string {
  const names = participants(events)
  if (names.length > LANES_MAX) return events.map((event) => `${time(event)}  ${lineOf(event)}`).join('\n')
  const at = (name: string): number => names.slice(0, names.indexOf(name)).reduce((sum, each) => sum + each.length + 3, 0)
  const width = names.reduce((sum, each) => sum + each.length + 3, 0)
  const head = `${'ms'.padStart(10)}  ${names.map((name) => name.padEnd(name.length + 3)).join('')}`.trimEnd()
  const rows = events.map((event) => {
    const lane = Array.from({ length: width }, () => ' ')
    for (const name of names) lane[at(name)] = '│'
    if (event.kind === 'note') return `${time(event)}  ${lane.join('')}● ${event.from}: ${event.text}`
    const [from, to] = [at(event.from), at(event.to)]
    const line = event.kind === 'reply' ? '╌' : '─'
    for (let i = Math.min(from, to) + 1; i < Math.max(from, to); i += 1) lane[i] = line
    if (from === to) lane[from] = event.kind === 'timer' ? '◷' : event.kind === 'lost' ? '×' : '↺'
    else lane[to] = event.kind === 'lost' ? '×' : from < to ? '▶' : '◀'
    return `${time(event)}  ${lane.join('')}${textOf(event)}`
  })
  return [head, ...rows].join('\n')
}

/** A Mermaid `sequenceDiagram`. */
export function renderMermaid(events: readonly ChartEvent[]): string {
  const names = participants(events)
  const id = (name: string): string => `p${names.indexOf(name)}`
  const arrows = { message: '->>', timer: '->>', reply: '-->>', lost: '-x', note: '' } as const
  const lines = events.map((event) => {
    const text = escapeMermaid(event.kind === 'note' ? `${event.from}: ${event.text}` : textOf(event))
    if (event.kind !== 'note') return `  ${id(event.from)}${arrows[event.kind]}${id(event.to)}: ${text}`
    return names.length === 0 ? `  %% ${text}` : `  Note over p0${names.length > 1 ? `,p${names.length - 1}` : ''}: ${text}`
  })
  return ['sequenceDiagram', ...names.map((name) => `  participant ${id(name)} as ${escapeMermaid(name)}`), ...lines].join('\n')
}

function participants(events: readonly ChartEvent[]): string[] {
  return [...new Set(events.flatMap(({ kind, from, to }) => (kind === 'note' ? [] : [from, to])))]
}

/** Equal but for the time, to the millisecond. */
function isAlike(a: ChartEvent, b: ChartEvent): boolean {
  return a.kind === b.kind && a.from === b.from && a.to === b.to && a.text === b.text && Math.floor(a.atMs) === Math.floor(b.atMs)
}

function textOf(event: ChartEvent): string {
  const why = event.kind === 'lost' ? ' (not handled)' : event.kind === 'timer' ? ' (timer)' : ''
  return `${event.text}${why}${event.count > 1 ? ` ×${event.count}` : ''}`
}

function lineOf(event: ChartEvent): string {
  if (event.kind === 'note') return `● ${event.from}: ${event.text}`
  const arrow = { message: '→', timer: '◷', reply: '⇠', lost: '×' }[event.kind]
  return `${event.from} ${arrow} ${event.to}: ${textOf(event)}`
}

function time(event: ChartEvent): string {
  return event.atMs.toFixed(3).padStart(10)
}

function escapeMermaid(text: string): string {
  return text.replaceAll(/[#;<>\n]/g, (found) => (found === '\n' ? ' ' : `#${found.charCodeAt(0)};`))
}
