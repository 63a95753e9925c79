/** Looking inside live actors on real threads: state, status, suspend, replace, statistics, trace, log, crash reports (C-20, C-50, C-51). */
import { expect, it } from 'vitest'
import { errand } from './fixtures/errand.ts'
import { gate } from './fixtures/gate.ts'
import { ledger } from './fixtures/ledger.ts'
import type { LedgerState } from './fixtures/ledger.ts'
import { collect, failureOf, next, settled, start } from './harness.ts'

const MODULE = new URL('fixtures/ledger.ts', import.meta.url)

it.for([0, 1])('the state is a copy; the status shows it redacted: core %i', async (core) => {
  const system = await start()
  const ref = await system.spawn(ledger, 5, { core, name: 'ledger', mailbox: { capacity: 7 } })
  const look = system.inspect('ledger')
  expect(await look.getState<LedgerState>()).toEqual({ sum: 5, secret: 'swordfish' })
  ref.tell({ type: 'add', amount: 2 })
  expect(await ref.ask({ type: 'sum' })).toBe(7)
  expect(await system.inspect(ref).getStatus()).toMatchObject({
    actor: { core, slot: ref.slot, generation: ref.generation },
    name: 'ledger',
    behaviour: 'ledger',
    kind: 'actor',
    status: 'ready',
    isSuspended: false,
    incarnation: 0,
    queued: 0,
    capacity: 7,
    overflow: 'backpressure',
    isObserved: { statistics: false, trace: false, log: false },
    state: { sum: 7, secret: '***' },
  })
  ref.tell({ type: 'remember_function' })
  expect(await ref.ask({ type: 'sum' })).toBe(7)
  expect(await failureOf(look.getState())).toMatchObject({ code: 'ERR_CANNOT_TRAVEL' })
  expect((await look.getStatus()).state).toEqual({ sum: 7, secret: '***' })
})

it.for([0, 1])(
  'C-50 suspend and resume are idempotent, the state can be read meanwhile, messages wait, a stop still works: core %i',
  async (core) => {
    const system = await start()
    const ref = await system.spawn(ledger, 0, { core })
    const look = system.inspect(ref)
    await look.suspend()
    await look.suspend()
    ref.tell({ type: 'add', amount: 1 })
    const asked = ref.ask({ type: 'sum' })
    expect(await look.getState()).toMatchObject({ sum: 0 })
    expect(await look.getStatus()).toMatchObject({ status: 'suspended', isSuspended: true })
    await look.resume()
    await look.resume()
    expect(await asked).toBe(1)
    expect(await look.getStatus()).toMatchObject({ status: 'ready', isSuspended: false })
    await look.suspend()
    ref.tell({ type: 'add', amount: 1 })
    expect(await system.stop(ref)).toEqual({ kind: 'shutdown' })
    expect((await failureOf(look.getState())).code).toBe('ERR_NO_SUCH_ACTOR')
    await settled(system)
    // The stop may be there before the message that was sent ahead of it: signals do not wait behind messages (D4).
    const { stopped, no_such_actor: gone } = system.books().dead
    expect(stopped + gone).toBe(1)
  },
)

it.for([0, 1])('an actor that is busy is suspended after the message in hand: core %i', async (core) => {
  const system = await start()
  const barrier = await system.spawn(gate, { isOpen: false }, { core: 0 })
  const ref = await system.spawn(ledger, 0, { core })
  ref.tell({ type: 'hold', gate: barrier })
  await barrier.ask({ type: 'arrived', count: 1 })
  const look = system.inspect(ref)
  await look.suspend()
  expect(await look.getStatus()).toMatchObject({ status: 'busy', isSuspended: true })
  const replaced = look.replaceState(MODULE, 'double', 2) // waits for the end of the handler, whose state it is given
  ref.tell({ type: 'add', amount: 1 })
  barrier.tell({ type: 'open' })
  await replaced
  expect(await look.getState()).toMatchObject({ sum: 2000 })
  expect(await look.getStatus()).toMatchObject({ status: 'suspended', queued: 1 })
  await look.resume()
  expect(await ref.ask({ type: 'sum' })).toBe(2001)
})

