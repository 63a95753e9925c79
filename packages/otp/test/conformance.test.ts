/** Cases of the conformance list that concern actors, their links, mailboxes, timers and asks: each on both platforms. */
import { crashReason } from '@cambium/actor'
import type { DeadLetter } from '@cambium/actor'
import { expect } from 'vitest'
import { onBothPlatforms } from './fixtures/both-platforms.ts'
import { crooked, slowChild } from './fixtures/subject.ts'

const LONG = { timeoutMs: 60_000 }
const boom = crashReason(new Error('boom'))
const isLate = ({ reason }: DeadLetter): boolean => reason === 'late_reply'

onBothPlatforms(
  'C-19 C-42 a call that times out: an error for the caller, the server lives, the late reply is a dead letter',
  async (stage) => {
    const at = await stage.gate()
    const one = await stage.subject({ core: 1 })
    const late = stage.next('dead_letter', isLate)
    const asked = one.ask({ do: 'hold', gate: at }, { timeoutMs: 20 })
    await expect(asked).rejects.toMatchObject({ code: 'ERR_ASK_TIMEOUT' })
    await at.ask('open')
    expect(await late).toMatchObject({ reason: 'late_reply' })
    expect(await one.ask({ do: 'incarnation' })).toBe(0)
    expect(await one.ask({ do: 'notes' })).toEqual([])
  },
)

onBothPlatforms('C-42 of two replies to one ask the second is a dead letter', async (stage) => {
  const one = await stage.subject({ core: 2 })
  const late = stage.next('dead_letter', isLate)
  expect(await one.ask({ do: 'reply twice' })).toBe('first')
  await late
  expect(await one.ask({ do: 'incarnation' })).toBe(0)
})

onBothPlatforms('C-20 normal, shutdown and shutdown with a detail give no crash report, others do', async (stage) => {
  const reports: unknown[] = []
  stage.system.events.on('crash_report', ({ name, error, message }) => reports.push([name, error.message, message]))
  const orderly = [undefined, { kind: 'normal' }, { kind: 'shutdown' }, { kind: 'shutdown', detail: { done: true } }] as const
  for (const [at, reason] of orderly.entries()) {
    const one = await stage.subject({ core: 1, name: `orderly ${at}`, restart: 'temporary' })
    const ended = await stage.watch(one)
    one.tell(reason === undefined ? { do: 'end' } : { do: 'end', reason })
    expect(await ended()).toBe(['normal', 'normal', 'shutdown', 'shutdown: {"done":true}'][at])
  }
  const report = stage.next('crash_report')
  const one = await stage.subject({ core: 1, name: 'failing', restart: 'temporary' })
  one.tell({ do: 'end', reason: boom })
  await report
  expect(reports).toEqual([['failing', 'boom', { do: 'end', reason: expect.objectContaining({ kind: 'crash' }) as unknown }]])
})

onBothPlatforms(
  'C-22 a bad return value is a crash that names it',
  async (stage) => {
    const one = await stage.spawn(crooked, undefined, { core: 1 })
    expect(await one.ask('good')).toBe('good')
    await expect(one.ask('bad')).rejects.toMatchObject({ code: 'ERR_ACTOR_CRASHED', cause: { code: 'ERR_BAD_STEP' } })
    expect(await one.ask('good')).toBe('good') // a new incarnation
  },
  [crooked as never],
)

onBothPlatforms('C-24 a caller whose server dies in the middle of the call gets the reason at once', async (stage) => {
  const at = await stage.gate()
  const one = await stage.subject({ core: 1 })
  const other = await stage.subject({ core: 2 })
  const asked = one.ask({ do: 'hold', gate: at }, LONG)
  const behind = one.ask({ do: 'count' }, LONG)
  const refused = expect(asked).rejects.toMatchObject({ code: 'ERR_NO_SUCH_ACTOR' })
  await at.ask('arrived')
  other.tell({ do: 'exit', to: one, reason: { kind: 'killed' } })
  await refused
  expect(await behind).toBe(0) // what was queued waits for the next incarnation (C-38)

  const crashed = one.ask({ do: 'crash' }, LONG)
  await expect(crashed).rejects.toMatchObject({ code: 'ERR_ACTOR_CRASHED', message: expect.stringContaining('crashed as told') })
})

