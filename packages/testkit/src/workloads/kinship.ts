/**
 * Kinship: actors link, unlink, watch, ask, and end each other while cores die; they take names and locks, and belong to a clan. Checked: no monitor yields two
 * `down`s, none that was ended with flush yields any, and in the end each that its incarnation has not ended has yielded one; then, when all have stopped, no
 * link, monitor, name, lock or member is left on any core.
 */
import { defineActor } from '@cambium/actor'
import type { ActorContext, AnyRef, Behaviour, GivenReason, Monitor, Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import { violation } from '../oracles/violation.ts'
import { Journal, journalOf, OUTSIDE } from './journal.ts'
import type { Member, Stamp } from './journal.ts'
import { ASK_OPTIONS, checkBooks, comeToRest, countLosses, FORGIVEN_ASKS, spawnPatiently } from './workload.ts'
import type { Workload, WorkloadWorld } from './workload.ts'

const BONDS = ['watch', 'watch', 'watch', 'unwatch', 'link', 'link', 'unlink', 'exit', 'kill', 'excuse', 'crash'] as const
const CLAIMS = ['name', 'unname', 'join', 'leave', 'lock', 'unlock', 'heed'] as const
type Act = (typeof BONDS)[number] | (typeof CLAIMS)[number] | 'wonder' | 'ponder'
const ACTS: readonly Act[] = [...BONDS, ...CLAIMS, 'wonder', 'wonder']
/** Few, so that several want the same. */
const NAMES = 4
const CLAN = 'clan'
const LOCK_MS = 50

interface Order {
  readonly stamp: Stamp
  readonly act: Act
  readonly to: AnyRef
  readonly toId: string
}

interface Kin {
  readonly member: Member
  /** Names this incarnation: among all of the run, as good as certainly. */
  readonly life: number
  readonly monitors: Monitor[]
  /** Answers that it owes; it gives them with its next message. */
  readonly owed: ((life: number) => void)[]
}

/** What became of one monitor. */
interface Watch {
  readonly id: string
  readonly life: number
  readonly to: string
  isEnded: boolean
  downs: number
}

class Register extends Journal {
  readonly lives = new Map<string, number>()
  readonly watches = new Map<string, Watch>()

  born(id: string, life: number): void {
    this.lives.set(id, life)
  }

  watched(id: string, life: number, monitor: number, to: string): void {
    this.watches.set(`${life} ${monitor}`, { id, life, to, isEnded: false, downs: 0 })
  }

  unwatched(life: number, monitor: number): void {
    const watch = this.watches.get(`${life} ${monitor}`)
    if (watch !== undefined) watch.isEnded = true
  }

  down(id: string, life: number, monitor: number): void {
    const watch = this.watches.get(`${life} ${monitor}`)
    if (watch === undefined || watch.isEnded || watch.downs > 0) {
      this.fail('ERR_ORACLE_WORKLOAD', 'an actor was told the end of what it did not watch, or twice', {
        actor: id,
        monitor,
        isEnded: watch?.isEnded,
        downs: watch?.downs,
      })
      return
    }
    watch.downs += 1
  }
}

const REASONS: Readonly<Record<string, GivenReason>> = {
  exit: { kind: 'shutdown', detail: { why: 'told to' } },
  kill: { kind: 'killed' },
  excuse: { kind: 'normal' },
}

export const relative: Behaviour<Member, Order, number> = defineActor<Member, Order, number, Kin>(
  import.meta.url,
  'relative',
  {
    init(member, context) {
      const life = Math.floor(context.random() * Number.MAX_SAFE_INTEGER)
      journalOf(member.run, Register).born(member.id, life)
      // Those with an even number survive what happens to others.
      context.trapExits(Number(member.id.split('-')[1]) % 2 === 0)
      return { member, life, monitors: [], owed: [] }
    },
    receive({ member, life, monitors, owed }, { stamp, act, to, toId }, context) {
      const register = journalOf(member.run, Register)
      register.take(stamp, member.id)
      for (const answer of owed.splice(0)) {
        register.answering()
        answer(life)
      }
      switch (act) {
        case 'watch': {
          const monitor = context.monitor(to)
          monitors.push(monitor)
          register.watched(member.id, life, monitor, toId)
          break
        }
        case 'unwatch': {
          const monitor = monitors.pop()
          if (monitor === undefined) break
          context.demonitor(monitor, { flush: true })
          register.unwatched(life, monitor)
          break
        }
        case 'link':
          context.link(to)
          break
        case 'unlink':
          context.unlink(to)
          break
        case 'name':
        case 'unname':
        case 'join':
        case 'leave':
        case 'lock':
        case 'unlock':
        case 'heed':
          claim(context, act, toId)
          break
        case 'wonder':
          wonder(register, member.id, to as Ref<Order, number>, toId)
          break
        case 'ponder':
          owed.push(context.deferReply())
          break
        case 'crash':
          throw new CambiumError('ERR_SIM_CRASH', `crashed on order: ${member.id}`, { severity: 'crash' })
        default:
          // It may end itself: what it has to do comes first.
          register.finish()
          context.exit(to, REASONS[act] as GivenReason)
          return
      }
      register.finish()
    },
    info({ member, life }, info) {
      if (info.type === 'down') journalOf(member.run, Register).down(member.id, life, info.monitor)
    },
  },
  { balance: true },
)

/** What becomes of it, who asked does not look at: a name may be taken, a lock not be free in time, the actor itself be gone by then. */
function claim(context: ActorContext<Order, number>, act: (typeof CLAIMS)[number], key: string): void {
  const { directory } = context
  const ignore = (wait: Promise<unknown>): void => {
    wait.catch(() => {})
  }
  const name = `name-${Math.floor(context.random() * NAMES)}`
  if (act === 'name') ignore(context.register(name))
  else if (act === 'unname') ignore(context.unregister(name))
  else if (act === 'join') ignore(directory.add(CLAN, key, { name }, { isUnique: false }))
  else if (act === 'leave') ignore(directory.remove(CLAN, key, { isAll: false }))
  else if (act === 'lock') ignore(directory.lock(name, LOCK_MS))
  else if (act === 'unlock') directory.unlock(name)
  else directory.watch(CLAN)
}

/** Asks, and does not wait: it may have ended long before there is an answer. */
function wonder(register: Register, from: string, to: Ref<Order, number>, toId: string): void {
  register.ask()
  to.ask({ stamp: register.stamp(from, toId), act: 'ponder', to, toId }, ASK_OPTIONS).then(
    () => {
      register.askAnswered()
    },
    (error: unknown) => {
      if (!(error instanceof CambiumError) || !FORGIVEN_ASKS.has(error.code)) throw error
      register.askFailed()
    },
  )
}

interface Named {
  readonly id: string
  readonly ref: Ref<Order>
}

const RELATIVES = 16
const ORDERS = 700
const SETTLE_MS = 500

async function live(sim: WorkloadWorld): Promise<void> {
  const register = new Register(sim.random.seed)
  const losses = countLosses(sim)
  const relatives: Named[] = []
  for (let i = 0; i < RELATIVES; i += 1) {
    const id = `relative-${i}`
    relatives.push({ id, ref: await spawnPatiently(sim, relative, { run: register.run, id }, { restart: 'permanent' }) })
  }
  for (let i = 0; i < ORDERS; i += 1) {
    const { id, ref } = sim.random.pick(relatives)
    const to = sim.random.pick(relatives)
    ref.tell({ stamp: register.stamp(OUTSIDE, id), act: sim.random.pick(ACTS), to: to.ref, toId: to.id })
    if (sim.random.chance(0.1)) await sim.advance(sim.random.below(10))
  }
  if (await comeToRest(sim, register, losses)) {
    const [ending, staying] = [relatives.slice(0, RELATIVES / 2), relatives.slice(RELATIVES / 2)]
    await stopAll(sim, ending)
    register.catchUp()
    checkTold(register, new Set(ending.map(({ id }) => id)))
    await stopAll(sim, staying)
    await checkNoneLeft(sim)
  }
  register.check()
  checkBooks(sim, register, losses)
  register.close()
}

/** Ends them for good, one by one. */
async function stopAll(sim: WorkloadWorld, actors: readonly Named[]): Promise<void> {
  for (const { ref } of actors) {
    await sim.system.stop(ref).catch((error: unknown) => {
      if (!(error instanceof CambiumError) || error.code !== 'ERR_NO_SUCH_ACTOR') throw error
    })
  }
  await sim.advance(SETTLE_MS)
}

/** What an incarnation that lives watched of those that have ended, it was told. */
function checkTold(register: Register, ended: ReadonlySet<string>): void {
  for (const { id, life, to, isEnded, downs } of register.watches.values()) {
    if (ended.has(id) || !ended.has(to) || isEnded || downs > 0 || register.lives.get(id) !== life) continue
    throw violation('ERR_ORACLE_WORKLOAD', 'a monitor has yielded no down', { actor: id, watched: to })
  }
}

async function checkNoneLeft(sim: WorkloadWorld): Promise<void> {
  for (const { core, bonds, directory } of await sim.system.report()) {
    if (bonds > 0) throw violation('ERR_ORACLE_WORKLOAD', 'links or monitors are left of actors that have ended', { core, bonds })
    if (Object.values(directory).some((count) => count > 0))
      throw violation('ERR_ORACLE_WORKLOAD', 'the directory has something of actors that have ended', { core, ...directory })
  }
}

export const kinship: Workload = {
  name: 'kinship',
  summary: 'links, monitors, exit signals, names and locks of 16 actors; each monitor yields one down, nothing is left',
  cores: 3,
  run: live,
}
