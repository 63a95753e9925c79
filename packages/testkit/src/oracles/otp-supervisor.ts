/**
 * A supervisor as OTP writes it: one sequential program over a list of children and a mailbox, which waits on the spot for the end of each start and
 * stop. Slow and simple on purpose, and written without regard to the real one (`decide` of @cambium/supervision), which must do the same, action
 * by action.
 */
import type { CheckedFlags, ChildExit } from '@cambium/supervision'

import { fits, isRequest, isSpec, modelChild } from './otp-mail.ts'
import type { Failure, Mail, ModelChild, Outcome, Program, Request, Spec, Step } from './otp-mail.ts'

class Ending extends Error {
  readonly reason: 'shutdown' | 'start_failed' | 'intensity_exceeded'
  readonly startReply: string

  constructor(reason: Ending['reason'], startReply = 'reply start shutting_down') {
    super(reason)
    this.reason = reason
    this.startReply = startReply
  }
}

export class OtpSupervisor {
  readonly #flags: CheckedFlags
  readonly #seed: number
  children: ModelChild[]
  mailbox: Mail[] = []
  /** One, or the stops of all children of a dynamic supervisor that ends. */
  steps: readonly Step[] = []
  #incarnations = 0
  #waits = 0
  #times: number[] = []
  now = 0
  isShutdownAsked = false
  phase: 'new' | 'booting' | 'live' | 'ending' | 'ended' = 'new'
  lines: string[] = []

  constructor(flags: CheckedFlags, seed: number, specs: readonly Spec[]) {
    this.#flags = flags
    this.#seed = seed
    this.children = specs.map(modelChild)
  }

  /** The program itself. */
  *run(): Program {
    try {
      for (const child of this.children) {
        this.#checkpoint()
        const failure = yield* this.#start(child)
        if (failure === undefined) continue
        this.log(`report start_failed ${child.spec.id} ${failure.exit.kind}`)
        throw new Ending('start_failed', `reply start ${child.spec.id} start_failed ${failure.exit.kind}`)
      }
      this.#checkpoint()
      this.phase = 'live'
      this.log('reply start ok')
      for (;;) {
        this.#checkpoint()
        const mail = this.mailbox.shift()
        if (mail === undefined) yield 'mail'
        else yield* this.#handle(mail)
      }
    } catch (error) {
      if (!(error instanceof Ending)) throw error
      yield* this.#end(error)
    }
  }

