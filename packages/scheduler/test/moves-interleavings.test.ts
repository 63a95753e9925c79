/**
 * Moves in every order of the turns of three cores: core 0, where the root and the senders are, home (1) and host (2).
 *
 * 1. A move out, back, or on to core 0 begins in a fresh world. So many turns go round; at each of these points an end strikes: a stop, an exit, the death of
 *    a core; or two of them, one turn apart. The next turns are free: every sequence of cores.
 * 2. Then everything may go on, dead cores have their successors, and nobody may wait for ever: each call settles.
 * 3. Each message is handled once, in the order in which it was told, or counted as a dead letter that the end explains. Nothing is left when the actor is stopped.
 */
import { describe, expect, it } from 'vitest'
import type { Ref } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import { watchPositions } from '@cambium/ring'
import { AWAITING, AWAY } from '../src/actor-cell.ts'
import { behave, gate, outcomeOf, World } from './harness.ts'
import { expectNothingHeld } from './nothing-held.ts'
import { countTurns, exploreTurns } from './turn-orders.ts'

const HOME = 1
const HOST = 2
/** With 16 of these more is under way than a ring of 4096 bytes holds. */
const PADDING = 'x'.repeat(300)
const TOLD = 16

type Message = { readonly n: number; readonly padding: string } | 'open'

type Way = 'out' | 'back' | 'on'
type End = 'stop' | 'stop, kept' | 'exit' | 'kill' | 'death of home' | 'death of host' | 'second move' | 'suspend'

interface Options {
  readonly way: Way
  /** The second one strikes a turn later. */
  readonly ends: readonly End[]
  /** All messages are put aside until the end is over. */
  readonly isStashing: boolean
  /** `terminate` waits until the free turns are over. */
  readonly isSlow: boolean
}

interface Call {
  readonly name: string
  outcome: unknown
  isOver: boolean
}

class Trial {
  readonly world: World
  readonly ref: Ref<Message> & ActorAddress
  readonly calls: Call[] = []
  move: Call | undefined
  readonly #options: Options
  readonly #ending = gate()
  readonly #behaviour: ReturnType<typeof behave<null, Message, { isOpen: boolean }>>
  #told = 0
  #incarnations = 0

  private constructor(options: Options) {
    this.#options = options
    const world = (this.world = new World({ cores: 3, ringBytes: 4096 }))
    this.#behaviour = behave<null, Message, { isOpen: boolean }>({
      init: () => {
        this.#incarnations += 1
        return { isOpen: !options.isStashing || this.#incarnations > 1 }
      },
      receive(state, message, context) {
        if (message === 'open') {
          context.unstashAll()
          return { isOpen: true }
        }
        if (!state.isOpen) context.stash()
        else {
          world.note(message.n)
          if (context.isAsked) context.reply(message.n)
        }
        return undefined
      },
      // It ends as it was, wherever it is.
      terminate: (state) => {
        if (typeof state?.isOpen !== 'boolean') throw new Error('there is no state')
        return options.isSlow ? this.#ending.promise : undefined
      },
    })
    this.ref = world.spawn(HOME, this.#behaviour, null) as never
  }

  /** A world in which the move has just been asked for. */
  static async begin(options: Options): Promise<Trial> {
    const trial = new Trial(options)
    const { world } = trial
    await world.run()
    if (options.way !== 'out') {
      const out = world.migrate(trial.ref, HOST)
      await world.advance(5)
      expect(await out).toBe('moved')
    }
    if (options.isStashing) {
      for (let n = 0; n < TOLD; n += 1) trial.tell()
      await world.run()
    }
    trial.move = trial.follow('move', world.migrate(trial.ref, { out: HOST, back: HOME, on: 0 }[options.way]))
    if (!options.isStashing) for (let n = 0; n < TOLD; n += 1) trial.tell()
    return trial
  }

