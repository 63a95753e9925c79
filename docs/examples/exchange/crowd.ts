/**
 * The people at the lines of one core. Each hears tones and answers with what people do: lift, dial somebody, talk a while, lay down; now
 * and then they lay down at any other point. What somebody means to do next, and when, stands in an agenda of short ticks.
 */
import { defineActor } from 'cambium'
import type { ActorContext } from 'cambium'
import { DIGITS, type LineRef } from './line.ts'

/** `silence`: the receiver lies on the hook. */
export type Tone = 'silence' | 'dial' | 'ringback' | 'bell' | 'callerTalk' | 'calleeTalk' | 'busy'

export type Heard =
  | { readonly type: 'heard'; readonly index: number; readonly tone: Tone }
  | { readonly type: 'begin'; readonly lines: readonly LineRef[] }
  | { readonly type: 'tick' | 'report' | 'goHome' }

/** What people do, for how long. */
export interface Habits {
  /** Between two calls, at most. */
  readonly pauseMs: number
  /** In a call, at most. */
  readonly talkMs: number
  /** Chance to lay down at any one point before the talk. */
  readonly impatience: number
  /** Numbers that exist: from 0 to below this. */
  readonly numbers: number
}

export interface CrowdReport {
  readonly lines: number
  /** Calls that came to talk, counted where they were made. */
  readonly connected: number
  readonly busy: number
  readonly givenUp: number
  /** Receivers off the hook or bells ringing: sessions under way. */
  readonly inSession: number
  readonly talking: number
}

/** Of a crowd whose lines are still being laid. */
const NOBODY: CrowdReport = { lines: 0, connected: 0, busy: 0, givenUp: 0, inSession: 0, talking: 0 }

type Deed = 'lift' | 'dial' | 'layDown'

interface Intent {
  readonly index: number
  /** Holds while it has heard nothing else. */
  readonly change: number
  readonly deed: Deed
  readonly tick: number
}

const TICK_MS = 20
/** Ticks of the agenda; what is further away goes round. */
const TICKS = 1024

export class Crowd {
  readonly #lines: readonly LineRef[]
  readonly #habits: Habits
  readonly #context: ActorContext<Heard, CrowdReport>
  readonly #tones: Tone[]
  /** Counts what each has heard, so that what was meant before is forgotten. */
  readonly #changes: Uint32Array
  readonly #agenda: Intent[][] = Array.from({ length: TICKS }, () => [])
  #tick = 0
  #isGoingHome = false
  #connected = 0
  #busy = 0
  #givenUp = 0
  #inSession = 0
  #talking = 0

  constructor(lines: readonly LineRef[], habits: Habits, context: ActorContext<Heard, CrowdReport>) {
    this.#lines = lines
    this.#habits = habits
    this.#context = context
    this.#tones = lines.map(() => 'silence')
    this.#changes = new Uint32Array(lines.length)
    for (let index = 0; index < lines.length; index++) this.#mean(index, 'lift', context.random() * habits.pauseMs)
  }

  hear(index: number, tone: Tone): void {
    const before = this.#tones[index] ?? 'silence'
    this.#tones[index] = tone
    this.#inSession += Number(tone !== 'silence') - Number(before !== 'silence')
    this.#talking += Number(isTalk(tone)) - Number(isTalk(before))
    if (tone === 'callerTalk') this.#connected++
    if (tone === 'busy' && !isTalk(before)) this.#busy++
    this.#changes[index] = (this.#changes[index] ?? 0) + 1
    const { pauseMs, talkMs, impatience } = this.#habits
    const chance = this.#context.random()
    if (this.#isGoingHome && tone !== 'silence') this.#mean(index, 'layDown', 0)
    else if (tone === 'silence') this.#mean(index, 'lift', chance * pauseMs)
    else if (tone === 'busy') this.#mean(index, 'layDown', 0)
    else if (isTalk(tone)) this.#mean(index, 'layDown', chance * talkMs)
    else if (this.#context.random() < impatience) this.#mean(index, 'layDown', chance * pauseMs)
    else if (tone === 'dial') this.#mean(index, 'dial', 0)
    else if (tone === 'bell') this.#mean(index, 'lift', chance * TICK_MS * 10)
  }

  tick(): void {
    this.#tick++
    const due = this.#agenda[this.#tick % TICKS] ?? []
    this.#agenda[this.#tick % TICKS] = due.filter((each) => each.tick > this.#tick)
    for (const each of due) {
      if (each.tick <= this.#tick && each.change === this.#changes[each.index]) this.#do(each.index, each.deed)
    }
  }

  /** Nobody lifts any more, and everybody lays down. */
  goHome(): void {
    this.#isGoingHome = true
    for (const [index, tone] of this.#tones.entries()) if (tone !== 'silence') this.#do(index, 'layDown')
  }

  report(): CrowdReport {
    return {
      lines: this.#lines.length,
      connected: this.#connected,
      busy: this.#busy,
      givenUp: this.#givenUp,
      inSession: this.#inSession,
      talking: this.#talking,
    }
  }

  #mean(index: number, deed: Deed, afterMs: number): void {
    const tick = this.#tick + 1 + Math.floor(afterMs / TICK_MS)
    this.#agenda[tick % TICKS]?.push({ index, change: this.#changes[index] ?? 0, deed, tick })
  }

  #do(index: number, deed: Deed): void {
    const line = this.#lines[index]
    if (line === undefined) return
    if (deed === 'lift') {
      if (!this.#isGoingHome) line.tell({ type: 'lift' })
    } else if (deed === 'layDown') {
      const tone = this.#tones[index] ?? 'silence'
      if (tone !== 'busy' && !isTalk(tone)) this.#givenUp++
      // A bell cannot be laid down: who does not answer lets it ring.
      if (tone !== 'bell') line.tell({ type: 'hangUp' })
    } else {
      const number = String(Math.floor(this.#context.random() * this.#habits.numbers)).padStart(DIGITS, '0')
      for (const digit of number) line.tell({ type: 'digit', digit: Number(digit) })
    }
  }
}

function isTalk(tone: Tone): boolean {
  return tone === 'callerTalk' || tone === 'calleeTalk'
}

export const crowd = defineActor<Habits, Heard, CrowdReport, { habits: Habits; people: Crowd | undefined }>(
  import.meta.url,
  'crowd',
  {
    init(habits, context) {
      context.setTimer('tick', TICK_MS, { type: 'tick' }, { repeat: true })
      return { habits, people: undefined }
    },
    receive(state, message, context) {
      if (message.type === 'begin') return { ...state, people: new Crowd(message.lines, state.habits, context) }
      if (message.type === 'heard') state.people?.hear(message.index, message.tone)
      else if (message.type === 'tick') state.people?.tick()
      else if (message.type === 'goHome') state.people?.goHome()
      else context.reply(state.people?.report() ?? NOBODY)
    },
  },
  { mailbox: { capacity: 1 << 20 } },
)