  #checkpoint(): void {
    if (this.isShutdownAsked) throw new Ending('shutdown')
  }

  *#end(ending: Ending): Program {
    const isBooting = this.phase === 'booting'
    this.phase = 'ending'
    const waiting = this.mailbox
    this.mailbox = waiting.filter((mail) => mail.type === 'child_exited' || mail.type === 'lost')
    for (const mail of waiting) if (isRequest(mail)) this.refuse(mail, 'shutting_down')
    if (this.#flags.kind === 'dynamic') yield* this.#terminateAtOnce()
    else for (const child of this.children.toReversed()) yield* this.#terminate(child)
    if (isBooting) this.log(ending.startReply)
    this.log(`ended ${ending.reason}`)
  }

  *#handle(mail: Mail): Program {
    if (mail.type === 'child_exited') {
      const child = this.find(mail.id) as ModelChild
      if (this.#isToRestart(child, mail.exit)) yield* this.#restart([child], mail.exit)
      else this.#autoShutdown([child], mail.exit)
    } else if (mail.type === 'lost') {
      const exit: ChildExit = { kind: 'core_lost' }
      const gone: ModelChild[] = []
      const again = this.children.filter((child) => {
        const { id } = child.spec
        if (mail.joined.includes(id) && child.pid === 'restarting' && child.waitsFor === undefined) return true
        if (!mail.ids.includes(id)) return false
        if (this.#isToRestart(child, exit)) child.pid = 'restarting'
        else gone.push(child)
        return child.pid === 'restarting'
      })
      this.#autoShutdown(gone, exit)
      if (again.length > 0) yield* this.#restart(again, exit, mail.blamed)
    } else if (mail.type === 'try_again') {
      const child = this.find(mail.id)
      if (child?.pid === 'restarting' && child.waitsFor === undefined) yield* this.#restart([child], child.failure)
    } else if (mail.type === 'wait_over') {
      const child = this.find(mail.id)
      if (child?.waitsFor !== undefined && fits(child.waitsFor, mail.incarnation)) yield* this.#startAgain([child], undefined)
    } else yield* this.#request(mail)
  }

  /** do_restart: whether it is to run again. */
  #isToRestart(child: ModelChild, exit: ChildExit): boolean {
    const { id, restart = 'permanent' } = child.spec
    const isOrderly = exit.kind === 'normal' || exit.kind === 'shutdown'
    if (restart === 'permanent' || !isOrderly) this.log(`report child_terminated ${id} ${exit.kind}`)
    if (restart === 'permanent' || (restart === 'transient' && !isOrderly)) return true
    this.#delete(child)
    return false
  }

  /** do_auto_shutdown, after the exits of children that are not restarted. */
  #autoShutdown(gone: readonly ModelChild[], exit: ChildExit): void {
    const last = gone.findLast(({ spec }) => spec.significant === true)
    if (last === undefined) return
    const others = this.children.some(({ spec, pid }) => spec.significant === true && pid !== 'none')
    if (this.#flags.autoShutdown === 'all_significant' && others) return
    this.log(`report auto_shutdown ${last.spec.id} ${exit.kind}`)
    throw new Ending('shutdown')
  }

  /** With `blamed` it counts for those alone. */
  *#restart(children: readonly ModelChild[], exit: ChildExit, blamed?: readonly string[]): Program {
    const counts = ({ spec }: ModelChild): boolean => blamed === undefined || blamed.includes(spec.id)
    const { intensity, intensityPer, backoff } = this.#flags
    let due = children
    if (intensityPer === 'child') {
      due = children.filter((child) => {
        if (!counts(child)) return true
        child.times = this.#within(child.times)
        if (child.times.length <= intensity) return true
        this.log(`report child_given_up ${child.spec.id} ${exit.kind} ${child.times.length}`)
        this.#delete(child)
        return false
      })
    } else if (children.some(counts)) {
      this.#times = this.#within(this.#times)
      if (this.#times.length > intensity) {
        this.log(`report intensity_exceeded ${children[0]?.spec.id} ${exit.kind} ${this.#times.length}`)
        for (const child of children) this.#delete(child)
        throw new Ending('intensity_exceeded')
      }
    }
    if (due.length > 0) yield* this.#startAgain(due, backoff && due.map((child) => this.#delay(child, backoff)))
  }

  /** With `delays` it only comes to the waiting. */
  *#startAgain(due: readonly ModelChild[], delays: readonly number[] | undefined): Program {
    const { strategy } = this.#flags
    for (const child of due) {
      child.pid = 'none'
      child.waitsFor = undefined
    }
    if (strategy === 'one_for_one') {
      for (const [index, child] of due.entries()) {
        if (delays !== undefined) {
          this.#wait(child, delays[index] as number)
          continue
        }
        this.#checkpoint()
        yield* this.#tryRestart(child)
      }
      return
    }
    const group = this.children.slice(strategy === 'rest_for_one' ? this.children.indexOf(due[0] as ModelChild) : 0)
    for (const child of group.toReversed()) {
      this.#checkpoint()
      yield* this.#terminate(child)
    }
    this.#checkpoint()
    if (delays !== undefined) {
      this.#wait(due[0] as ModelChild, Math.max(...delays))
      return
    }
    for (const child of group) {
      // A temporary child is forgotten with its stop.
      if (!this.children.includes(child)) continue
      this.#checkpoint()
      if (!(yield* this.#tryRestart(child))) return
    }
  }

  #wait(child: ModelChild, delayMs: number): void {
    child.pid = 'restarting'
    child.waitsFor = child.incarnation
    this.log(`wait ${child.spec.id} ${delayMs}`)
  }

  #delay(child: ModelChild, { initialMs, maxMs, factor, jitter, calmMs }: NonNullable<CheckedFlags['backoff']>): number {
    if (child.sinceMs !== undefined && this.now >= child.sinceMs + calmMs) child.row = 0
    let delayMs = initialMs
    for (let failure = 0; failure < child.row; failure += 1) delayMs *= factor
    child.row += 1
    child.sinceMs = undefined
    const chance = this.#seed + this.#waits * ((Math.sqrt(5) - 1) / 2)
    this.#waits += 1
    return Math.max(1, Math.round(Math.min(delayMs, maxMs) * (1 - jitter * (chance - Math.floor(chance)))))
  }

  #within(times: readonly number[]): number[] {
    return [this.now, ...times.filter((time) => time >= this.now - this.#flags.periodMs)]
  }

  *#tryRestart(child: ModelChild): Program<boolean> {
    const failure = yield* this.#start(child)
    if (failure === undefined) return true
    const { id } = child.spec
    child.pid = 'restarting'
    child.failure = failure.exit
    this.log(`report start_failed ${id} ${failure.exit.kind}`)
    const { loss } = failure
    if (loss === undefined) this.mailbox.push({ type: 'try_again', id })
    else {
      // The core that was lost under it takes it along with the others that ran there.
      loss.joined.push(id)
      if (!this.mailbox.includes(loss)) this.mailbox.push(loss)
    }
    return false
  }

  *#request(request: Request): Program {
    const id = request.type === 'add_child' ? (request.spec?.id as string | undefined) : request.id
    const reply = (text: string): void => {
      this.log(`reply ${request.type}${typeof id === 'string' ? ` ${id}` : ''} ${text}`)
    }
    if (request.type === 'add_child') {
      if (!isSpec(request.spec, this.#flags)) return reply('child_spec')
      const present = this.find(request.spec.id)
      if (present !== undefined) return reply(present.pid === 'pid' ? 'already_started' : 'already_present')
      if (this.children.length >= this.#flags.maxChildren) return reply('max_children')
      const added = modelChild(request.spec)
      this.children.push(added)
      const failure = yield* this.#start(added)
      if (failure !== undefined) this.children = this.children.filter((other) => other !== added)
      return reply(failure === undefined ? 'ok' : `start_failed ${failure.exit.kind}`)
    }
    if (this.#flags.kind === 'dynamic' && request.type !== 'terminate_child') return reply('dynamic')
    const child = this.find(request.id)
    if (child === undefined) return reply('not_found')
    if (request.type === 'terminate_child') {
      yield* this.#terminate(child)
      return reply('ok')
    }
    if (child.pid !== 'none') return reply(child.pid === 'pid' ? 'running' : 'restarting')
    if (request.type === 'delete_child') {
      this.children = this.children.filter((other) => other !== child)
      return reply('ok')
    }
    child.times = []
    child.row = 0
    const failure = yield* this.#start(child)
    reply(failure === undefined ? 'ok' : `start_failed ${failure.exit.kind}`)
  }

  *#start(child: ModelChild): Program<Failure | undefined> {
    const { id } = child.spec
    this.log(`${child.hasRun ? 'restart' : 'start'} ${id}`)
    this.#incarnations += 1
    child.incarnation = this.#incarnations
    this.steps = [{ kind: 'start', id, incarnation: child.incarnation }]
    const outcome = (yield 'steps') as Outcome
    if (outcome.kind === 'ended') return outcome
    if (outcome.kind === 'ignored') this.#delete(child)
    else {
      child.pid = 'pid'
      child.isAlive = true
      child.hasRun = true
      child.sinceMs = this.now
    }
    return undefined
  }

  *#terminate(child: ModelChild): Program {
    if (child.pid === 'pid') this.#reportStop(child, yield* this.#stop(child))
    this.#delete(child)
  }

  #reportStop(child: ModelChild, exit: ChildExit): void {
    const { id, shutdown, restart = 'permanent' } = child.spec
    const isAsAsked = shutdown === 'brutal_kill' ? exit.kind === 'killed' : exit.kind === 'shutdown' && exit.detail === undefined
    const isOrderly = exit.kind === 'normal' || exit.kind === 'shutdown'
    if (!isAsAsked && !(isOrderly && restart !== 'permanent')) this.log(`report shutdown_error ${id} ${exit.kind}`)
  }

  /** terminate_dynamic_children: all are told, then all are waited for. */
  *#terminateAtOnce(): Program {
    const steps: Step[] = []
    for (const child of this.children.toReversed()) {
      if (child.pid !== 'pid') continue
      const exit = this.#flush(child)
      if (exit === undefined) steps.push(this.#askToStop(child))
      else this.#reportStop(child, exit)
    }
    this.steps = steps
    while (this.steps.length > 0) {
      const { id, exit } = (yield 'steps') as Failure
      this.#reportStop(this.find(id) as ModelChild, exit)
    }
    this.children = []
  }

  *#stop(child: ModelChild): Program<ChildExit> {
    const flushed = this.#flush(child)
    if (flushed !== undefined) return flushed
    this.steps = [this.#askToStop(child)]
    const outcome = (yield 'steps') as Failure
    child.isAlive = false
    return outcome.exit
  }

  #askToStop(child: ModelChild): Step {
    const { id, shutdown, kind } = child.spec
    this.log(`stop ${id} ${shutdown ?? (kind === 'supervisor' ? 'infinity' : 5000)}`)
    return { kind: 'stop', id, incarnation: child.incarnation }
  }

  /** unlink_flush: an exit that is in the mailbox is taken out of it. */
  #flush(child: ModelChild): ChildExit | undefined {
    const { id } = child.spec
    for (const mail of this.mailbox) {
      if (mail.type === 'child_exited' && mail.id === id) {
        this.mailbox = this.mailbox.filter((other) => other !== mail)
        return mail.exit
      }
      if (mail.type === 'lost' && mail.ids.includes(id)) {
        mail.ids = mail.ids.filter((other) => other !== id)
        return { kind: 'core_lost' }
      }
    }
    return undefined
  }

  /** del_child: a temporary or dynamic child is forgotten, of the others the spec stays. */
  #delete(child: ModelChild): void {
    child.pid = 'none'
    child.isAlive = false
    child.waitsFor = undefined
    child.sinceMs = undefined
    if (child.spec.restart === 'temporary' || this.#flags.kind === 'dynamic')
      this.children = this.children.filter((other) => other !== child)
  }

  refuse(request: Request, why: string): void {
    const id = request.type === 'add_child' ? (request.spec?.id as unknown) : request.id
    this.log(`reply ${request.type}${typeof id === 'string' ? ` ${id}` : ''} ${why}`)
  }

  find(id: string): ModelChild | undefined {
    return this.children.find((child) => child.spec.id === id)
  }

  log(line: string): void {
    this.lines.push(line)
  }
}
