/**
 * Random trees: teams of actors with random strategies, scattered over cores, some with children of their own, that crash at random.
 *
 * While faults strike, the order of starts and stops must keep OTP's rules: nobody is stopped while a younger sibling of its team still
 * runs; with `one_for_all` and `rest_for_one` nobody starts while a younger sibling runs. With faults off, each single crash must lead to
 * exactly the stops and starts, in exactly the order, that the pure supervisor decides.
 */
import { defineActor } from '@cambium/actor'
import type { ActorContext, Behaviour, Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import type { Child, TeamOptions } from '@cambium/runtime'
import { child } from '@cambium/runtime'
import { createSupervisor, decide } from '@cambium/supervision'
import type { Strategy, SupervisorAction, SupervisorEvent, SupervisorState } from '@cambium/supervision'
import { isOver } from '../oracles/incarnations.ts'
import { violation } from '../oracles/violation.ts'
import { Journal, journalOf, OUTSIDE, tellStamped } from './journal.ts'
import type { Member, Stamp } from './journal.ts'
import { checkBooks, comeToRest, countLosses } from './workload.ts'
import type { Workload, WorkloadWorld } from './workload.ts'

interface Place extends Member {
  readonly team: string
  /** In the order of the team. */
  readonly index: number
  readonly children: number
}
interface Shake {
  readonly stamp: Stamp
  readonly isFatal: boolean
}

const STRATEGIES: readonly Strategy[] = ['one_for_one', 'one_for_all', 'rest_for_one']
const TEAMS = 6
const MEMBERS_MAX = 6
const SHAKES = 150
const CRASHES_IN_PEACE = 12
/** Restarts that a team bears in the second phase, within its period. */
const PEACE_INTENSITY = 3
const PERIOD_MS = 5000
const ATTEMPTS_MAX = 20
const REAL_LOOK_MS = 20
const LEAF = '-leaf-'

interface Life {
  readonly what: 'start' | 'stop'
  readonly index: number
}

interface Family {
  readonly strategy: Strategy
  readonly members: (ActorContext | undefined)[]
  /** Since it was last emptied. */
  lives: Life[]
}

class Register extends Journal {
  readonly families = new Map<string, Family>()
  readonly leaves = new Map<string, ActorContext | undefined>()

  /** Without a context, nobody knows when that incarnation is over. */
  started(place: Place, context: ActorContext | undefined): void {
    const family = this.families.get(place.team) as Family
    family.lives.push({ what: 'start', index: place.index })
    family.members[place.index] = context
    if (family.strategy !== 'one_for_one') this.#noYounger(family, place, 'a child started while a younger sibling runs')
  }

  stopped(place: Place): void {
    const family = this.families.get(place.team) as Family
    family.lives.push({ what: 'stop', index: place.index })
    this.#noYounger(family, place, 'a child was stopped while a younger sibling runs')
  }

  leafStarted(id: string, context: ActorContext | undefined): void {
    this.leaves.set(id, context)
  }

  /** Children of a branch end one by one, the youngest first. */
  leafStopped(id: string): void {
    const [branchId, number] = id.split(LEAF) as [string, string]
    const younger = this.leaves.get(`${branchId}${LEAF}${Number(number) + 1}`)
    if (younger !== undefined && !isOver(younger))
      this.fail('ERR_ORACLE_SUPERVISION', 'a child was stopped while a younger one of its parent runs', { child: id })
  }

  #noYounger(family: Family, place: Place, what: string): void {
    const younger = family.members.findIndex((context, index) => index > place.index && context !== undefined && !isOver(context))
    if (younger >= 0)
      this.fail('ERR_ORACLE_SUPERVISION', what, { team: place.team, strategy: family.strategy, child: place.index, younger })
  }
}

const leaf: Behaviour<Member, { readonly stamp: Stamp }> = defineActor<Member, { readonly stamp: Stamp }, unknown, Member>(
  import.meta.url,
  'leaf',
  {
    init(member, ctx) {
      journalOf(member.run, Register).leafStarted(member.id, ctx as unknown as ActorContext)
      return member
    },
    receive({ run, id }, { stamp }) {
      const register = journalOf(run, Register)
      register.take(stamp, id)
      register.finish()
    },
    terminate({ run, id }, reason) {
      if (reason.kind === 'shutdown') journalOf(run, Register).leafStopped(id)
    },
  },
  { balance: true },
)

export const branch: Behaviour<Place, Shake> = defineActor(
  import.meta.url,
  'branch',
  {
    init(place: Place, ctx: ActorContext<Shake>) {
      journalOf(place.run, Register).started(place, ctx as unknown as ActorContext)
      const leaves: { readonly id: string; readonly ref: Ref<{ readonly stamp: Stamp }> }[] = []
      for (let i = 0; i < place.children; i += 1) {
        const id = `${place.id}${LEAF}${i}`
        leaves.push({ id, ref: ctx.spawn(leaf, { run: place.run, id }) })
      }
      return { place, leaves }
    },
    receive({ place, leaves }, { stamp, isFatal }: Shake) {
      const register = journalOf(place.run, Register)
      register.take(stamp, place.id)
      for (const each of leaves) tellStamped(register, place.id, each, (on) => ({ stamp: on }))
      if (isFatal) throw new CambiumError('ERR_SIM_CRASH', `shaken off: ${place.id}`, { severity: 'crash' })
      register.finish()
    },
    terminate({ place }, reason) {
      if (reason.kind === 'shutdown') journalOf(place.run, Register).stopped(place)
    },
  },
  { balance: true },
)

type TeamRefs = Record<string, Ref<Shake>>

