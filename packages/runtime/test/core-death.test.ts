/** The death of a core, however it came about: it is replaced, its actors answer behind the same refs, nothing is lost unseen (D3, D8, D10). */
import { startSystem } from '@cambium/runtime'
import { expect, it, vi } from 'vitest'
import { counter } from './fixtures/counter.ts'
import { gate, gated } from './fixtures/gate.ts'
import { perilous } from './fixtures/perilous.ts'
import type { Peril } from './fixtures/perilous.ts'
import { bee, hive } from './fixtures/worker-bee.ts'
import { collect, expectActors, failureOf, next, settled, startWithSpare as start } from './harness.ts'

interface Death {
  readonly cause: string
  readonly message: Peril | undefined
  readonly code: string
  readonly text: string
  /** Whether the deadly message is in hand when the core dies. */
  readonly isInHand: boolean
  /** What was thrown, where something was. */
  readonly thrown?: Readonly<Record<string, string>>
}

const DEATHS: readonly Death[] = [
  {
    cause: 'process.exit in a handler',
    message: { type: 'exit', code: 7 },
    code: 'ERR_CORE_EXIT',
    text: 'thread of the core ended: core=1, exitCode=7',
    isInHand: true,
  },
  {
    cause: 'a throw outside any handler',
    message: { type: 'throw_later' },
    code: 'ERR_CORE_UNCAUGHT',
    text: 'error was not caught: core=1, error=Error: thrown outside any handler',
    isInHand: false,
    thrown: { code: 'ERR_UNKNOWN', message: 'thrown outside any handler' },
  },
  {
    cause: 'a stack overflow outside any handler',
    message: { type: 'overflow_later' },
    code: 'ERR_CORE_UNCAUGHT',
    text: 'error was not caught: core=1, error=RangeError: Maximum call stack size exceeded',
    isInHand: false,
    thrown: { code: 'ERR_STACK_OVERFLOW', name: 'RangeError' },
  },
  {
    cause: 'an unhandled rejection',
    message: { type: 'reject_unseen' },
    code: 'ERR_CORE_REJECTION',
    text: 'promise was rejected and not handled: core=1, error=Error: rejected and not handled',
    isInHand: false,
    thrown: { code: 'ERR_UNKNOWN', message: 'rejected and not handled' },
  },
  {
    cause: 'an endless loop',
    message: { type: 'loop' },
    code: 'ERR_CORE_STUCK',
    text: 'core did not end its turn in time: core=1, turnTimeoutMs=1000',
    isInHand: true,
  },
  { cause: 'killCore', message: undefined, code: 'ERR_CORE_KILLED', text: 'core was killed on request: core=1', isInHand: false },
]

it.for(DEATHS)(
  'by $cause: the core is replaced and its actors are back, the others never stopped (R1.15, R3.1, R3.3)',
  async (death) => {
    // The limit is for the loop alone: on a busy machine a core that does nothing wrong may stand still for so long.
    const system = await start({ cores: 2, turnTimeoutMs: death.code === 'ERR_CORE_STUCK' ? 1000 : Infinity })
    const culprit = await system.spawn(perilous, undefined, { core: 1, name: 'culprit' })
    const neighbour = await system.spawn(counter, 5, { core: 1, name: 'neighbour' })
    const other = await system.spawn(counter, 7, { core: 2 })
    neighbour.tell({ type: 'inc' })
    expect(await neighbour.ask({ type: 'read' })).toEqual({ type: 'value', value: 6 })
    await settled(system) // a reply leaves while its message is still in hand

    const lost = next(system, 'core_lost')
    const restarted = next(system, 'core_restarted')
    const back = next(system, 'actor_restarted', ({ name }) => name === 'neighbour')
    const deadly = death.isInHand ? failureOf(culprit.ask(death.message as Peril)) : undefined
    if (death.message === undefined) system.killCore(1)
    else if (!death.isInHand) culprit.tell(death.message)

    expect(await other.ask({ type: 'read' })).toEqual({ type: 'value', value: 7 })
    const { core, generation, slot } = culprit
    expect(await lost).toMatchObject({
      core: 1,
      actors: 2,
      lost: 0,
      inHand: death.isInHand ? [{ core, generation, slot, type: death.message?.type, name: 'culprit' }] : [],
      error: { code: death.code, message: death.text, ...(death.thrown === undefined ? {} : { cause: death.thrown }) },
    })
    if (deadly !== undefined) {
      expect(await deadly).toMatchObject({
        code: 'ERR_CORE_LOST',
        message: `core died with the message: target=${String(culprit)}, cause=${death.text}`,
        cause: { code: death.code },
      })
    }
    expect(await restarted).toMatchObject({ core: 1, tookMs: expect.any(Number) })
    expect(await back).toMatchObject({ actor: { core: 1, slot: neighbour.slot, generation: neighbour.generation } })

    expect(await neighbour.ask({ type: 'read' })).toEqual({ type: 'value', value: 5 })
    expect(await neighbour.ask({ type: 'where' })).toMatchObject({ core: 1, incarnation: 1 })
    expect(await culprit.ask({ type: 'where' })).toEqual({ core: 1, incarnation: 1 })
    expect(await other.ask({ type: 'where' })).toMatchObject({ core: 2, incarnation: 0 })
    await settled(system)
    expect(system.books().dead).toMatchObject({ in_hand: death.isInHand ? 1 : 0, lost_with_core: 0, no_such_actor: 0 })
  },
)