for (const cores of [
  [1, 1],
  [1, 2],
] as const) {
  const where = cores[0] === cores[1] ? 'on one core' : 'across cores'

  onBothPlatforms(
    `C-33 exits ${where}: normal is ignored unless trapped; an abnormal one ends the linked, or is told`,
    async (stage) => {
      const temporary = { restart: 'temporary' } as const
      const [a, b, c] = [
        await stage.subject({ core: cores[0], ...temporary }),
        await stage.subject({ core: cores[1], ...temporary }),
        await stage.subject({ core: cores[1], ...temporary }, { traps: true }),
      ]
      await c.ask({ do: 'link', to: a })
      await a.ask({ do: 'link', to: b })
      await c.ask({ do: 'exit', to: a, reason: { kind: 'normal' } })
      expect(await a.ask({ do: 'count' })).toBe(0) // ignored
      const ends = [await stage.watch(a), await stage.watch(b)]
      await c.ask({ do: 'exit', to: a, reason: boom })
      expect(await Promise.all(ends.map((end) => end()))).toEqual(['crash: Error: boom', 'crash: Error: boom'])
      // Each hears of it by a signal of its own: the end of b may be known before c has had its.
      while (((await c.ask({ do: 'notes' })) as string[]).length === 0);
      expect(await c.ask({ do: 'notes' })).toEqual(['exit crash: Error: boom'])
      const ended = await stage.watch(c)
      await c.ask({ do: 'exit', to: c, reason: { kind: 'normal' } })
      expect(await c.ask({ do: 'notes' })).toContain('exit normal') // trapped, even its own
      await c.ask({ do: 'exit', to: c, reason: { kind: 'killed' } }).catch(() => {})
      expect(await ended()).toBe('killed')

      const d = await stage.subject({ core: cores[0], ...temporary })
      const own = await stage.watch(d)
      d.tell({ do: 'exit', to: d, reason: { kind: 'normal' } })
      expect(await own()).toBe('normal') // to oneself it terminates
    },
  )

  onBothPlatforms(`C-34 C-35 monitors ${where}: noproc at once, one down each, none after a flush`, async (stage) => {
    const [a, b] = [await stage.subject({ core: cores[0] }), await stage.subject({ core: cores[1], restart: 'temporary' })]
    for (let i = 0; i < 3; i += 1) await a.ask({ do: 'monitor', to: b })
    await a.ask({ do: 'link', to: b })
    await a.ask({ do: 'link', to: b })
    await a.ask({ do: 'unlink', to: b }) // linking twice is linking once
    expect(await a.ask({ do: 'demonitor', flush: true })).toBe(true)
    const ended = await stage.watch(b)
    await b.ask({ do: 'end', reason: boom })
    await ended()
    await a.ask({ do: 'monitor', to: b })
    while (((await a.ask({ do: 'notes' })) as string[]).length < 3);
    expect(await a.ask({ do: 'notes' })).toEqual(['down crash: Error: boom', 'down crash: Error: boom', 'down noproc'])
    expect(await a.ask({ do: 'incarnation' })).toBe(0) // the link was gone
  })
}

onBothPlatforms('C-36 order holds between each pair of actors, across cores too', async (stage) => {
  const to = await stage.subject({ core: 2 })
  const senders = [await stage.subject({ core: 1 }), await stage.subject({ core: 1 }), await stage.subject({ core: 2 })]
  const count = 300
  await Promise.all(senders.map((sender, at) => sender.ask({ do: 'tell', to, count, as: `${at}` })))
  for (let i = 0; i < count; i += 1) to.tell({ do: 'note', text: `main ${i}` })
  let notes: string[] = []
  while (notes.length < count * 4) notes = (await to.ask({ do: 'notes' })) as string[]
  for (const from of ['0', '1', '2', 'main'])
    expect(notes.filter((note) => note.startsWith(`${from} `))).toEqual(Array.from({ length: count }, (_, i) => `${from} ${i}`))
})

