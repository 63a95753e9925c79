/** State machines: the conformance cases, in virtual time and on the real platform, and what only a running machine can show. */
import type { Ref } from '@cambium/actor'
import { startSystem } from '@cambium/runtime'
import type { System } from '@cambium/runtime'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { expectNothingLeft } from '../../runtime/test/nothing-left.ts'
import { clerk } from './fixtures/desk.ts'
import type { ClerkMessage } from './fixtures/desk.ts'
import { MACHINE_CASES } from './fixtures/machine-cases.ts'
import { act, acts, held, refHost, runHost } from './fixtures/machine-hosts.ts'
import { recorder } from './fixtures/recorder.ts'
import { closedAt, ending, guarded, openAt, reception, slow, uneasy, watcher } from './fixtures/machines.ts'

test.each(MACHINE_CASES.map((each) => [each.name, each] as const))('%s, in virtual time', async (_name, each) => {
  expect(await each.run(runHost())).toEqual(each.log)
})

describe('a running machine', () => {
  let system: System
  beforeAll(async () => {
    system = await startSystem({ cores: 2, handleSignals: false })
  })
  afterAll(async () => {
    await system.shutdown()
  })
  expectNothingLeft(() => system)

  describe.each([0, 1])('on core %i', (core) => {
    test.each(MACHINE_CASES.map((each) => [each.name, each] as const))('%s', async (_name, each) => {
      const ref = await system.spawn(recorder, {}, { core })
      expect(await each.run(refHost(ref))).toEqual(each.log)
      await system.stop(ref)
    })

    test('C-27 a timeout can be cancelled and updated after its expiry, before it is delivered', async () => {
      const ref = await system.spawn(recorder, {}, { core })
      const late = [
        { type: 'timeout', name: 't', update: 'new' },
        { type: 'state_timeout', cancel: true },
      ] as const
      // Both run out while the machine spins, which it does before anything from outside.
      ref.tell(
        acts(
          'set',
          { type: 'timeout', name: 't', ms: 5, content: 'old' },
          { type: 'state_timeout', ms: 5 },
          { type: 'next_event', event: { type: 'spin', ms: 25, step: { actions: late } } },
        ),
      )
      expect(await ref.ask({ type: 'log', lines: 4 })).toEqual(['enter a from a', 'set', 'spun', 't new in a'])
      await system.stop(ref)
    })

    test('a postponed ask is answered when its turn has come; a kept one whenever the machine likes', async () => {
      const ref = await system.spawn(openAt, undefined, { core })
      const waiting = [ref.ask({ type: 'knock', who: 'ada' }), ref.ask({ type: 'knock', who: 'ben' })]
      const last = ref.ask({ type: 'farewell' })
      ref.tell({ type: 'open' })
      expect(await Promise.all(waiting)).toEqual(['hello ada', 'hello ben'])
      ref.tell({ type: 'close' })
      expect(await last).toBe('closed after 2')
      await system.stop(ref)
    })

    test.each([0, 1, 2])('C-42 has an actor of core %i answer, once, for an ask that was postponed too', async (elsewhere) => {
      const ref = await system.spawn(reception, undefined, { core })
      const helper = (await system.spawn(clerk, undefined, { core: elsewhere })) as Ref<ClerkMessage>
      const ask = (answers: readonly string[]) => ref.ask({ type: 'delegate', clerk: helper, answers })
      const before = system.books().dead.late_reply
      const postponed = ask(['after opening', 'again'])
      ref.tell({ type: 'open' })
      expect(await postponed).toBe('after opening')
      expect(await ask(['at once'])).toBe('at once')
      await vi.waitFor(
        () => {
          expect(system.books().dead.late_reply).toBe(before + 1)
        },
        { timeout: 10_000 },
      )
      await system.stop(ref)
      await system.stop(helper)
    })

    test('C-24 whoever waits for an answer by a token learns of its crash at once; there is one token for one ask', async () => {
      const ref = await system.spawn(reception, undefined, { core, restart: 'temporary' })
      const helper = (await system.spawn(clerk, undefined, { core })) as Ref<ClerkMessage>
      ref.tell({ type: 'open' })
      const waiting = ref.ask({ type: 'delegate', clerk: helper, answers: [] }, { timeoutMs: 60_000 })
      ref.tell({ type: 'crash' })
      await expect(waiting).rejects.toMatchObject({ code: 'ERR_ACTOR_CRASHED' })
      const second = await system.spawn(reception, undefined, { core, restart: 'temporary' })
      const end = system.monitor(second)
      second.tell({ type: 'open' })
      expect(await second.ask({ type: 'twice' })).toBe('first')
      expect(await end).toMatchObject({ kind: 'crash', error: { code: 'ERR_NOT_ASKED' } })
      await system.stop(helper)
    })

    test('who neither answers, keeps nor postpones leaves its asker with an error at once', async () => {
      const ref = await system.spawn(recorder, {}, { core })
      await expect(ref.ask({ type: 'forget' })).rejects.toMatchObject({ code: 'ERR_NO_REPLY' })
      await system.stop(ref)
    })

    test('C-42 a second answer is a dead letter', async () => {
      const ref = await system.spawn(recorder, {}, { core })
      const dead = new Promise((resolve) => {
        system.events.once('dead_letter', resolve)
      })
      expect(await ref.ask({ type: 'reply twice' })).toEqual(['enter a from a'])
      expect(await dead).toMatchObject({ target: { core } })
      await system.stop(ref)
    })

    test.each([
      [
        'C-29',
        'bad action',
        'ERR_BAD_ACTION',
        'bad_action_from_state_function: machine=recorder, state=a, found { type: "dance" }',
      ],
      [
        'C-22',
        'bad return',
        'ERR_BAD_STEP',
        'bad_return_from_state_function: machine=recorder, state=a, event=bad return, found "well"',
      ],
      [
        'C-22',
        'promise',
        'ERR_BAD_STEP',
        'bad_return_from_state_function: machine=recorder, state=a, event=promise, found a promise',
      ],
      [
        'R1.5',
        'bad state',
        'ERR_NO_SUCH_STATE',
        'machine has no such state: machine=recorder, state=a, event=bad state, found "nowhere"',
      ],
      ['R1.5', 'dance', 'ERR_UNHANDLED_EVENT', 'state handles no such event: machine=recorder, state=a, event=dance'],
    ] as const)('%s crashes on %s, which is named, and is restarted', async (_case, type, code, message) => {
      const ref = await system.spawn(recorder, {}, { core })
      const exited = new Promise((resolve) => {
        system.events.once('actor_exited', resolve)
      })
      await expect(ref.ask({ type } as { type: 'bad action' })).rejects.toMatchObject({
        code: 'ERR_ACTOR_CRASHED',
        message: expect.stringContaining(message) as string,
      })
      expect(await exited).toMatchObject({ reason: { kind: 'crash', error: { code } } })
      expect(await ref.ask({ type: 'log' })).toEqual(['enter a from a'])
      await system.stop(ref)
    })

    test('stops: normally with its last answer, by an error as a crash, while it enters a state; terminate has the last of it', async () => {
      const exits: unknown[] = []
      const onExit = ({ reason }: { reason: unknown }): void => {
        exits.push(reason)
      }
      system.events.on('actor_exited', onExit)
      const done = await system.spawn(ending, undefined, { core, restart: 'temporary' })
      expect(await done.ask({ type: 'finish' })).toBe('bye')
      await expect(done.ask({ type: 'finish' })).rejects.toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
      const entering = await system.spawn(recorder, {}, { core, restart: 'temporary' })
      await expect(entering.ask({ type: 'enter stop' })).rejects.toMatchObject({ code: expect.any(String) as string })
      const crashing = await system.spawn(recorder, {}, { core, restart: 'temporary' })
      await expect(crashing.ask({ type: 'crash stop' })).rejects.toMatchObject({ code: expect.any(String) as string })
      await expect(crashing.ask({ type: 'log' })).rejects.toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
      system.events.off('actor_exited', onExit)
      expect(exits).toEqual([
        { kind: 'normal' },
        { kind: 'normal' },
        { kind: 'crash', error: expect.objectContaining({ message: 'enough' }) as unknown },
      ])
    })

    test('a postponed asker of a machine that ends is told', async () => {
      const ref = await system.spawn(openAt, undefined, { core, restart: 'temporary' })
      const waiting = expect(ref.ask({ type: 'knock', who: 'ada' })).rejects.toMatchObject({ code: expect.any(String) as string })
      await system.stop(ref)
      await waiting
    })

    test('an asynchronous init is awaited; what a start inserts comes before any message (C-21)', async () => {
      const late = await system.spawn(slow, 7, { core })
      expect(await late.ask({ type: 'look' })).toEqual(['entered', 'inserted 7', 'timed out at once'])
      await system.stop(late)
    })

    test('a start that fails is no start', async () => {
      await expect(system.spawn(uneasy, 'throw', { core })).rejects.toMatchObject({
        message: expect.stringContaining('not today') as string,
      })
      await expect(system.spawn(uneasy, 'nowhere', { core })).rejects.toMatchObject({
        message: expect.stringContaining(
          'machine has no such state: machine=uneasy, state=, event=init, found "nowhere"',
        ) as string,
      })
      await expect(system.spawn(uneasy, 'postpone', { core })).rejects.toMatchObject({
        message: expect.stringContaining('bad_action_from_state_function') as string,
      })
    })

    test('C-34 the end of a monitored actor is an event', async () => {
      const watched = await system.spawn(ending, undefined, { core, restart: 'temporary' })
      const ref = await system.spawn(watcher, undefined, { core: 1 - core })
      const reason = ref.ask({ type: 'reason' })
      ref.tell({ type: 'watch', ref: watched })
      watched.tell({ type: 'finish' })
      expect(['normal', 'noproc']).toContain(await reason)
      await system.stop(ref)
    })

    test('C-50 whoever looks inside sees state and data, and their secrets only if they are shown', async () => {
      const ref = await system.spawn(openAt, undefined, { core })
      ref.tell({ type: 'open' })
      await ref.ask({ type: 'knock', who: 'ada' })
      expect(await system.inspect(ref).getState()).toEqual({ state: 'open', data: { count: 1 } })
      const secret = await system.spawn(guarded, '4711', { core })
      expect(await system.inspect(secret).getStatus()).toMatchObject({ state: 'a secret in shut' })
      await Promise.all([system.stop(ref), system.stop(secret)])
    })

    test('R1.11 a state timeout closes what was left open', async () => {
      const ref = await system.spawn(closedAt, 20, { core })
      expect(await ref.ask({ type: 'open' })).toBe('open')
      expect(await ref.ask({ type: 'await closed' })).toBe('closed by itself')
      await system.stop(ref)
    })
  })
})

test('C-27 a timeout that lies in the mailbox already can be cancelled and updated', async () => {
  const system = await startSystem({ cores: 0, handleSignals: false })
  const ref = await system.spawn(recorder, {}, { core: 0 })
  ref.tell(acts('set', { type: 'timeout', name: 't', ms: 5, content: 'old' }, { type: 'state_timeout', ms: 5 }))
  // Both run out while the machine spins; the event behind it, from the same core, is in the mailbox before them.
  ref.tell({ type: 'spin', ms: 25, step: {} })
  ref.tell(acts('late', { type: 'timeout', name: 't', update: 'new' }, { type: 'state_timeout', cancel: true }))
  expect(await ref.ask({ type: 'log', lines: 5 })).toEqual(['enter a from a', 'set', 'spun', 'late', 't new in a'])
  await system.shutdown()
})

test('what is ignored is dropped, what is held is kept however long', () => {
  const host = runHost()
  host.tell({ type: 'ignored' })
  host.tell(held('held'))
  host.tell(act('keep'))
  return expect(host.logAfter(1e9)).resolves.toEqual(['enter a from a', 'keep'])
})
