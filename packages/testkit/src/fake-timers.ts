/**
 * The process's own clock, timers and randomness, taken over while simulations run and given back after the last of them.
 *
 * 1. Each entry looks whose code calls it (`sim-context.ts`). Code of a simulation gets virtual time and seeded randomness; all other code in
 *    the process, test runners included, gets what was there before. So several simulations may run at once, beside anything else.
 * 2. Named imports of Node's modules are brought in line (`syncBuiltinESMExports`), so `import { setTimeout } from 'node:timers/promises'` is
 *    taken over as well. A module that kept a function of its own before the simulation keeps the real one.
 * 3. The simulator itself keeps real functions, which it took when this module was loaded.
 *
 * This is no place for @sinonjs/fake-timers (BSD-3, well kept): its clock is one for the process, while ours has an owner for each timer, whose
 * death ends it, and fires timers between the turns of the cores in the order that the world's own clock gives them.
 */
import nodeCrypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'
import { promisify } from 'node:util'
import type { SeededRandom } from '@cambium/base'
import { simFrames } from './sim-context.ts'
import type { SimFrame } from './sim-context.ts'
import { VirtualTimeout } from './virtual-timers.ts'

type Fn = (...args: unknown[]) => unknown

interface Patch {
  readonly target: object
  readonly key: PropertyKey
  readonly before: PropertyDescriptor | undefined
  readonly now: unknown
}

/** Wall clock at the start of a run: 2000-01-01T00:00:00Z. */
const EPOCH_MS = 946_684_800_000

const real = { immediate: timers.setImmediate, timeout: timers.setTimeout, now: performance.now.bind(performance) }
const patches: Patch[] = []
let holders = 0

/** One round of the real event loop: every promise that can settle has settled after it. */
export function nextRound(): Promise<void> {
  return new Promise((resolve) => {
    real.immediate(resolve)
  })
}

/** A real moment, for what is outside the simulation. */
export function realMoment(): Promise<void> {
  return new Promise((resolve) => {
    real.timeout(resolve, 1)
  })
}

/** Real milliseconds: for limits of real waits only. */
export function realNow(): number {
  return real.now()
}

/** A seed for who gives none. */
export function freshSeed(): number {
  return nodeCrypto.randomInt(2 ** 31)
}

/** Takes the globals over; the returned function gives them back. */
export function holdGlobals(): () => void {
  holders += 1
  if (holders === 1) takeOver()
  let isHeld = true
  return () => {
    if (!isHeld) return
    isHeld = false
    holders -= 1
    if (holders === 0) giveBack()
  }
}

function takeOver(): void {
  const promised = takeOverPromises()
  const timed: Readonly<Record<string, (frame: SimFrame) => Fn>> = {
    setTimeout:
      (frame) =>
      (callback: unknown, delay: unknown, ...args: unknown[]) =>
        frame.scope.timers.start(frame, callback, delay, args, false),
    setInterval:
      (frame) =>
      (callback: unknown, delay: unknown, ...args: unknown[]) =>
        frame.scope.timers.start(frame, callback, delay, args, true),
    setImmediate:
      (frame) =>
      (callback: unknown, ...args: unknown[]) =>
        frame.scope.timers.start(frame, callback, 0, args, false, true),
  }
  for (const [name, make] of Object.entries(timed)) {
    const now = dispatch(timers, name, make)
    const sleep = promised[name]
    if (sleep !== undefined) Object.defineProperty(now, promisify.custom, { value: sleep, configurable: true })
    patch(timers, name, now)
    patch(globalThis, name, now)
  }
  for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate'] as const) {
    const before = timers[name] as unknown as Fn
    const now = (handle: unknown): unknown => {
      const frame = simFrames.getStore()
      if (handle instanceof VirtualTimeout) return handle.frame.scope.timers.clear(handle)
      return frame === undefined ? before(handle) : frame.scope.timers.clear(handle)
    }
    patch(timers, name, now)
    patch(globalThis, name, now)
  }
  takeOverClocks()
  takeOverRandomness()
  syncBuiltinESMExports()
}

function takeOverPromises(): Record<string, Fn> {
  const signalOf = (options: unknown): AbortSignal | undefined => (options as { signal?: AbortSignal } | undefined)?.signal
  const sleep = dispatch(
    timersPromises,
    'setTimeout',
    (frame) => (delay, value, options) => frame.scope.timers.sleep(frame, delay, value, signalOf(options)),
  )
  const immediate = dispatch(
    timersPromises,
    'setImmediate',
    (frame) => (value, options) => frame.scope.timers.sleep(frame, 0, value, signalOf(options), true),
  )
  const interval = dispatch(
    timersPromises,
    'setInterval',
    (frame) => (delay, value, options) => ticks(frame, delay, value, signalOf(options)),
  )
  patch(timersPromises, 'setTimeout', sleep)
  patch(timersPromises, 'setImmediate', immediate)
  patch(timersPromises, 'setInterval', interval)
  patch(
    timersPromises.scheduler,
    'wait',
    dispatch(
      timersPromises.scheduler,
      'wait',
      (frame) => (delay, options) => frame.scope.timers.sleep(frame, delay, undefined, signalOf(options)),
    ),
  )
  patch(
    timersPromises.scheduler,
    'yield',
    dispatch(timersPromises.scheduler, 'yield', (frame) => () => frame.scope.timers.sleep(frame, 0, undefined, undefined, true)),
  )
  return { setTimeout: sleep, setImmediate: immediate }
}