onBothPlatforms('C-37 a name is free again by the time the down for its owner arrives', async (stage) => {
  for (let round = 0; round < 5; round += 1) {
    const one = await stage.subject({ core: 1 + (round % 2), name: 'ada', restart: 'temporary' })
    const ended = await stage.watch(one)
    one.tell({ do: 'crash' })
    await ended()
    expect(stage.system.whereis('ada')).toBeUndefined()
  }
})

onBothPlatforms(
  'C-38 a restart hides messages from nobody; the one that crashed it is a dead letter with the crash as reason',
  async (stage) => {
    const at = await stage.gate()
    const one = await stage.subject({ core: 1, name: 'one' })
    const held = one.ask({ do: 'hold', gate: at }, LONG)
    const letter = stage.next('dead_letter')
    one.tell({ do: 'touch' })
    one.tell({ do: 'crash' })
    for (const text of ['a', 'b', 'c']) one.tell({ do: 'note', text })
    await at.ask('open')
    expect(await held).toBe('held')
    expect(await one.ask({ do: 'notes' })).toEqual(['a', 'b', 'c'])
    expect(await one.ask({ do: 'count' })).toBe(0)
    expect(await letter).toMatchObject({ reason: 'crashed', name: 'one', count: 1, detail: 'crashed as told' })
  },
)

onBothPlatforms(
  'C-39 a restart waits for children that are slow to stop; what arrives meanwhile reaches the new behaviour',
  async (stage) => {
    const at = await stage.gate()
    const one = await stage.subject({ core: 1 }, { slowChild: at })
    one.tell({ do: 'crash' })
    await at.ask('arrived') // the child is stopping
    const incarnation = one.ask({ do: 'incarnation' }, LONG)
    one.tell({ do: 'touch' })
    const count = one.ask({ do: 'count' }, LONG)
    await at.ask('open')
    expect([await incarnation, await count]).toEqual([1, 1])
  },
  [slowChild as never],
)

onBothPlatforms('C-40 a full stash drops, and says why', async (stage) => {
  const one = await stage.subject({ core: 2, mailbox: { stashCapacity: 2 } })
  const letter = stage.next('dead_letter')
  const asks = [1, 2].map(() => one.ask({ do: 'stash' }, LONG).catch((error: unknown) => (error as { code: string }).code))
  await expect(one.ask({ do: 'stash' }, LONG)).rejects.toMatchObject({ code: 'ERR_STASH_FULL' })
  expect((await letter).reason).toBe('stash_full')
  await stage.system.stop(one)
  expect(await Promise.all(asks)).toEqual(['ERR_NO_SUCH_ACTOR', 'ERR_NO_SUCH_ACTOR'])
})

onBothPlatforms(
  'C-41 a timer of an old incarnation never fires into the new one, nor does a cancelled one whose message is queued',
  async (stage) => {
    const at = await stage.gate()
    const one = await stage.subject({ core: 1 })
    await one.ask({ do: 'arm', key: 'old', ms: 10 })
    await one.ask({ do: 'crash' }).catch(() => {})
    await one.ask({ do: 'arm', key: 'new', ms: 30 })
    while (((await one.ask({ do: 'notes' })) as string[]).length === 0);
    expect(await one.ask({ do: 'notes' })).toEqual(['timer new'])

    const cancelled = one.ask({ do: 'arm', key: 'queued', ms: 0, cancelAfter: at }, LONG)
    await at.ask('arrived')
    const { queued } = await stage.system.inspect(one).getStatus()
    expect(queued).toBeLessThanOrEqual(1) // it may be there by now, and cancelled it is all the same
    await at.ask('open')
    expect(await cancelled).toBe(true)
    await one.ask({ do: 'arm', key: 'last', ms: 5 })
    while (((await one.ask({ do: 'notes' })) as string[]).length === 1);
    expect(await one.ask({ do: 'notes' })).toEqual(['timer new', 'timer last'])
  },
)
