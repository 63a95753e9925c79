/** Probes: expectations in virtual time, and what they say when they are not met. */
import { defineActor } from '@cambium/actor'
import type { Ref } from '@cambium/actor'
import { simulate } from '@cambium/testkit'
import type { Simulation } from '@cambium/testkit'
import { describe, expect, test } from 'vitest'

interface Note {
  readonly type: string
  readonly at?: { readonly line: number; readonly column: number }
}

type Request = { readonly to: Ref<Note>; readonly note: Note; readonly afterMs: number } | 'end' | 'crash'

/** Tells a note after some time. */
const herald = defineActor<undefined, Request, never, Map<string, Request>>(import.meta.url, 'herald', {
  init: () => new Map(),
  receive(pending, request, context) {
    if (request === 'end') context.stop()
    else if (request === 'crash') throw new Error('asked to')
    else if (request.afterMs === 0) request.to.tell(request.note)
    else context.setTimer(request.note.type, request.afterMs, { ...request, afterMs: 0 })
    return pending
  },
})

const start = (sim: Simulation): Promise<Ref<Request>> => sim.spawn(herald, undefined, { core: 1 })

describe('expectMessage', () => {
  test('waits for the message in virtual time, and no longer', async () => {
    await simulate(async (sim) => {
      const probe = await sim.probe<Note>()
      const ref = await start(sim)
      ref.tell({ to: probe.ref, note: { type: 'done' }, afterMs: 2500 })
      const before = sim.now()
      expect(await probe.expectMessage()).toEqual({ type: 'done' })
      expect(Math.round((sim.now() - before) / 100)).toBe(25)
    })
  })

  test('takes messages in their order, by predicate or by part', async () => {
    await simulate(async (sim) => {
      const probe = await sim.probe<Note>()
      const ref = await start(sim)
      const at = { line: 3, column: 7 }
      for (const type of ['a', 'b', 'c']) ref.tell({ to: probe.ref, note: { type, at }, afterMs: 0 })
      await probe.expectMessage((note) => note.type === 'a')
      await probe.expectMessage({ at: { line: 3 } })
      expect(await probe.expectMessage({ type: 'c', at })).toEqual({ type: 'c', at })
      expect(probe.messages).toEqual([])
    })
  })

  test('of two at once each has a message, in the order of their waits', async () => {
    await simulate(async (sim) => {
      const probe = await sim.probe<Note>()
      const ref = await start(sim)
      const waits = [
        probe.expectMessage(undefined, '1m'),
        probe.expectAnyMessage({ type: 'b' }, '1m'),
        probe.expectMessage(undefined, '1m'),
      ]
      for (const [i, type] of ['a', 'b', 'c'].entries()) ref.tell({ to: probe.ref, note: { type }, afterMs: 100 * (i + 1) })
      const before = sim.now()
      expect((await Promise.all(waits)).map(({ type }) => type)).toEqual(['a', 'b', 'c'])
      expect(sim.now() - before).toBeLessThan(1000)
    })
  })

  test('says what was there instead', async () => {
    await simulate(async (sim) => {
      const probe = await sim.probe<Note>('audit')
      const ref = await start(sim)
      await expect(probe.expectMessage({ type: 'x' }, '1s')).rejects.toMatchObject({
        code: 'ERR_EXPECTATION',
        message: 'no message came: probe=audit, within=1s, expected={type: "x"}',
      })
      for (const type of ['a', 'b']) ref.tell({ to: probe.ref, note: { type }, afterMs: 0 })
      await sim.settle()
      await expect(probe.expectMessage({ type: 'x' })).rejects.toMatchObject({
        message: 'message is not the expected one: probe=audit, expected={type: "x"}, found={type: "a"}, next=1, {type: "b"}',
      })
      const isRed = (note: Note): boolean => note.type === 'red'
      await expect(probe.expectMessage(isRed)).rejects.toMatchObject({
        message: expect.stringContaining('expected=a message that isRed takes, found={type: "b"}, next=none'),
      })
    })
  })
})

