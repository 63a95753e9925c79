/**
 * Supervisors under chaos: a random tree of supervisors (`defineSupervisor`) over all cores, whose members are shaken while cores and actors die in
 * every way. When faults are over:
 *
 * 1. The whole tree is there again, every member and supervisor behind the ref that it had (D8).
 * 2. One crash at a time in a family of its own leads to exactly the stops and starts that OTP's rules want; so does the one that uses up the intensity.
 * 3. The tree is stopped in exactly the reverse of its order, supervisors after all that is below them.
 */
import { defineActor } from '@cambium/actor'
import type { ActorContext, Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import { child } from '@cambium/runtime'
import type { Strategy, SupervisorFlags } from '@cambium/supervision'
import { childRef, defineSupervisor, whichChildren } from '../../../otp/src/index.ts'
import type { SupervisorRef } from '../../../otp/src/index.ts'
import { violation } from '../../src/oracles/violation.ts'
import { Journal, journalOf, OUTSIDE } from '../../src/workloads/journal.ts'
import type { Stamp } from '../../src/workloads/journal.ts'
import { comeToRest, countLosses } from '../../src/workloads/workload.ts'
import type { Losses, Workload, WorkloadWorld } from '../../src/workloads/workload.ts'

/** A member, or a supervisor with what is below it. `id` is a path. */
interface Kin {
  readonly id: string
  readonly core: number
  readonly strategy: Strategy
  readonly flags: SupervisorFlags
  readonly below: readonly Kin[] | undefined
}

interface Shake {
  readonly stamp: Stamp
  readonly isFatal: boolean
}

const STRATEGIES: readonly Strategy[] = ['one_for_one', 'one_for_all', 'rest_for_one']
const LEVELS = 3
const CHILDREN_MAX = 4
const SHAKES = 900
const SHAKES_AT_ONCE = 30
const PATIENT: SupervisorFlags = { intensity: 10_000 }
const LOOK_MS = 20
const BACK_MS_MAX = 60_000
const LIVES_MS_MAX = 10_000
const ATTEMPTS_MAX = 20
const PEACE: SupervisorFlags = { intensity: 1, periodMs: 600_000 }

class Annals extends Journal {
  lives: string[] = []

  lived(what: 'start' | 'stop', id: string): void {
    this.lives.push(`${what} ${id}`)
  }
}

export const cousin = defineActor<
  { readonly run: number; readonly id: string },
  Shake | 'where',
  string,
  { readonly run: number; readonly id: string }
>(import.meta.url, 'cousin', {
  init(self) {
    journalOf(self.run, Annals).lived('start', self.id)
    return self
  },
  receive({ run, id }, message, context: ActorContext<Shake | 'where', string>) {
    if (message === 'where') {
      context.reply(id)
      return
    }
    const annals = journalOf(run, Annals)
    annals.take(message.stamp, id)
    if (message.isFatal) throw new CambiumError('ERR_SIM_CRASH', `shaken off: ${id}`, { severity: 'crash' })
    annals.finish()
  },
  terminate({ run, id }, reason) {
    if (reason.kind === 'shutdown') journalOf(run, Annals).lived('stop', id)
  },
})

export const family: ReturnType<typeof defineSupervisor<{ readonly run: number; readonly kin: Kin }>> = defineSupervisor<{
  readonly run: number
  readonly kin: Kin
}>(import.meta.url, 'family', {
  init: ({ run, kin: { strategy, flags, below = [] } }) => ({
    ...flags,
    strategy,
    children: below.map((each) =>
      each.below === undefined
        ? child(cousin, { run, id: each.id }, { id: each.id, core: each.core })
        : child(family, { run, kin: each }, { id: each.id, core: each.core }),
    ),
  }),
})

type Member = Ref<Shake | 'where', string>

/** Members are on workers: on core 0 they would write straight into the annals, before what others have written into the log. */
function drawCore({ random, system }: WorkloadWorld, isFamily: boolean): number {
  return isFamily && random.chance(0.3) ? 0 : 1 + random.below(system.cores)
}

function draw(sim: WorkloadWorld, id: string, level: number): Kin {
  const { random } = sim
  const isFamily = level === 0 || (level < LEVELS && random.chance(0.4))
  return {
    id,
    core: drawCore(sim, isFamily),
    strategy: random.pick(STRATEGIES),
    flags: PATIENT,
    below: isFamily
      ? Array.from({ length: 2 + random.below(CHILDREN_MAX) }, (_, n) => draw(sim, `${id}.${n}`, level + 1))
      : undefined,
  }
}

/** By id: every member and supervisor below, as the supervisors themselves name them. */
async function refsBelow(top: SupervisorRef, kin: Kin): Promise<Map<string, Ref<never>>> {
  const refs = new Map<string, Ref<never>>()
  for (const each of kin.below ?? []) {
    const ref = await childRef(top, each.id, { timeoutMs: BACK_MS_MAX })
    if (ref === undefined) throw violation('ERR_ORACLE_SUPERVISION', 'a child is not there', { child: each.id })
    refs.set(each.id, ref)
    if (each.below !== undefined)
      for (const [id, below] of await refsBelow(ref as unknown as SupervisorRef, each)) refs.set(id, below)
  }
  return refs
}

/** What is started, or asked, may die with a core on the way; its caller is told of it and tries again. */
async function patiently<T>(sim: WorkloadWorld, action: () => Promise<T>): Promise<T> {
  const untilMs = sim.now() + BACK_MS_MAX
  for (;;) {
    try {
      return await action()
    } catch (error) {
      if (sim.now() > untilMs) throw error
      await sim.advance(LOOK_MS)
    }
  }
}

async function gather(sim: WorkloadWorld): Promise<void> {
  const annals = new Annals(sim.random.seed)
  const losses = countLosses(sim)
  sim.learn(cousin)
  const kin = draw(sim, 'k', 0)
  const top = await patiently(sim, () => sim.spawn(family, { run: annals.run, kin }, { core: 1, intensity: 10_000 }))
  const before = await patiently(sim, () => refsBelow(top, kin))
  const members = membersOf(kin)
  for (let i = 0; i < SHAKES; i += 1) {
    const { id } = sim.random.pick(members)
    ;(before.get(id) as Member | undefined)?.tell({ stamp: annals.stamp(OUTSIDE, id), isFatal: sim.random.chance(0.02) })
    if (i % SHAKES_AT_ONCE === 0) await sim.advance(sim.random.below(LOOK_MS))
  }
  if (await comeToRest(sim, annals, losses)) {
    await patiently(sim, () => isBack(top, kin, before))
    let disturbed = 0
    while (!(await isUndisturbed(losses, () => crashInPeace(sim, annals, `p${disturbed}`)))) {
      disturbed += 1
      if (disturbed === ATTEMPTS_MAX) throw new Error(`families: cores went on dying after the faults: attempts=${disturbed}`)
    }
    const isStopSeen = await isUndisturbed(losses, () => stopInOrder(sim, annals, top, kin))
    if (disturbed > 0 || !isStopSeen)
      console.log(`families: disturbed by late deaths: crashes=${disturbed}, stops=${isStopSeen ? 0 : 1}`)
  }
  annals.check()
  annals.close()
}

/** False when a core has died meanwhile, of a fault that came late: then what happened says nothing. */
async function isUndisturbed(losses: Losses, action: () => Promise<void>): Promise<boolean> {
  const { deaths } = losses
  try {
    await action()
  } catch (error) {
    if (losses.deaths === deaths) throw error
  }
  return losses.deaths === deaths
}

async function isBack(top: SupervisorRef, kin: Kin, before: ReadonlyMap<string, Ref<never>>): Promise<void> {
  const after = await refsBelow(top, kin)
  for (const [id, ref] of before) {
    if (after.get(id)?.equals(ref) !== true)
      throw violation('ERR_ORACLE_SUPERVISION', 'a child came back behind another ref', {
        child: id,
        before: String(ref),
        after: String(after.get(id)),
      })
  }
  for (const { id } of membersOf(kin)) {
    const answer = await (before.get(id) as Member).ask('where')
    if (answer !== id) throw violation('ERR_ORACLE_INCARNATION', 'a ref leads to another actor', { child: id, answer })
  }
  for (const { status, id } of await whichChildren(top))
    if (status !== 'running') throw violation('ERR_ORACLE_SUPERVISION', 'a child is not running', { child: id, status })
}

/** A family of three that bears one restart, under another that starts it anew when it bears no more. */
async function crashInPeace(sim: WorkloadWorld, annals: Annals, name: string): Promise<void> {
  const strategy = sim.random.pick(STRATEGIES)
  const ids = ['a', 'b', 'c'].map((id) => `${name}.${id}`)
  const [a, b, c] = ids as [string, string, string]
  const below = ids.map((id) => ({ id, core: drawCore(sim, false), strategy, flags: PATIENT, below: undefined }))
  const inner: Kin = { id: `${name}.inner`, core: drawCore(sim, true), strategy, flags: PEACE, below }
  const outer: Kin = { id: name, core: drawCore(sim, true), strategy: 'one_for_one', flags: PATIENT, below: [inner] }
  const top = await sim.spawn(family, { run: annals.run, kin: outer }, { core: drawCore(sim, true) })
  const refs = await refsBelow(top, outer)
  const crash = async (expected: readonly string[]): Promise<void> => {
    annals.catchUp()
    annals.lives = []
    ;(refs.get(b) as Member).tell({ stamp: annals.stamp(OUTSIDE, b), isFatal: true })
    await expectLives(sim, annals, name, expected, { strategy, crashed: b })
  }
  const touched = strategy === 'one_for_one' ? [b] : strategy === 'one_for_all' ? ids : [b, c]
  const stopped = touched.filter((id) => id !== b).toReversed()
  await crash([...stopped.map((id) => `stop ${id}`), ...touched.map((id) => `start ${id}`)])
  await crash([`stop ${c}`, `stop ${a}`, `start ${a}`, `start ${b}`, `start ${c}`])
  annals.lives = []
  await sim.system.stop(top)
  await expectLives(sim, annals, name, [`stop ${c}`, `stop ${b}`, `stop ${a}`], { strategy })
}

async function stopInOrder(sim: WorkloadWorld, annals: Annals, top: SupervisorRef, kin: Kin): Promise<void> {
  annals.catchUp()
  annals.lives = []
  await sim.system.stop(top)
  const expected = membersOf(kin)
    .toReversed()
    .map(({ id }) => `stop ${id}`)
  await expectLives(sim, annals, kin.id, expected, { top: kin.id })
}

/** In start order. */
function membersOf(kin: Kin): Kin[] {
  return (kin.below ?? []).flatMap((each) => (each.below === undefined ? [each] : membersOf(each)))
}

/** Each step when the one before has led to as much as it should, and nothing follows. `name`: of the family, before a point in the ids of its members. */
async function expectLives(
  sim: WorkloadWorld,
  annals: Annals,
  name: string,
  expected: readonly string[],
  fields: object,
): Promise<void> {
  const untilMs = sim.now() + LIVES_MS_MAX
  let found: readonly string[]
  do {
    await sim.advance(LOOK_MS)
    annals.catchUp()
    found = annals.lives.filter((life) => life.includes(` ${name}.`))
  } while (found.length < expected.length && sim.now() < untilMs)
  if (found.join() !== expected.join())
    throw violation('ERR_ORACLE_SUPERVISION', 'a family did something else than its supervisor should', {
      ...fields,
      expected,
      found,
    })
}

export const families: Pick<Workload, 'run' | 'options'> = { run: gather, options: { intensity: 10_000 } }
