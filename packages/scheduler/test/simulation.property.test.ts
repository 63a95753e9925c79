/**
 * Random traffic on random worlds: rings of all sizes, mailboxes of all sizes and policies, messages of all priorities and with deadlines, slow and
 * asynchronous actors, asks that time out, stops, crashes and restarts, in an order drawn from a seed. Whatever happens: order per pair within a
 * priority, each message once at most, and even books.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Ref } from '@cambium/actor'
import { formatAddress } from '@cambium/base'
import type { SeededRandom } from '@cambium/base'
import { handler, World } from './harness.ts'

interface Letter {
  readonly from: string
  readonly to: string
  readonly priority: 'high' | 'normal' | 'low'
  readonly number: number
  readonly padding: string
}

async function simulate(seed: number): Promise<World> {
  const draws = new World({ seed }).random
  const world = new World({
    seed,
    cores: 2 + draws.below(2),
    ringBytes: draws.pick([4096, 8192, 65_536]),
    isStrict: draws.chance(0.5),
    limits: {
      outboxCapacity: draws.pick([1, 5, 100]),
      sendTimeoutMs: draws.pick([50, 10_000]),
      outsideCapacity: draws.pick([5, 10_000]),
    },
  })
  const refs: Ref<Letter>[] = []
  const sentTo = new Map<string, number>()
  const pending: (() => void)[] = []
  const send = (random: SeededRandom, from: string, on: number, isOutside: boolean): void => {
    const target = random.pick(refs)
    const priority = random.pick(['high', 'normal', 'normal', 'low'] as const)
    const options = { priority, ...(random.chance(0.1) ? { expiresMs: random.below(20) } : {}) }
    const pair = `${from} ${formatAddress(target)} ${priority}`
    const number = (sentTo.get(pair) ?? 0) + 1
    sentTo.set(pair, number)
    const padding = 'x'.repeat(random.chance(0.05) ? 3000 : random.below(60))
    const letter = { from, to: formatAddress(target), priority, number, padding }
    const ref = isOutside ? world.ref<Letter>(target, on) : world.inside<Letter>(target, on)
    const how = random.below(10)
    // A `send` has its place in the order when it is accepted; what an actor tells itself meanwhile goes before it, or it would wait for itself.
    const isToSelf = from === letter.to
    if (how < 6 || isToSelf) ref.tell(letter, ...(priority === 'normal' && random.chance(0.5) ? [] : [options]))
    else if (how < 8) ref.ask(letter, { ...options, timeoutMs: random.pick([5, 1000]) }).catch(() => {})
    else if (how < 9) ref.trySend(letter, options)
    else ref.send(letter, { ...options, timeoutMs: random.pick([5, 1000]) }).catch(() => {})
  }
  const behaviour = handler<Letter>((letter, context) => {
    world.note(letter)
    const { random } = world
    if (context.isAsked && random.chance(0.7)) context.reply(letter.number)
    if (letter.from === 'outside' && random.chance(0.5)) send(random, formatAddress(context.self), context.core, false)
    if (random.chance(0.01)) throw new Error('boom')
    if (random.chance(0.1))
      context.setTimer('t', random.below(20), { ...letter, from: `timer of ${letter.to}`, number: world.notes.length })
    if (random.chance(0.2)) return new Promise<void>((resolve) => pending.push(resolve))
    return undefined
  })
  for (let i = 0; i < 6; i += 1) {
    const mailbox = {
      capacity: draws.pick([1, 3, 100]),
      overflow: draws.pick(['backpressure', 'backpressure', 'drop-newest', 'drop-oldest', 'shed-low', 'fail'] as const),
    }
    refs.push(world.spawn(draws.below(world.cores.length), behaviour, null, { mailbox }))
  }
  const restartAll = async (): Promise<void> => {
    for (const exit of world.exits.splice(0)) {
      const ref = refs.find((each) => formatAddress(each) === exit.ref)
      if (ref !== undefined) void world.restart(ref, behaviour, null)
    }
    await world.run()
  }
  for (let step = 0; step < 150; step += 1) {
    for (let i = draws.below(8); i > 0; i -= 1) send(draws, 'outside', draws.below(world.cores.length), true)
    const what = draws.below(10)
    if (what < 3) world.turn(draws.below(world.cores.length))
    else if (what < 5) await world.run()
    else if (what < 7) await world.advance(draws.below(30))
    else if (what < 9) for (let i = draws.below(4); i > 0; i -= 1) pending.splice(draws.below(pending.length), 1)[0]?.()
    else await restartAll()
  }
  // Liveness: with everybody served, the world comes to rest with nothing left over.
  const isBusy = (): boolean =>
    pending.length > 0 || world.exits.length > 0 || world.books().queued > 0 || world.cores.some((core) => core.wheel.size > 0)
  // A circle of waits gives up one message at each send limit, of 10 s at most: what counts is that something goes on within that time.
  let stalledRounds = 0
  let settledBefore = -1
  while (isBusy()) {
    const { processed, deadTotal } = world.books()
    stalledRounds = processed + deadTotal > settledBefore ? 0 : stalledRounds + 1
    settledBefore = processed + deadTotal
    expect(stalledRounds).toBeLessThan(700)
    for (const open of pending.splice(0)) open()
    await world.advance(20)
    await restartAll()
  }

  const last = new Map<string, number>()
  for (const { from, to, priority, number } of world.notes as Letter[]) {
    // Outside actors are one sender on each core; their letters are numbered together, so only those of actors have one order.
    if (from === 'outside' || from.startsWith('timer')) continue
    expect(number).toBeGreaterThan(last.get(`${from} ${to} ${priority}`) ?? 0)
    last.set(`${from} ${to} ${priority}`, number)
  }
  const once = (world.notes as Letter[])
    .filter(({ from }) => !from.startsWith('timer'))
    .map(({ from, to, priority, number }) => `${from} ${to} ${priority} ${number}`)
  expect(new Set(once).size).toBe(once.length)
  world.expectBalanced()
  for (const core of world.cores) expect(world.congested(core.coreNumber)).toBe(0)
  return world
}

test('order per pair within a priority, once at most, even books (D4, D6, C-36)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 - 1 }), async (seed) => {
      await simulate(seed)
    }),
    { numRuns: 60, examples: [[2090159775]] }, // a long circle of waits
  )
}, 60_000)

test('the same run from the same seed, message by message (R1.10)', async () => {
  for (const seed of [1, 77, 4711]) {
    const [first, second] = [await simulate(seed), await simulate(seed)]
    expect(first.notes.length).toBeGreaterThan(50)
    expect(second.notes).toEqual(first.notes)
    expect(second.books()).toEqual(first.books())
  }
})