it.for([0, 1])('C-50 a state replacement that fails changes nothing: core %i', async (core) => {
  const system = await start()
  const ref = await system.spawn(ledger, 21, { core })
  const look = system.inspect(ref)
  await look.replaceState(MODULE, 'double', 2)
  expect(await ref.ask({ type: 'sum' })).toBe(42)
  for (const [job, text] of [
    ['refuse', 'Error: no'],
    ['promise', 'it returned a promise'],
    ['nothing', 'nothing is no exported function'],
  ] as const) {
    const error = await failureOf(look.replaceState(MODULE, job))
    expect(error).toMatchObject({ code: 'ERR_REPLACE_STATE', message: expect.stringContaining(text) })
  }
  expect((await failureOf(look.replaceState('file:///nowhere.js', 'x'))).code).toBe('ERR_REPLACE_STATE')
  expect((await failureOf(look.replaceState('nowhere', 'x'))).code).toBe('ERR_OPTION')
  expect(await ref.ask({ type: 'sum' })).toBe(42)
  expect(await look.getStatus()).toMatchObject({ incarnation: 0 })
})

it.for([0, 1])('C-51 statistics, trace and log go on and off without losing a message: core %i', async (core) => {
  const system = await start()
  const ref = await system.spawn(ledger, 0, { core, name: 'ledger' })
  const look = system.inspect(ref)
  const traced = collect(system, 'trace')
  expect(await look.statistics()).toBeUndefined()
  expect(await look.log()).toEqual([])
  for (let round = 0; round < 20; round += 1) {
    const isOn = round % 2 === 0
    const switching = [look.statistics(isOn), look.trace(isOn), look.log(isOn ? 3 : 0)]
    for (let i = 0; i < 50; i += 1) ref.tell({ type: 'add', amount: 1 })
    await Promise.all(switching)
  }
  expect(await ref.ask({ type: 'sum' })).toBe(1000)
  await look.statistics(true)
  await look.log(2)
  await look.trace(true)
  for (let i = 1; i <= 5; i += 1) ref.tell({ type: 'add', amount: i })
  expect(await ref.ask({ type: 'sum' })).toBe(1015)
  expect(await look.statistics()).toMatchObject({ begun: 6, handled: 6, crashed: 0, asked: 1, queued: 0 })
  expect(await look.log()).toEqual([
    {
      atMs: expect.any(Number),
      message: { type: 'add', amount: 5 },
      isAsked: false,
      outcome: 'handled',
      tookMs: expect.any(Number),
    },
    { atMs: expect.any(Number), message: { type: 'sum' }, isAsked: true, outcome: 'handled', tookMs: expect.any(Number) },
  ])
  expect(await look.trace()).toBe(true)
  expect(await look.getStatus()).toMatchObject({ isObserved: { statistics: true, trace: true, log: true } })
  expect(traced.filter(({ message }) => (message as { amount?: number }).amount === 4)).toMatchObject([
    { name: 'ledger', outcome: 'handled', leftOut: 0 },
  ])
  await Promise.all([look.statistics(false), look.trace(false), look.log(0)])
  expect(await look.statistics()).toBeUndefined()
  expect(await look.getStatus()).toMatchObject({ isObserved: { statistics: false, trace: false, log: false } })
  expect((await failureOf(look.log(-1))).code).toBe('ERR_OPTION')
  expect((await failureOf(look.trace('on' as never))).code).toBe('ERR_OPTION')
})

it.for([0, 1])(
  'C-20 a crash gives a report with the last message, the redacted state, the stack and the path; other ends give none: core %i',
  async (core) => {
    const system = await start()
    const reports = collect(system, 'crash_report')
    const ref = await system.spawn(ledger, 9, { core, name: 'ledger' })
    await system.inspect(ref).log(10)
    ref.tell({ type: 'add', amount: 1 })
    const report = next(system, 'crash_report')
    const restarted = next(system, 'actor_restarted')
    ref.tell({ type: 'boom' })
    expect(await report).toMatchObject({
      actor: { core, slot: ref.slot, generation: ref.generation },
      name: 'ledger',
      behaviour: 'ledger',
      module: MODULE.href,
      incarnation: 0,
      error: { name: 'RangeError', message: 'the book is torn', stack: expect.stringContaining('ledger.ts') },
      during: 'message',
      message: { type: 'boom' },
      state: { sum: 10, secret: '***' },
      supervision: ['root', 'ledger'],
      log: [
        { message: { type: 'add', amount: 1 } },
        { message: { type: 'boom' }, outcome: 'crashed', error: 'the book is torn' },
      ],
      leftOut: 0,
    })
    await restarted
    expect(await system.inspect(ref).log()).toEqual([]) // it belonged to the incarnation
    ref.tell({ type: 'close' }) // normal
    await system.stop(await system.spawn(ledger, 0, { core }))
    await settled(system)
    expect(reports).toHaveLength(1)
  },
)