it('of 1,000 asks under way each is answered, or fails with ERR_CORE_LOST; those still in the ring are answered by the successor (D3)', async () => {
  const system = await start({ turnTimeoutMs: Infinity })
  const ref = await system.spawn(bee, { ms: 0.1 }, { core: 1, mailbox: { capacity: 4096 } })
  const lost = next(system, 'core_lost')
  let answered = 0
  const outcomes = await Promise.all(
    Array.from({ length: 1000 }, async (_, id) => {
      try {
        const reply = await ref.ask({ id }, { timeoutMs: 20_000 })
        expect(reply.id).toBe(id)
        answered += 1
        if (answered === 100) system.killCore(1)
        return `by ${reply.incarnation}`
      } catch (error) {
        return (error as { code: string }).code
      }
    }),
  )
  expect(new Set(outcomes.filter((outcome) => !outcome.startsWith('by ')))).toEqual(
    new Set(outcomes.includes('ERR_CORE_LOST') ? ['ERR_CORE_LOST'] : []),
  )
  const count = (outcome: string): number => outcomes.filter((each) => each === outcome).length
  expect(count('by 0')).toBeGreaterThanOrEqual(100)
  expect(count('by 1')).toBeGreaterThan(0)
  // What the successor answered came after what the dead core had taken.
  expect(outcomes.indexOf('by 1')).toBeGreaterThan(outcomes.lastIndexOf('by 0'))
  const { inHand, lost: inHeap } = await lost
  await settled(system)
  const { dead, deadTotal } = system.books()
  expect(dead).toMatchObject({ in_hand: inHand.length, lost_with_core: inHeap })
  // A reply that was under way when its ask failed is a late one.
  expect(deadTotal).toBe(dead.in_hand + dead.lost_with_core + dead.late_reply)
})

it('a stack overflow in a handler is the end of its actor alone, and told as one (R3.1)', async () => {
  const system = await start()
  const ref = await system.spawn(perilous, undefined, { core: 1 })
  const exited = next(system, 'actor_exited')
  expect(await failureOf(ref.ask({ type: 'overflow' }))).toMatchObject({ code: 'ERR_ACTOR_CRASHED' })
  expect(await exited).toMatchObject({ reason: { kind: 'crash', error: { code: 'ERR_STACK_OVERFLOW', name: 'RangeError' } } })
  expect(await ref.ask({ type: 'where' })).toEqual({ core: 1, incarnation: 1 })
})

