/**
 * The people at the lines of one core. Each hears tones and answers with what people do: lift, dial somebody, talk a while, lay down; now
 * and then they lay down at any other point. What somebody means to do next, and when, stands in an agenda of short ticks. What comes of their calls goes to the
 * toll office.
 */
import { defineActor } from 'cambium'
import type { ActorContext } from 'cambium'
import { DIGITS, type LineRef } from './line.ts'
import type { Bill, TollRef } from './toll.ts'

/** `silence`: the receiver lies on the hook. `over`: the other end has laid down, or one has waited too long. `reorder`: there is no way to the other end. */
export type Tone =
  | 'silence'
  | 'dial'
  | 'ringback'
  | 'bell'
  | 'callerTalk'
  | 'calleeTalk'
  | 'busy'
  | 'unanswered'
  | 'over'
  | 'reorder'

export type Heard =
  /** `who`: the number at the other end, for who calls and is answered. */
  | { readonly type: 'heard'; readonly index: number; readonly tone: Tone; readonly who: number }
  | { readonly type: 'begin'; readonly lines: readonly LineRef[] }
  | { readonly type: 'tick' | 'goHome' }

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

export interface CrowdOptions {
  readonly core: number
  readonly habits: Habits
  readonly toll: TollRef
}

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
/** A crowd that is behind with its ticks reports after so many tones. */
const TONES_PER_BILL = 256
/** Of a line that has no call under way that it made. */
const NOBODY = -1

export class Crowd {
  readonly #lines: readonly LineRef[]
  readonly #options: CrowdOptions
  readonly #context: ActorContext<Heard>
  readonly #tones: Tone[]
  /** Counts what each has heard, so that what was meant before is forgotten. */
  readonly #changes: Uint32Array
  /** The number that each has called, until that call has ended. */
  readonly #called: Int32Array
  readonly #agenda: Intent[][] = Array.from({ length: TICKS }, () => [])
  #tick = 0
  #isGoingHome = false
  #inSession = 0
  #talking = 0
  #heard = 0
  #connected = 0
  #wrong = 0
  #ended = noneEnded()

  constructor(lines: readonly LineRef[], options: CrowdOptions, context: ActorContext<Heard>) {
    this.#lines = lines
    this.#options = options
    this.#context = context
    this.#tones = lines.map(() => 'silence')
    this.#changes = new Uint32Array(lines.length)
    this.#called = new Int32Array(lines.length).fill(NOBODY)
    options.toll.tell({ type: 'open', core: options.core, lines: lines.length })
    for (let index = 0; index < lines.length; index++) this.#mean(index, 'lift', context.random() * options.habits.pauseMs)
  }