async function* ticks(frame: SimFrame, delayMs: unknown, value: unknown, signal: AbortSignal | undefined): AsyncGenerator {
  // Ends when its consumer returns, or the signal aborts.
  for (;;) yield await frame.scope.timers.sleep(frame, delayMs, value, signal)
}

function takeOverClocks(): void {
  const RealDate = Date
  const dateNow = dispatch(RealDate, 'now', (frame) => () => wallMs(frame))
  const VirtualDate = new Proxy(RealDate, {
    construct(target, args: unknown[], newTarget) {
      const frame = args.length === 0 ? simFrames.getStore() : undefined
      return Reflect.construct(target, frame === undefined ? args : [wallMs(frame)], newTarget) as Date
    },
    apply(target) {
      const frame = simFrames.getStore()
      return frame === undefined ? target() : String(new target(wallMs(frame)))
    },
    get: (target, key, receiver) => (key === 'now' ? dateNow : (Reflect.get(target, key, receiver) as unknown)),
  })
  patch(globalThis, 'Date', VirtualDate)
  patch(
    performance,
    'now',
    dispatch(performance, 'now', (frame) => () => frame.scope.nowMs()),
  )
  const hrtime = dispatch(process, 'hrtime', (frame) => (before) => {
    const nanos = nanosOf(frame)
    const [seconds, rest] = [Number(nanos / 1_000_000_000n), Number(nanos % 1_000_000_000n)]
    if (!Array.isArray(before)) return [seconds, rest]
    const [s, n] = [seconds - Number(before[0]), rest - Number(before[1])]
    return n < 0 ? [s - 1, n + 1e9] : [s, n]
  })
  patch(process, 'hrtime', Object.assign(hrtime, { bigint: dispatch(process.hrtime, 'bigint', (frame) => () => nanosOf(frame)) }))
  patch(
    process,
    'uptime',
    dispatch(process, 'uptime', (frame) => () => frame.scope.nowMs() / 1000),
  )
  patch(
    AbortSignal,
    'timeout',
    dispatch(AbortSignal, 'timeout', (frame) => (delay) => {
      const controller = new AbortController()
      const abort = (): void => {
        controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
      }
      frame.scope.timers.start(frame, abort, delay, [], false)
      return controller.signal
    }),
  )
}

function takeOverRandomness(): void {
  patch(
    Math,
    'random',
    dispatch(Math, 'random', (frame) => () => frame.scope.random.next()),
  )
  const uuid = (frame: SimFrame) => () => uuidOf(frame.scope.random)
  const fill = (frame: SimFrame) => (view: unknown) => {
    const { buffer, byteOffset, byteLength } = view as Uint8Array
    fillBytes(frame.scope.random, new Uint8Array(buffer, byteOffset, byteLength))
    return view
  }
  for (const target of [nodeCrypto, globalThis.crypto]) {
    patch(target, 'randomUUID', dispatch(target, 'randomUUID', uuid))
    patch(target, 'getRandomValues', dispatch(target, 'getRandomValues', fill))
  }
  const answer = (frame: SimFrame, value: unknown, callback: unknown): unknown => {
    if (typeof callback !== 'function') return value
    frame.scope.timers.start(frame, () => (callback as Fn)(null, value), 0, [], false, true)
    return undefined
  }
  patch(
    nodeCrypto,
    'randomBytes',
    dispatch(nodeCrypto, 'randomBytes', (frame) => (size, callback) => {
      const bytes = Buffer.alloc(Number(size))
      fillBytes(frame.scope.random, bytes)
      return answer(frame, bytes, callback)
    }),
  )
  patch(
    nodeCrypto,
    'randomInt',
    dispatch(nodeCrypto, 'randomInt', (frame) => (first, second, third) => {
      const [min, max, callback] = typeof second === 'number' ? [Number(first), second, third] : [0, Number(first), second]
      return answer(frame, min + Math.floor(frame.scope.random.next() * (max - min)), callback)
    }),
  )
}

function wallMs(frame: SimFrame): number {
  return EPOCH_MS + Math.floor(frame.scope.nowMs())
}

function nanosOf(frame: SimFrame): bigint {
  return BigInt(Math.round(frame.scope.nowMs() * 1e6))
}

function fillBytes(random: SeededRandom, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = random.below(256)
}

/** Version 4, as RFC 9562 lays it out. */
function uuidOf(random: SeededRandom): string {
  const bytes = new Uint8Array(16)
  fillBytes(random, bytes)
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  const hex = Buffer.from(bytes).toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** The function at `key` for all other code, what `make` makes for code of a simulation. */
function dispatch(target: object, key: string, make: (frame: SimFrame) => Fn): Fn {
  const before = (target as Record<string, unknown>)[key] as Fn
  return function (this: unknown, ...args: unknown[]): unknown {
    const frame = simFrames.getStore()
    return frame === undefined ? Reflect.apply(before, this ?? target, args) : make(frame)(...args)
  }
}

function patch(target: object, key: PropertyKey, now: unknown): void {
  const before = Object.getOwnPropertyDescriptor(target, key)
  if (before?.configurable === false) return
  patches.push({ target, key, before, now })
  Object.defineProperty(target, key, { value: now, configurable: true, writable: true, enumerable: before?.enumerable ?? false })
}

function giveBack(): void {
  for (const { target, key, before, now } of patches.splice(0).reverse()) {
    // Somebody else took it over meanwhile, and will give back what passes on to the real one.
    if (Reflect.get(target, key) !== now) continue
    if (before === undefined) Reflect.deleteProperty(target, key)
    else Object.defineProperty(target, key, before)
  }
  syncBuiltinESMExports()
}
