/** R0.6: a domain that fails, slowly and again and again, is no business of the domains beside it. */
import type { Ref } from '@cambium/actor'
import { startSystem } from '@cambium/runtime'
import type { System, SystemEventMap } from '@cambium/runtime'
import { simulate } from '@cambium/testkit'
import type { Simulation } from '@cambium/testkit'
import { expect, test } from 'vitest'
import { childRef } from '../src/index.ts'
import type { SupervisorRef } from '../src/index.ts'
import { domain, domains, ledger, service } from './fixtures/domains.ts'
import type { DomainSetting, Entry, LedgerMessage, ServiceMessage } from './fixtures/domains.ts'

const NAMES = ['core', 'osint', 'security', 'dd', 'evolution']
const OTHERS = NAMES.filter((name) => name !== 'osint')
const PARTS = ['a', 'b', 'c']
const ROUNDS = 25
const ROUND_MS = 100
/** One of the others fails once by itself: its restart must be what it is without the rest. */
const OWN_FAILURE = { round: 10, service: 'security/b' }

type Service = Ref<ServiceMessage, number>
type Restarted = SystemEventMap['actor_restarted'][0]

function settings(to: Ref<LedgerMessage>, slowMs: number): readonly DomainSetting[] {
  return NAMES.map((name) => ({
    name,
    services: PARTS.map((part) => ({ name: `${name}/${part}`, ledger: to, slowMs: name === 'osint' ? slowMs : 0 })),
  }))
}

async function servicesOf(top: SupervisorRef, name: string): Promise<ReadonlyMap<string, Service>> {
  const own = (await childRef(top, name)) as unknown as SupervisorRef
  const ids = PARTS.map((part) => `${name}/${part}`)
  const refs = await Promise.all(ids.map((id) => childRef<ServiceMessage, number>(own, id)))
  return new Map(ids.map((id, at) => [id, refs[at] as Service]))
}

/** Paths of what was restarted, below the top, while `act` went on. */
async function restartsDuring(system: System, act: (paths: readonly string[]) => Promise<void>): Promise<readonly string[]> {
  const paths: string[] = []
  const listen = ({ path = '' }: Restarted): void => {
    paths.push(path.slice(path.indexOf('/') + 1))
  }
  system.events.on('actor_restarted', listen)
  await act(paths)
  system.events.off('actor_restarted', listen)
  return paths
}

/** What the others have handled, when, and who of all was restarted. */
async function play(
  sim: Simulation,
  isStormy: boolean,
): Promise<{ readonly entries: readonly Entry[]; readonly restarts: readonly string[] }> {
  const to = await sim.spawn(ledger, undefined, { core: 0 })
  const top = await sim.spawn(domains, settings(to, 150), { name: 'top', core: 0, restart: 'temporary' })
  const others = new Map((await Promise.all(OTHERS.map((name) => servicesOf(top, name)))).flatMap((each) => [...each]))
  const osint = await servicesOf(top, 'osint')
  const restarts = await restartsDuring(sim.system, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const ref of others.values()) ref.tell({ round, sentMs: sim.now() })
      if (round === OWN_FAILURE.round) others.get(OWN_FAILURE.service)?.tell('fail')
      if (isStormy) for (const ref of osint.values()) ref.tell('fail')
      await sim.advance(ROUND_MS)
    }
  })
  const entries = await to.ask('close')
  await sim.system.stop(top)
  await sim.system.stop(to)
  return { entries: entries.toSorted((a, b) => a.service.localeCompare(b.service) || a.round - b.round), restarts }
}

test.each([5, 2])(
  'R0.6 on virtual time, %i cores: every message elsewhere is handled when and as it is without the failures',
  async (cores) => {
    await simulate(
      async (sim) => {
        for (const behaviour of [ledger, service, domain, domains]) sim.learn(behaviour as never)
        const calm = await play(sim, false)
        const storm = await play(sim, true)
        const own = PARTS.map((part) => `security/security/${part}`)
        expect(calm.restarts.toSorted()).toEqual(own)
        expect(calm.entries).toHaveLength(OTHERS.length * PARTS.length * ROUNDS)
        // The whole domain has failed, and not only its services.
        expect(storm.restarts.filter((path) => path === 'osint').length).toBeGreaterThan(1)
        expect(storm.restarts.filter((path) => !path.startsWith('osint')).toSorted()).toEqual(own)
        expect(storm.entries).toEqual(calm.entries)
      },
      { runs: 3, cores },
    )
  },
)

test('R0.6 on threads: the others answer every ask, keep their states, and none of them is restarted', async () => {
  const system = await startSystem({ cores: 2, spares: 0, handleSignals: false })
  const to = await system.spawn(ledger, undefined, { core: 0 })
  const top = await system.spawn(domains, settings(to, 0), { name: 'top', core: 0, restart: 'temporary' })
  const others = new Map((await Promise.all(OTHERS.map((name) => servicesOf(top, name)))).flatMap((each) => [...each]))
  const lost: string[] = []
  system.events.on('dead_letter', ({ target }) => {
    for (const [name, { core, slot }] of others) if (target.core === core && target.slot === slot) lost.push(name)
  })
  const osint = await servicesOf(top, 'osint')
  let rounds = 0
  const restarts = await restartsDuring(system, async (paths) => {
    // Its services fail until the whole of it has been restarted so often; the others are asked all the while.
    while (paths.filter((path) => path === 'osint').length < 5) {
      for (const ref of osint.values()) ref.tell('fail')
      for (const ref of others.values()) ref.tell({ round: rounds, sentMs: 0 })
      rounds += 1
      const counts = await Promise.all(Array.from(others.values(), (ref) => ref.ask('count')))
      expect(counts).toEqual(Array.from(others, () => rounds))
    }
  })
  expect(restarts.filter((path) => !path.startsWith('osint'))).toEqual([])
  expect(lost).toEqual([])
  expect((await to.ask('close')).map(({ incarnation }) => incarnation)).toEqual(
    Array.from({ length: rounds * others.size }, () => 0),
  )
  const { books } = await system.shutdown()
  expect(books.sent).toBe(books.processed + books.deadTotal)
})