it('what lay in the mailboxes of a dead core is told by actor; asks among it fail with the reason (D6)', async () => {
  const system = await start({ turnTimeoutMs: Infinity })
  const door = await system.spawn(gate, { isOpen: true }, { core: 0 })
  const refs = await Promise.all(['a', 'b', 'c'].map((name) => system.spawn(gated, door, { core: 1, name })))
  door.tell({ type: 'close' })
  for (const ref of refs) ref.tell({ type: 'pass' })
  await door.ask({ type: 'arrived', count: 6 }) // all of them wait in their handlers, and what comes now lies in their mailboxes
  const [a, b, c] = refs as [(typeof refs)[0], (typeof refs)[0], (typeof refs)[0]]
  const asked = failureOf(a.ask({ type: 'where' }, { timeoutMs: 60_000 }))
  for (let i = 0; i < 4; i += 1) a.tell({ type: 'where' })
  for (let i = 0; i < 3; i += 1) b.tell({ type: 'where' })
  await vi.waitFor(() => expect(system.booksOf(1).queued).toBe(11))
  const letters = collect(system, 'dead_letter')
  const lost = next(system, 'core_lost')
  system.killCore(1)
  const { lost: messages, mailboxes } = await lost
  expect(messages).toBe(11)
  expect(mailboxes).toEqual([
    { actor: { core: 1, slot: a.slot, generation: a.generation }, name: 'a', messages: 5 },
    { actor: { core: 1, slot: b.slot, generation: b.generation }, name: 'b', messages: 3 },
  ])
  expect(await asked).toMatchObject({ code: 'ERR_CORE_LOST', cause: { code: 'ERR_CORE_KILLED' } })
  const buried = letters.filter(({ reason }) => reason === 'lost_with_core')
  expect(buried.map(({ name, count }) => [name, count])).toEqual([
    ['a', 5],
    ['b', 3],
    [undefined, 3], // in the handlers
  ])
  door.tell({ type: 'open' })
  expect(await c.ask({ type: 'where' })).toBe(1)
})

it('of 5,000 tells through a core that dies three times none comes twice, and each that is missing is a dead letter (D6)', async () => {
  const system = await start({ cores: 2, turnTimeoutMs: Infinity })
  const home = await system.spawn(hive, undefined, { core: 0, mailbox: { capacity: 8192 } })
  const ref = await system.spawn(bee, { ms: 0.02, passTo: home }, { core: 1, intensity: 100 })
  let id = 0
  for (let round = 0; round < 3; round += 1) {
    const restarted = next(system, 'core_restarted')
    for (const before = id; id < before + 1500; id += 1) await ref.send({ id })
    system.killCore(1)
    await restarted
  }
  for (; id < 5000; id += 1) await ref.send({ id })
  await settled(system)
  const ids = await home.ask({ type: 'ids' })
  expect(new Set(ids).size).toBe(ids.length)
  const { deadTotal } = system.books()
  expect(5000 - ids.length).toBeLessThanOrEqual(deadTotal)
  // One pair, one order.
  expect(ids).toEqual([...ids].sort((a, b) => a - b))
  // In heap at most: what had been taken from the ring and not been handled, and what had been handled and not been sent on.
  expect(deadTotal).toBeLessThan(3 * 1500)
})

it('a core that dies while its successor starts is replaced again; one restart for each death (C-18)', async () => {
  const system = await start({ cores: 2 })
  const ref = await system.spawn(counter, 3, { core: 1, name: 'c', intensity: 2 })
  const deaths = collect(system, 'core_lost')
  const givenUp = collect(system, 'given_up')
  const first = next(system, 'core_lost')
  system.killCore(1)
  await first
  const second = next(system, 'core_lost')
  const restarted = next(system, 'core_restarted')
  system.killCore(1)
  await second
  await restarted
  expect(await ref.ask({ type: 'read' })).toEqual({ type: 'value', value: 3 })
  expect(deaths).toHaveLength(2)
  expect(givenUp).toEqual([])
  await expectActors(system, [0, 1, 0])
})

it('a core that dies while an actor is being restarted there: the actor is started once more, and that is all', async () => {
  const system = await start({ cores: 2 })
  const door = await system.spawn(gate, { isOpen: true }, { core: 0 })
  const ref = await system.spawn(gated, door, { core: 1, name: 'gated', intensity: 2 })
  const faults = collect(system, 'fault')
  door.tell({ type: 'close' })
  ref.tell({ type: 'boom' })
  await door.ask({ type: 'arrived', count: 2 }) // its second init waits
  const lost = next(system, 'core_lost')
  system.killCore(1)
  await lost
  await door.ask({ type: 'arrived', count: 3 })
  door.tell({ type: 'open' })
  expect(await ref.ask({ type: 'where' })).toBe(1)
  expect(faults).toEqual([])
  await expectActors(system, [1, 1, 0])
})

