/**
 * An inspector's order that meets a move, in every order of the turns of three cores: core 0, where it is given, home (1) and host (2).
 *
 * 1. A move out, back, or on to core 0 begins in a fresh world, with messages under way. After every number of turns in a row the order is given; the next turns are free.
 * 2. Then everything may go on. The actor has lived all the time, so the order finds it: it is answered, and what it has changed is so wherever the actor is.
 * 3. With the host's death, or a stop, behind the order it is answered all the same, and nothing waits.
 */
import { describe, expect, it } from 'vitest'
import type { Ref } from '@cambium/actor'
import type { ActorAddress } from '@cambium/base'
import { watchPositions } from '@cambium/ring'
import type { InspectOrder } from '../src/inspection.ts'
import { behave, outcomeOf, World } from './harness.ts'
import { expectNothingHeld } from './nothing-held.ts'
import { countTurns, exploreTurns } from './turn-orders.ts'

const HOME = 1
const HOST = 2
const TOLD = 6
/** So many fill more than a ring of 4096 bytes holds. */
const PADDING = 'x'.repeat(800)
const JOBS = 'test:jobs'

type Message = { readonly padding: string }
type State = { readonly count: number }
type Way = 'out' | 'back' | 'on'
type End = 'nothing' | 'stop' | 'death of host'

interface Options {
  readonly way: Way
  readonly order: InspectOrder
  readonly end: End
}

const adder = {
  init: (): State => ({ count: 0 }),
  receive: ({ count }: State): State => ({ count: count + 1 }),
}

class Trial {
  readonly world: World
  readonly ref: Ref<Message> & ActorAddress
  readonly #options: Options
  isMoved = false
  isAnswered = false
  outcome: unknown

  private constructor(options: Options) {
    this.#options = options
    this.world = new World({ cores: 3, ringBytes: 4096 })
    this.world.modules.set(JOBS, async () => ({ raise: ({ count }: State, by: number): State => ({ count: count + by }) }))
    this.ref = this.world.spawn(HOME, behave<null, Message, State>(adder), null) as never
  }

  static async begin(options: Options): Promise<Trial> {
    const trial = new Trial(options)
    const { world, ref } = trial
    await world.run()
    if (options.way !== 'out') await trial.#move(HOST)
    void world.migrate(ref, { out: HOST, back: HOME, on: 0 }[options.way]).then((outcome) => {
      if (options.end === 'nothing') expect(outcome).toBe('moved')
      trial.isMoved = true
    })
    for (let i = 0; i < TOLD; i += 1) ref.tell({ padding: PADDING })
    return trial
  }

  async #move(to: number): Promise<void> {
    const move = this.world.migrate(this.ref, to)
    await this.world.advance(5)
    expect(await move).toBe('moved')
  }

  async turn(core: number): Promise<void> {
    if (this.world.isDead(core)) return
    this.world.turn(core)
    for (let i = 0; i < 8; i += 1) await Promise.resolve()
  }

  strike(): void {
    const { world, ref } = this
    const { order, end } = this.#options
    void outcomeOf(world.inspect(ref, order)).then((outcome) => {
      this.outcome = outcome
      this.isAnswered = true
    })
    if (end === 'stop') void world.stop(ref)
    else if (end === 'death of host') world.kill(HOST)
  }

  /** All that decides what comes next, in words. */
  get state(): string {
    const { cores, memory } = this.world
    const rings = cores.flatMap((_, from) =>
      cores.map((__, to) =>
        from === to ? 0 : [memory.dataRing(from, to), memory.controlRing(from, to)].map((ring) => ({ ...watchPositions(ring) })),
      ),
    )
    const cells = cores.map(({ moves, slots }) => [
      moves.isBusy,
      slots.cells.map((cell) => cell && [cell.phase, cell.outbox, cell.mailbox?.length, cell.guest, cell.moved?.place]),
    ])
    return JSON.stringify([rings, cells, this.isMoved, this.isAnswered])
  }

  async finish(): Promise<void> {
    const { world, ref } = this
    const { order, end } = this.#options
    if (world.isDead(HOST)) world.replace(HOST)
    await world.advance(10)
    expect({ isMoved: this.isMoved, isAnswered: this.isAnswered }).toEqual({ isMoved: true, isAnswered: true })
    if (end === 'nothing') await this.#expectDone(order, this.outcome)
    else if (typeof this.outcome === 'string') expect(['ERR_NO_SUCH_ACTOR', 'ERR_CORE_LOST']).toContain(this.outcome)
    // A new incarnation whose init is not done has no state yet, and nothing to count.
    else if (end !== 'death of host' || typeof this.outcome === 'object')
      this.#expectValue(order, this.outcome, end !== 'death of host')
    await Promise.all([world.stop(ref), world.advance(10)])
    expectNothingHeld(world)
    expect(world.faults).toEqual([])
  }

  #expectValue(order: InspectOrder, outcome: unknown, hasState = true): void {
    if (order.what === 'state') expect(outcome).toEqual({ count: expect.any(Number) })
    else if (order.what === 'status')
      expect(outcome).toMatchObject(hasState ? { state: { count: expect.any(Number) } } : { incarnation: expect.any(Number) })
    else if (order.what === 'statistics') expect(outcome).toMatchObject({ handled: expect.any(Number) })
    else expect(outcome).toBeUndefined()
  }

  async #expectDone(order: InspectOrder, outcome: unknown): Promise<void> {
    const { world, ref } = this
    const cell = world.guest(ref) ?? world.cell(ref)
    this.#expectValue(order, outcome)
    expect(cell?.isSuspended).toBe(order.what === 'suspend')
    if (order.what === 'suspend') await Promise.all([world.inspect(ref, { what: 'resume' }), world.advance(10)])
    expect(cell?.state).toEqual({ count: order.what === 'replace' ? 100 + TOLD : TOLD })
  }
}

/** The order after every number of turns in a row, and then every sequence of `free` turns. */
async function explore(options: Options, free: number): Promise<void> {
  const turnsMax = await countTurns(await Trial.begin(options), ({ isMoved }) => isMoved)
  const strike = (trial: Trial): void => {
    trial.strike()
  }
  await exploreTurns(() => Trial.begin(options), [strike], turnsMax, free)
}

const ORDERS: InspectOrder[] = [
  { what: 'state' },
  { what: 'status' },
  { what: 'suspend' },
  { what: 'replace', module: JOBS, job: 'raise', argument: 100 },
  { what: 'statistics', set: true },
]

describe.each(['out', 'back', 'on'] as const)('a move %s', (way) => {
  it.each(ORDERS)('meets an order: $what', async (order) => {
    await explore({ way, order, end: 'nothing' }, 3)
  })

  it.each(['stop', 'death of host'] as const)('meets an order and: %s', async (end) => {
    for (const order of ORDERS) await explore({ way, order, end }, 1)
  })
})