async function startTeam(
  sim: WorkloadWorld,
  register: Register,
  name: string,
  budget: TeamOptions,
  size: number,
): Promise<{ readonly ids: readonly string[]; readonly refs: TeamRefs }> {
  const strategy = sim.random.pick(STRATEGIES)
  register.families.set(name, { strategy, members: [], lives: [] })
  const ids = Array.from({ length: size }, (_, index) => `${name}-${index}`)
  const children: Record<string, Child<Shake, unknown>> = {}
  ids.forEach((id, index) => {
    children[id] = child(branch, { run: register.run, id, team: name, index, children: sim.random.below(3) }, { name: id })
  })
  sim.learn(branch)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { ids, refs: (await sim.system.supervise(children, { ...budget, strategy, name })) as TeamRefs }
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || !(error instanceof CambiumError) || error.code !== 'ERR_CORE_LOST') throw error
    }
  }
}

async function grow(sim: WorkloadWorld): Promise<void> {
  const register = new Register(sim.random.seed)
  const losses = countLosses(sim)
  const teams: { readonly ids: readonly string[]; readonly refs: TeamRefs }[] = []
  for (let i = 0; i < TEAMS; i += 1)
    teams.push(await startTeam(sim, register, `tree-${i}`, { intensity: 10_000 }, 1 + sim.random.below(MEMBERS_MAX)))
  for (let i = 0; i < SHAKES; i += 1) {
    const { ids, refs } = sim.random.pick(teams)
    const id = sim.random.pick(ids)
    refs[id]?.tell({ stamp: register.stamp(OUTSIDE, id), isFatal: sim.random.chance(0.1) })
    if (sim.random.chance(0.1)) await sim.advance(sim.random.below(30))
  }
  if (await comeToRest(sim, register, losses)) {
    if (sim.isReal !== true) await sim.advance(PERIOD_MS * 2)
    await compareWithModel(sim, register)
  }
  register.check()
  checkBooks(sim, register, losses)
  register.close()
}

/** Faults are off, one crash at a time, with a budget that is used up on the way. */
async function compareWithModel(sim: WorkloadWorld, register: Register): Promise<void> {
  const name = 'peace'
  const size = 1 + sim.random.below(MEMBERS_MAX)
  const { ids, refs } = await startTeam(sim, register, name, { intensity: PEACE_INTENSITY, periodMs: PERIOD_MS }, size)
  const family = register.families.get(name) as Family
  const model = createModel(family.strategy, ids, sim.now())
  for (let i = 0; i < CRASHES_IN_PEACE; i += 1) {
    register.catchUp()
    family.lives = []
    const index = sim.random.below(size)
    const id = ids[index] as string
    refs[id]?.tell({ stamp: register.stamp(OUTSIDE, id), isFatal: true })
    const crashedMs = sim.now()
    // No sum of up to four of these lies near the period, so a few milliseconds on the way decide nothing.
    const pauseMs = 100 + 1000 * sim.random.below(3)
    const expected = model.crash(id, crashedMs)
    if (sim.isReal === true) await untilLived(sim, register, family, expected.length)
    else await sim.advance(pauseMs)
    const found = family.lives.map(({ what, index: at }) => `${what} ${ids[at]}`)
    if (found.join() !== expected.join()) {
      throw violation('ERR_ORACLE_SUPERVISION', 'a team did something else than its supervisor decides', {
        strategy: family.strategy,
        crashed: id,
        children: size,
        crash: i + 1,
        expected,
        found,
      })
    }
  }
}

/** On real threads all crashes come within one period, each when the one before has led to as many stops and starts as it should, and nothing follows. */
async function untilLived(sim: WorkloadWorld, register: Register, family: Family, count: number): Promise<void> {
  const untilMs = sim.now() + PERIOD_MS
  do {
    await sim.advance(REAL_LOOK_MS)
    register.catchUp()
  } while (family.lives.length < count && sim.now() < untilMs)
}

interface Model {
  crash(id: string, nowMs: number): string[]
}

/** The pure supervisor, with a root above it that starts a team anew which has used up its restarts. */
function createModel(strategy: Strategy, ids: readonly string[], nowMs: number): Model {
  let state: SupervisorState
  const feed = (event: SupervisorEvent, at: number): string[] => {
    const steps: string[] = []
    const pending: SupervisorEvent[] = [event]
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      for (const action of decide(state, next, at).actions) pending.push(...carryOut(action, steps))
    }
    return steps
  }
  const begin = (at: number): string[] => {
    state = createSupervisor(
      { strategy, intensity: PEACE_INTENSITY, periodMs: PERIOD_MS },
      ids.map((id) => ({ id, start: id, restart: 'permanent' })),
    )
    return feed({ type: 'start' }, at)
  }
  begin(nowMs)
  return {
    crash(id, at) {
      const steps = feed({ type: 'child_exited', id, exit: { kind: 'crash' } }, at)
      if (state.phase === 'ended') steps.push(...begin(at))
      return steps
    },
  }
}

function carryOut(action: SupervisorAction, steps: string[]): SupervisorEvent[] {
  if (action.type === 'start_child') {
    steps.push(`start ${action.spec.id}`)
    return [{ type: 'child_started', id: action.spec.id, incarnation: action.incarnation }]
  }
  if (action.type === 'stop_child') {
    steps.push(`stop ${action.id}`)
    return [{ type: 'child_stopped', id: action.id, exit: { kind: 'shutdown' }, incarnation: action.incarnation }]
  }
  return []
}

export const trees: Workload = {
  name: 'trees',
  summary: 'teams with random strategies that crash; start and stop order equal to the pure supervisor',
  cores: 3,
  options: { intensity: 10_000 },
  run: grow,
}