test('expectAnyMessage takes the first that matches and leaves the others', async () => {
  await simulate(async (sim) => {
    const probe = await sim.probe<Note>()
    const ref = await start(sim)
    ref.tell({ to: probe.ref, note: { type: 'noise' }, afterMs: 0 })
    ref.tell({ to: probe.ref, note: { type: 'wanted' }, afterMs: 500 })
    expect(await probe.expectAnyMessage({ type: 'wanted' })).toEqual({ type: 'wanted' })
    expect(probe.messages).toEqual([{ type: 'noise' }])
    await expect(probe.expectAnyMessage({ type: 'wanted' }, 10)).rejects.toMatchObject({
      message: expect.stringMatching(/^no such message came: .*found=1, \{type: "noise"\}$/),
    })
  })
})

test('expectNoMessage costs virtual time only, and notices at once', async () => {
  await simulate(async (sim) => {
    const probe = await sim.probe<Note>()
    const ref = await start(sim)
    const before = sim.now()
    await probe.expectNoMessage('1h')
    expect(sim.now() - before).toBeCloseTo(3_600_000, 0)
    ref.tell({ to: probe.ref, note: { type: 'late' }, afterMs: 700 })
    await probe.expectNoMessage('600ms')
    await expect(probe.expectNoMessage('1h')).rejects.toMatchObject({
      code: 'ERR_EXPECTATION',
      message: expect.stringMatching(/afterMs=\d+, found=1, \{type: "late"\}/),
    })
    expect(sim.now() - before).toBeLessThan(3_602_000)
  })
})

describe('expectTerminated', () => {
  test('sees a normal end', async () => {
    await simulate(async (sim) => {
      const probe = await sim.probe()
      const ref = await start(sim)
      ref.tell('end')
      await probe.expectTerminated(ref)
      expect(sim.isGone(ref)).toBe(true)
    })
  })

  test('does not take a restart for an end, nor the death of a core', async () => {
    await simulate(async (sim) => {
      const probe = await sim.probe()
      const ref = await start(sim)
      ref.tell('crash')
      await expect(probe.expectTerminated(ref, '500ms')).rejects.toMatchObject({
        code: 'ERR_EXPECTATION',
        message: expect.stringContaining(`actor has not ended: probe=probe-1, within=500ms, actor=${String(ref)}`),
      })
      sim.killCore(1)
      await expect(probe.expectTerminated(ref, '500ms')).rejects.toMatchObject({ code: 'ERR_EXPECTATION' })
    })
  })

  test('sees an actor that used up its restarts', async () => {
    await simulate(async (sim) => {
      const probe = await sim.probe()
      const ref = await start(sim)
      for (let i = 0; i < 4; i += 1) {
        ref.tell('crash')
        await sim.advance(10)
      }
      await probe.expectTerminated(ref)
    })
  })

  test('sees an actor that was not restarted with its core', async () => {
    await simulate(async (sim) => {
      const probe = await sim.probe()
      const ref = await sim.spawn(herald, undefined, { core: 1, restart: 'temporary' })
      sim.killCore(1)
      await probe.expectTerminated(ref)
    })
  })
})

test('reply answers what was asked, oldest first', async () => {
  await simulate(async (sim) => {
    const probe = await sim.probe<string, number>()
    const answers = Promise.all([probe.ref.ask('one'), probe.ref.ask('two')])
    await probe.expectMessage('one')
    await probe.expectMessage('two')
    probe.reply(1)
    probe.reply(2)
    expect(await answers).toEqual([1, 2])
    expect(() => {
      probe.reply(3)
    }).toThrow(
      expect.objectContaining({ code: 'ERR_EXPECTATION', message: 'nobody waits for an answer: probe=probe-1, found=none' }),
    )
  })
})

test('several probes keep apart what they are told', async () => {
  await simulate(async (sim) => {
    const [one, two] = [await sim.probe<Note>(), await sim.probe<Note>('second')]
    const ref = await start(sim)
    ref.tell({ to: one.ref, note: { type: 'for one' }, afterMs: 0 })
    ref.tell({ to: two.ref, note: { type: 'for two' }, afterMs: 0 })
    await two.expectMessage({ type: 'for two' })
    await one.expectMessage({ type: 'for one' })
    expect(sim.system.whereis('second')?.equals(two.ref)).toBe(true)
  })
})