  hear(index: number, tone: Tone, who: number): void {
    const before = this.#tones[index] ?? 'silence'
    this.#tones[index] = tone
    this.#inSession += Number(tone !== 'silence') - Number(before !== 'silence')
    this.#talking += Number(isTalk(tone)) - Number(isTalk(before))
    this.#count(index, before, tone, who)
    this.#changes[index] = (this.#changes[index] ?? 0) + 1
    const { pauseMs, talkMs, impatience } = this.#options.habits
    const chance = this.#context.random()
    if (this.#isGoingHome && tone !== 'silence') this.#mean(index, tone === 'bell' ? 'lift' : 'layDown', 0)
    else if (tone === 'silence') this.#mean(index, 'lift', chance * pauseMs)
    else if (isEnd(tone)) this.#mean(index, 'layDown', 0)
    else if (isTalk(tone)) this.#mean(index, 'layDown', chance * talkMs)
    else if (this.#context.random() < impatience) this.#mean(index, 'layDown', chance * pauseMs)
    else if (tone === 'dial') this.#mean(index, 'dial', 0)
    else if (tone === 'bell') this.#mean(index, 'lift', chance * TICK_MS * 10)
    this.#heard++
    if (this.#heard >= TONES_PER_BILL) this.#report(0)
  }

  tick(): void {
    this.#tick++
    const there = this.#agenda[this.#tick % TICKS] ?? []
    this.#agenda[this.#tick % TICKS] = there.filter((each) => each.tick > this.#tick)
    const due = there.filter((each) => each.tick <= this.#tick && each.change === this.#changes[each.index])
    // Before they are placed: the toll office knows of every call that another core may hear of.
    this.#report(due.reduce((calls, { deed }) => calls + Number(deed === 'dial'), 0))
    for (const { index, deed } of due) this.#do(index, deed)
  }

  /** Nobody calls any more, and everybody lays down. */
  goHome(): void {
    this.#isGoingHome = true
    for (const [index, tone] of this.#tones.entries())
      if (tone !== 'silence') this.#do(index, tone === 'bell' ? 'lift' : 'layDown')
  }

  #mean(index: number, deed: Deed, afterMs: number): void {
    const tick = this.#tick + 1 + Math.floor(afterMs / TICK_MS)
    this.#agenda[tick % TICKS]?.push({ index, change: this.#changes[index] ?? 0, deed, tick })
  }

  #do(index: number, deed: Deed): void {
    const line = this.#lines[index]
    if (line === undefined) return
    const tone = this.#tones[index] ?? 'silence'
    if (deed === 'lift') {
      if (!this.#isGoingHome || tone === 'bell') line.tell({ type: 'lift' })
    } else if (deed === 'layDown') {
      // A bell cannot be laid down: who does not answer lets it ring.
      if (tone !== 'bell') line.tell({ type: 'hangUp' })
    } else {
      const number = Math.floor(this.#context.random() * this.#options.habits.numbers)
      this.#called[index] = number
      for (const digit of String(number).padStart(DIGITS, '0')) line.tell({ type: 'digit', digit: Number(digit) })
    }
  }

  /** What the tone says of the call that was made from there. */
  #count(index: number, before: Tone, tone: Tone, who: number): void {
    const called = this.#called[index] ?? NOBODY
    if (called === NOBODY) return
    if (tone === 'callerTalk') {
      this.#connected++
      if (who !== called) this.#wrong++
    } else if (tone === 'silence' || isEnd(tone)) {
      this.#called[index] = NOBODY
      this.#ended[isTalk(before) ? (tone === 'reorder' ? 'cut' : 'done') : endingOf(tone)]++
    }
  }

  #report(placed: number): void {
    if (this.#heard === 0 && placed === 0) return
    this.#options.toll.tell({
      type: 'bill',
      core: this.#options.core,
      placed,
      connected: this.#connected,
      wrong: this.#wrong,
      ended: this.#ended,
      inSession: this.#inSession,
      talking: this.#talking,
    })
    this.#heard = this.#connected = this.#wrong = 0
    this.#ended = noneEnded()
  }
}

function isTalk(tone: Tone): boolean {
  return tone === 'callerTalk' || tone === 'calleeTalk'
}

/** After which there is nothing to do but to lay down. */
function isEnd(tone: Tone): boolean {
  return tone === 'busy' || tone === 'unanswered' || tone === 'over' || tone === 'reorder'
}

/** Of a call that nobody has answered. */
function endingOf(tone: Tone): keyof Bill['ended'] {
  if (tone === 'busy') return 'busy'
  if (tone === 'reorder') return 'unreached'
  return tone === 'silence' ? 'givenUp' : 'unanswered'
}

function noneEnded(): Record<keyof Bill['ended'], number> {
  return { done: 0, busy: 0, unanswered: 0, givenUp: 0, cut: 0, unreached: 0 }
}

export const crowd = defineActor<CrowdOptions, Heard, unknown, { options: CrowdOptions; people: Crowd | undefined }>(
  import.meta.url,
  'crowd',
  {
    init(options, context) {
      context.setTimer('tick', TICK_MS, { type: 'tick' }, { repeat: true })
      return { options, people: undefined }
    },
    receive(state, message, context) {
      if (message.type === 'begin') return { ...state, people: new Crowd(message.lines, state.options, context) }
      if (message.type === 'heard') state.people?.hear(message.index, message.tone, message.who)
      else if (message.type === 'tick') state.people?.tick()
      else state.people?.goHome()
    },
  },
  { mailbox: { capacity: 1 << 20 } },
)