  /** Every fifth message is an ask. */
  tell(): void {
    this.#told += 1
    const message = { n: this.#told, padding: PADDING }
    if (this.#told % 5 === 0) this.follow('ask', this.ref.ask(message))
    else this.ref.tell(message)
  }

  follow(name: string, promise: Promise<unknown>): Call {
    const call: Call = { name, outcome: undefined, isOver: false }
    this.calls.push(call)
    void outcomeOf(promise).then((outcome) => {
      call.outcome = outcome
      call.isOver = true
    })
    return call
  }

  async turn(core: number): Promise<void> {
    if (this.world.isDead(core)) return
    this.world.turn(core)
    // What promises do is done before the next turn: each core's thread has its own.
    for (let i = 0; i < 8; i += 1) await Promise.resolve()
  }

  strike(end: End): void {
    const { world, ref } = this
    if (end === 'stop') this.follow('stop', world.stop(ref))
    else if (end === 'stop, kept') this.follow('stop', world.stop(ref, { keepsSlot: true }))
    else if (end === 'exit' || end === 'kill') {
      const sender = world.spawn(0, behave<null, string, null>({ init: () => null, receive: () => undefined }), null)
      const reason = { kind: end === 'exit' ? 'shutdown' : 'killed' } as const
      world.core(0).bonds.exit(world.cell(sender) as never, ref, reason)
      this.follow('stop of its sender', world.stop(sender))
    } else if (end === 'death of home') world.kill(HOME)
    else if (end === 'death of host') world.kill(HOST)
    else if (end === 'second move') this.follow(end, world.migrate(ref, this.#options.way === 'out' ? HOME : HOST))
    else this.follow(end, world.inspect(ref, { what: 'suspend' }))
  }

  /** All that decides what comes next, in words. */
  get state(): string {
    const { calls, ref, world } = this
    const { cores, memory, notes } = world
    const rings = cores.flatMap((_, from) =>
      cores.map((__, to) =>
        from === to ? 0 : [memory.dataRing(from, to), memory.controlRing(from, to)].map((ring) => ({ ...watchPositions(ring) })),
      ),
    )
    const cells = cores.map(({ moves, slots }) => [
      moves.isBusy,
      slots.cells.map((cell) => cell && [cell.phase, cell.outbox, cell.mailbox?.length, cell.stash?.length, cell.guest]),
    ])
    const { place, hasBegun, isReturning, isRecalled, over, lost } = world.cell(ref)?.moved ?? {}
    const home = [place?.core, hasBegun, isReturning, isRecalled, over, lost === undefined]
    return JSON.stringify([rings, cells, home, notes.length, calls])
  }

  /** Everything goes on, and comes to its end. */
  async finish(): Promise<void> {
    const { world, ref } = this
    const { ends, isStashing } = this.#options
    this.#ending.open()
    if (world.isDead(HOME)) {
      const { slot, generation } = ref
      world.replace(HOME, [{ slot, generation, name: undefined, mailbox: undefined, hosts: [0, HOST] }])
    }
    if (world.isDead(HOST)) world.replace(HOST)
    await world.advance(5)
    this.#expectSettled((name) => name !== 'ask') // those wait for a restart, or for the stash
    if (ends.includes('suspend')) {
      this.follow('resume', world.inspect(ref, { what: 'resume' }))
      await world.advance(5)
    }
    if (world.cell(ref)?.status === AWAITING) {
      this.follow('restart', world.restart(ref, this.#behaviour as never, null))
      await world.advance(5)
    }
    if (isStashing) ref.tell('open')
    this.tell()
    await world.advance(5)
    this.#expectSettled()

    const notes = world.notes as number[]
    expect(notes).toEqual(notes.toSorted((a, b) => a - b))
    expect(new Set(notes).size).toBe(notes.length)
    // The books know what was not handled, and a stash that is opened is one message more.
    const { deadTotal } = world.expectBalanced()
    const isOpenDead = isStashing && world.cell(ref) === undefined ? 1 : 0
    if (!ends.some((end) => end.startsWith('death'))) expect(notes.length + deadTotal - isOpenDead).toBe(this.#told)
    if (ends.every((end) => end === 'stop, kept')) expect(world.dead()).toEqual({})
    if (ends.length === 0) expect(this.move?.outcome).toBe('moved')
    expect(world.faults).toEqual([])
    await this.#expectNothingLeft()
  }

  #expectSettled(isMeant: (name: string) => boolean = () => true): void {
    expect(this.calls.filter(({ name, isOver }) => !isOver && isMeant(name)).map(({ name }) => name)).toEqual([])
  }

  async #expectNothingLeft(): Promise<void> {
    const { world, ref } = this
    const cell = world.cell(ref)
    const place = cell?.moved?.place
    expect(place === undefined).toBe(cell?.status !== AWAY)
    const away = place === undefined ? 0 : 1
    expect(world.cores.reduce((sum, { moves }) => sum + moves.counts.guests, 0)).toBe(away)
    expect(world.core(HOME).moves.counts).toEqual({ away, guests: 0 })
    this.follow('last stop', world.stop(ref))
    await world.advance(5)
    this.#expectSettled()
    expectNothingHeld(world)
    for (const core of world.cores) {
      expect(core.bonds.count).toBe(0)
      expect(world.congested(core.coreNumber)).toBe(0)
    }
  }
}

/** Ends after every number of turns in a row, and then every sequence of `free` turns. */
async function explore(options: Options, free: number): Promise<void> {
  const alone = await Trial.begin({ ...options, ends: [] })
  const turnsMax = await countTurns(alone, ({ move }) => move?.isOver === true)
  await alone.finish()
  const strikes = options.ends.map((end) => (trial: Trial) => {
    trial.strike(end)
  })
  await exploreTurns(() => Trial.begin(options), strikes, turnsMax, free)
}

/** On to core 0 is back, then out. */
const FREE = { out: 2, back: 2, on: 1 }

describe.each(['out', 'back', 'on'] as const)('a move %s', (way) => {
  it.each([false, true])('meets nothing (stash: %s)', async (isStashing) => {
    await explore({ way, ends: [], isStashing, isSlow: false }, FREE[way] + 1)
  })

  describe.each(['stop', 'stop, kept', 'exit', 'kill', 'death of home', 'death of host'] as const)('meets: %s', (end) => {
    it.each([
      { isStashing: false, isSlow: false },
      { isStashing: true, isSlow: true },
    ])('%o', async (more) => {
      await explore({ way, ends: [end], ...more }, FREE[way])
    })
  })
})

const PAIRED: End[] = ['stop', 'exit', 'death of home', 'death of host', 'second move', 'suspend']

describe.each(['out', 'back'] as const)('a move %s', (way) => {
  describe.each(PAIRED)('meets: %s', (first) => {
    it.each(PAIRED.filter((end) => end !== first))('and: %s', async (second) => {
      await explore({ way, ends: [first, second], isStashing: true, isSlow: true }, way === 'out' ? 0 : 1)
    })
  })
})
