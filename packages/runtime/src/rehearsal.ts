/**
 * A spare's rehearsal: what a successor does first, done once in memory of its own and thrown away. The engine compiles a function when it is
 * first called; in the middle of a recovery that takes longer than all the rest.
 *
 * Two cores in one thread: the second one is put up as a successor is (adopt, open, restart), takes messages in both ways, answers an ask.
 */
import { ActorRef, defineActor } from '@cambium/actor'
import type { Behaviour, Ref } from '@cambium/actor'
import type { CorePlatform } from '@cambium/base'
import { Core, createSystemMemory, OWNED_BY_ROOT } from '@cambium/scheduler'
import type { SenderLimits } from '@cambium/scheduler'

const MODULE = 'cambium:rehearsal'
/** More than the learner of layouts wants to see before it compiles one. */
const MESSAGES = 64
/** It comes to rest long before. */
const TURNS_MAX = 200
/** The second time finds what only the first one's end made known. */
const TIMES = 2
const RING_BYTES = 1 << 16
const LIMITS: SenderLimits = {
  sendTimeoutMs: 1000,
  askTimeoutMs: 1000,
  outboxCapacity: 1024,
  outsideCapacity: 1024,
  messageBytesMax: 1 << 16,
}

interface Line {
  readonly type: 'line'
  readonly id: number
  readonly text: string
}

const stand: Behaviour<null, Line> = defineActor<null, Line, Line, { lines: number }>(MODULE, 'stand-in', {
  init: () => ({ lines: 0 }),
  receive(state, message, context) {
    state.lines += 1
    if (context.isAsked) context.reply(message)
  },
  terminate() {},
})

/** Takes some milliseconds; leaves nothing behind. `now` of the platform is used, nothing else of it. */
export function rehearse(platform: CorePlatform): void {
  for (let time = 0; time < TIMES; time += 1) perform(platform)
}

function perform(platform: CorePlatform): void {
  const own: CorePlatform = {
    now: () => platform.now(),
    random: () => 0,
    importModule: () => Promise.resolve({}),
    requestTurn: () => {},
    offload: () => Promise.resolve(undefined),
  }
  const shape = { cores: 2, dataRingBytes: RING_BYTES, controlRingBytes: RING_BYTES }
  const memory = createSystemMemory(shape, (bytes) => new SharedArrayBuffer(bytes))
  const root = new Core({ number: 0, memory, platform: own, limits: LIMITS, isStrict: false, onRootSignal: () => {} })
  const slot = { slot: 0, generation: 1, name: undefined, mailbox: undefined }
  const spec = { module: MODULE, behaviour: stand.name, argument: null, name: undefined, mailbox: undefined, initTimeoutMs: 1000 }
  root.signal(1, { type: 'adopt', slots: [slot] })
  root.signal(1, { type: 'open' })
  root.signal(1, { type: 'restart', request: 1, slot: 0, generation: 1, spec, owner: OWNED_BY_ROOT })
  const ref = new ActorRef(root.sender.outside, 1, 0, 1) as unknown as Ref<Line>
  for (let id = 0; id < MESSAGES; id += 1) ref.tell({ type: 'line', id, text: 'the show goes on' })
  ref.ask({ type: 'line', id: MESSAGES, text: 'are you there?' }).catch(() => {})
  root.flush()

  const successor = new Core({ number: 1, memory, platform: own, limits: LIMITS, isStrict: false, isOpen: false })
  successor.loader.learn(stand as Behaviour<unknown, unknown>)
  successor.toRoot({ type: 'hello', core: 1 })
  const there = new ActorRef(successor.sender.inside, 0, 0, 1) as unknown as Ref<Line>
  for (let id = 0; id < MESSAGES; id += 1) there.tell({ type: 'line', id, text: 'nobody is listening' })
  for (let turn = 0, done = 1; turn < TURNS_MAX && done > 0; turn += 1) done = successor.turn() + root.turn()
  const cell = successor.slots.find(0, 1)
  if (cell !== undefined) successor.lifecycle.stop(cell, 0, false, () => {})
}
