/**
 * A supervisor that has lost its core meets the slot of a child that the incarnation before had deleted.
 *
 * 1. The supervisor is on core 2, its child on core 1. The last thing that core 2 says is that the child's slot is free; then it dies.
 * 2. The root tells its successor of the slot: it has not heard from core 1 yet. Core 1 frees it now, or later; and then another actor may have it.
 * 3. The child is started by the next incarnation, once, and who has its slot is left alone.
 */
import { expect, it } from 'vitest'
import type { ActorAddress } from '@cambium/base'
import type { ActorCell } from '../src/actor-cell.ts'
import type { ChildKeeper, ChildListener, ChildStart } from '../src/child-keeper.ts'
import { behave, World } from './harness.ts'

const CHILDREN = 1
const SUPERVISOR = 2

const listener: ChildListener = { exited: () => {}, coreLost: () => {} }

interface Started {
  error: Error | undefined
  address: ActorAddress | undefined
}

function startBy(keeper: ChildKeeper, child: ChildStart): Started[] {
  const started: Started[] = []
  keeper.start(child, (error, address) => started.push({ error, address }))
  return started
}

it.each([
  ['is free and taken by another actor', ['free', 'reuse', 'start'], false],
  ['is freed as the start comes, before another actor', ['start', 'free', 'reuse'], true],
  ['is free', ['free', 'start'], true],
  ['is being freed', ['start'], true],
] as const)('D8 the slot of a deleted child %s: the child is started once', async (_, steps, isSame) => {
  const world = new World({ cores: 3 })
  const supervisor = behave<null, never, null>({ init: () => null, receive: () => undefined }, 'supervisor')
  const worker = behave<string, string, string>({
    init: (name) => name,
    receive(name, message) {
      world.note(`${name}: ${message}`)
    },
  })
  world.core(CHILDREN).loader.learn(worker as never)
  const ref = world.spawn(SUPERVISOR, supervisor, null) as unknown as ActorAddress
  await world.run()
  const keeper = (): ChildKeeper => world.core(SUPERVISOR).lifecycle.keeperOf(world.cell(ref) as ActorCell)
  const { module, name: behaviour } = worker
  const spec = { module, behaviour, argument: 'child', name: undefined, mailbox: undefined, initTimeoutMs: 5000 }
  const child = { id: 'a', spec, core: CHILDREN, isStatic: true, isKept: true }
  keeper().begin(listener)
  const first = startBy(keeper(), child)
  await world.run()
  const old = first[0]?.address as ActorAddress

  keeper().release('a')
  world.turn(SUPERVISOR)
  world.kill(SUPERVISOR)
  const { slot, generation } = ref
  world.replace(SUPERVISOR, [{ slot, generation, name: undefined, mailbox: undefined }])
  world.signal(SUPERVISOR, { type: 'kept', slot, generation, children: [{ id: 'a', address: old }] })
  while (world.cell(ref) === undefined) world.turn(SUPERVISOR)
  world.turn(SUPERVISOR)

  let other: ActorAddress | undefined
  let started: Started[] = []
  for (const step of steps) {
    if (step === 'free') world.turn(CHILDREN)
    else if (step === 'reuse') other = world.spawn(CHILDREN, worker, 'other') as unknown as ActorAddress
    else {
      keeper().begin(listener)
      started = startBy(keeper(), child)
    }
  }
  await world.run()
  keeper().settle()
  await world.run()

  expect(started.map(({ error }) => error)).toEqual([undefined])
  const address = started[0]?.address as ActorAddress
  expect(address.slot === old.slot && address.generation === old.generation).toBe(isSame)
  expect(other?.slot === old.slot).toBe(!isSame)
  expect(keeper().idOf(address)).toBe('a')
  expect(keeper().isUp('a')).toBe(true)
  world.ref<string>(address).tell('hello')
  if (other !== undefined) world.ref<string>(other).tell('hello')
  await world.run()
  expect(world.notes.map(String).toSorted((a, b) => a.localeCompare(b))).toEqual(
    other === undefined ? ['child: hello'] : ['child: hello', 'other: hello'],
  )
  expect(world.core(CHILDREN).slots.count).toBe(other === undefined ? 1 : 2)
  keeper().release('a')
  await world.run()
  expect(world.cell(address)).toBeUndefined()
  expect(world.core(SUPERVISOR).requests.size).toBe(0)
  expect(world.faults).toEqual([])
})