it('a spawn on a core that dies meanwhile rejects, and leaves nothing behind', async () => {
  const system = await start({ cores: 2 })
  const door = await system.spawn(gate, { isOpen: false }, { core: 0 })
  const failing = failureOf(system.spawn(gated, door, { core: 1, name: 'gated' }))
  await door.ask({ type: 'arrived', count: 1 })
  const restarted = next(system, 'core_restarted')
  system.killCore(1)
  expect(await failing).toMatchObject({
    code: 'ERR_CORE_LOST',
    message: 'core died: core=1, cause=core was killed on request: core=1',
  })
  await restarted
  expect(system.whereis('gated')).toBeUndefined()
  await expectActors(system, [1, 0, 0])
})

it('a stop on a core that dies meanwhile is done: the actor does not come back', async () => {
  const system = await start({ cores: 2 })
  const door = await system.spawn(gate, { isOpen: true }, { core: 0 })
  const ref = await system.spawn(gated, door, { core: 1, name: 'gated', shutdown: 'infinity' })
  door.tell({ type: 'close' })
  ref.tell({ type: 'pass' })
  await door.ask({ type: 'arrived', count: 2 }) // its handler waits
  const stopping = system.stop(ref)
  const restarted = next(system, 'core_restarted')
  system.killCore(1)
  expect(await stopping).toMatchObject({ kind: 'core_lost' })
  await restarted
  expect(system.whereis('gated')).toBeUndefined()
  expect(await failureOf(ref.ask({ type: 'where' }))).toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
  await expectActors(system, [1, 0, 0])
})

it('cores that die more often than coreIntensity end the system, not the process (R3.4)', async () => {
  const system = await start({ cores: 2, coreIntensity: 1 })
  const ref = await system.spawn(counter, 0, { core: 1 })
  const restarted = next(system, 'core_restarted')
  system.killCore(1)
  await restarted
  const hanging = failureOf(
    ref.ask({ type: 'read' }).then(async () => {
      system.killCore(1)
      return ref.ask({ type: 'read' })
    }),
  )
  const termination = await system.terminated
  expect(termination).toMatchObject({ reason: 'failed', error: { code: 'ERR_CORE_INTENSITY' } })
  expect(termination.error?.message).toBe(
    'cores died too often: restarts=2, intensity=1, periodMs=60000, last=core was killed on request: core=1',
  )
  expect((await hanging).code).toMatch(/^ERR_(CORE_LOST|SYSTEM_CLOSED)$/)
  const next1 = await start()
  expect(await (await next1.spawn(counter, 1)).ask({ type: 'read' })).toEqual({ type: 'value', value: 1 })
})

it('cores that do not start in time: the start fails, and says why', async () => {
  const error = await failureOf(startSystem({ cores: 2, coreStartTimeoutMs: 1, coreIntensity: 2 }))
  expect(error).toMatchObject({
    code: 'ERR_CORE_INTENSITY',
    cause: {
      code: 'ERR_CORE_START_TIMEOUT',
      message: expect.stringMatching(/^core did not start in time: core=[12], timeoutMs=1$/) as string,
    },
  })
})

it('a report leaves out a core that ends during it or is being replaced', async () => {
  const system = await start({ cores: 2 })
  const numbers = async (): Promise<number[]> => (await system.report()).map(({ core }) => core)
  const lost = next(system, 'core_lost')
  const restarted = next(system, 'core_restarted')
  const during = numbers()
  system.killCore(2)
  expect([
    [0, 1],
    [0, 1, 2],
  ]).toContainEqual(await during) // it may have answered before it ended
  await lost
  expect(await numbers()).toEqual([0, 1])
  await restarted
  expect(await numbers()).toEqual([0, 1, 2])
})