it.for([0, 1])('C-51 what an actor sends is counted while somebody wants that, after an await too: core %i', async (core) => {
  const system = await start()
  const ref = await system.spawn(errand, 'well', { core })
  const [near, far] = [await system.spawn(errand, 'well', { core }), await system.spawn(errand, 'well', { core: 1 - core })]
  const look = system.inspect(ref)
  expect(await ref.ask({ type: 'send', to: near })).toBe('sent')
  expect(await look.statistics(true)).toMatchObject({ sent: 0 })
  const beside = system.inspect(near)
  await beside.statistics(true)
  for (const to of [near, far]) {
    expect(await ref.ask({ type: 'send', to })).toBe('sent') // 3
    expect(await ref.ask({ type: 'send_later', to })).toBe('sent') // 2
  }
  expect(await look.statistics()).toMatchObject({ sent: 10, asked: 4 })
  expect(await beside.statistics(false)).toMatchObject({ sent: 0 })
  await system.stop(near) // nothing is left of its count, and the other goes on
  expect(await ref.ask({ type: 'send', to: far })).toBe('sent')
  expect(await look.statistics(false)).toMatchObject({ sent: 13 })
  expect(await ref.ask({ type: 'send', to: far })).toBe('sent')
  expect(await look.statistics(true)).toMatchObject({ sent: 0 })
})

it.for([
  ['throw', 0],
  ['reject', 1],
  ['hang', 1],
] as const)('C-20 a start that fails gives a report: init does %s, core %i', async ([how, core]) => {
  const system = await start()
  const report = next(system, 'crash_report')
  const failure = failureOf(system.spawn(errand, how, { core, name: 'errand', initTimeoutMs: how === 'hang' ? 20 : 5000 }))
  const expected =
    how === 'hang'
      ? { code: 'ERR_INIT_TIMEOUT' }
      : { code: 'ERR_INIT_FAILED', cause: { message: 'no start', name: 'RangeError' } }
  expect(await report).toMatchObject({
    name: 'errand',
    behaviour: 'errand',
    incarnation: 0,
    during: 'init',
    error: expected,
    message: undefined,
    state: undefined,
    supervision: ['root', 'errand'],
  })
  expect((await failure).code).toBe(expected.code)
})

it.for([0, 1])('C-20 an actor that ends itself for an error when no message is in hand gives a report: core %i', async (core) => {
  const system = await start()
  const report = next(system, 'crash_report')
  const ref = await system.spawn(errand, 'well', { core, name: 'errand' })
  ref.tell({ type: 'fail_at_rest' })
  expect(await report).toMatchObject({
    during: 'rest',
    error: { name: 'RangeError', message: 'changed its mind' },
    message: undefined,
    state: { pin: '****' },
    incarnation: 0,
  })
})

it('what is not there is an error', async () => {
  const system = await start()
  const ref = await system.spawn(ledger, 0)
  expect(() => system.inspect('nobody')).toThrow(expect.objectContaining({ code: 'ERR_NO_SUCH_ACTOR' }))
  expect(() => system.inspect({} as never)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
  const look = system.inspect(ref)
  await system.stop(ref)
  for (const call of [look.getState(), look.getStatus(), look.suspend(), look.resume(), look.statistics(), look.log(1)])
    expect((await failureOf(call)).code).toBe('ERR_NO_SUCH_ACTOR')
  await system.shutdown()
  expect((await failureOf(look.getState())).code).toBe('ERR_SYSTEM_CLOSED')
})
