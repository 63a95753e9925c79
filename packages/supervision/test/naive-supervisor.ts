/**
 * A supervisor as OTP writes it: one sequential program over an array of children and an array as mailbox, which does each
 * start and stop on the spot. Slow and simple on purpose; the real one must do the same, step by step.
 */
import type { ChildExit, ChildSpec, SupervisorEvent } from '../src/index.ts'
import type { Happening, Script, ScriptedWorld } from './scripted-world.ts'

interface NaiveChild {
  readonly spec: ChildSpec<string>
  /** OTP's pid: a live (or not yet buried) process, none, or a restart that failed. */
  pid: 'pid' | 'none' | 'restarting'
  hasRun: boolean
  failure: ChildExit
  times: number[]
  /** Number of the wait before its restart. */
  wait: number | undefined
  /** Failures in a row, and when it last started if it has not failed since. */
  row: number
  since: number | undefined
}

type Mail = SupervisorEvent<string> | { type: 'try_again'; id: string } | { type: 'lost'; ids: string[]; joined: string[] }
type Request = Extract<SupervisorEvent<string>, { type: 'add_child' | 'terminate_child' | 'restart_child' | 'delete_child' }>

class Ending extends Error {
  readonly reason: 'shutdown' | 'start_failed' | 'intensity_exceeded'
  readonly startReply: string

  constructor(reason: Ending['reason'], startReply = 'reply start shutting_down') {
    super(reason)
    this.reason = reason
    this.startReply = startReply
  }
}

export class NaiveSupervisor {
  children: NaiveChild[]
  ended = false
  readonly #script: Script
  readonly #world: ScriptedWorld
  #mailbox: Mail[] = []
  #times: number[] = []
  #shutdown = false
  #ending = false
  #booting = true
  #waits = 0
  #tokens = 0

  constructor(script: Script, world: ScriptedWorld) {
    this.#script = script
    this.#world = world
    this.children = script.specs.map((spec) => naiveChild(spec))
  }

  start(): void {
    this.#guard(() => {
      for (const child of this.children) {
        this.#checkpoint()
        const failure = this.#start(child)
        if (failure === undefined) continue
        this.#log(`report start_failed ${child.spec.id} ${failure.exit.kind}`)
        throw new Ending('start_failed', `reply start ${child.spec.id} start_failed ${failure.exit.kind}`)
      }
      this.#checkpoint()
      this.#booting = false
      this.#log('reply start ok')
      this.#loop()
    })
  }

  happen(happening: Happening): void {
    this.#guard(() => {
      this.#arrive(happening, undefined)
      this.#loop()
    })
  }

  #guard(run: () => void): void {
    if (this.ended) return
    try {
      run()
    } catch (error) {
      if (!(error instanceof Ending)) throw error
      this.#end(error)
    }
  }

  #loop(): void {
    for (;;) {
      this.#checkpoint()
      const mail = this.#mailbox.shift()
      if (mail === undefined) return
      this.#handle(mail)
    }
  }

  #checkpoint(): void {
    if (this.#shutdown) throw new Ending('shutdown')
  }

  #end(ending: Ending): void {
    this.#ending = true
    const waiting = this.#mailbox
    this.#mailbox = waiting.filter((mail) => mail.type === 'child_exited' || mail.type === 'lost')
    for (const mail of waiting) if (isRequest(mail)) this.#refuse(mail)
    if (this.#script.flags.kind === 'dynamic') this.#terminateAtOnce()
    else for (const child of this.children.toReversed()) this.#terminate(child)
    if (this.#booting) this.#log(ending.startReply)
    this.#log(`ended ${ending.reason}`)
    this.ended = true
  }

  #handle(mail: Mail): void {
    if (mail.type === 'child_exited') {
      const child = this.#find(mail.id) as NaiveChild
      if (this.#exited(child, mail.exit)) this.#restart([child], mail.exit)
      else this.#autoShutdown([child], mail.exit)
    } else if (mail.type === 'lost') {
      const exit: ChildExit = { kind: 'core_lost' }
      const gone: NaiveChild[] = []
      const again = this.children.filter((child) => {
        if (mail.joined.includes(child.spec.id) && child.pid === 'restarting' && child.wait === undefined) return true
        if (!mail.ids.includes(child.spec.id)) return false
        if (this.#exited(child, exit)) child.pid = 'restarting'
        else gone.push(child)
        return child.pid === 'restarting'
      })
      this.#autoShutdown(gone, exit)
      if (again.length > 0) this.#restart(again, exit)
    } else if (mail.type === 'try_again') {
      const child = this.#find(mail.id)
      if (child?.pid === 'restarting' && child.wait === undefined) this.#restart([child], child.failure)
    } else if (mail.type === 'wait_over') {
      const child = this.#find(mail.id)
      if (child?.wait !== undefined && child.wait === mail.incarnation) this.#startAgain([child], undefined)
    } else if (isRequest(mail)) {
      this.#request(mail)
    }
  }

  /** do_restart: whether it is to run again. */
  #exited(child: NaiveChild, exit: ChildExit): boolean {
    const orderly = exit.kind === 'normal' || exit.kind === 'shutdown'
    const restart = child.spec.restart ?? 'permanent'
    if (restart === 'permanent' || !orderly) this.#log(`report child_terminated ${child.spec.id} ${exit.kind}`)
    if (restart === 'permanent' || (restart === 'transient' && !orderly)) return true
    this.#delete(child)
    return false
  }

  /** do_auto_shutdown, after the exits of children that are not restarted. */
  #autoShutdown(gone: NaiveChild[], exit: ChildExit): void {
    const last = gone.findLast((child) => child.spec.significant)
    if (last === undefined) return
    const { autoShutdown } = this.#script.flags
    const others = this.children.some((child) => child.spec.significant && child.pid !== 'none')
    if (autoShutdown === 'all_significant' && others) return
    this.#log(`report auto_shutdown ${last.spec.id} ${exit.kind}`)
    throw new Ending('shutdown')
  }

  #restart(children: NaiveChild[], exit: ChildExit): void {
    const { intensity = 1, intensityPer, backoff } = this.#script.flags
    const first = children[0] as NaiveChild
    if (intensityPer === 'child') {
      children = children.filter((child) => {
        child.times = this.#within(child.times)
        if (child.times.length <= intensity) return true
        this.#log(`report child_given_up ${child.spec.id} ${exit.kind} ${child.times.length}`)
        this.#delete(child)
        return false
      })
    } else {
      this.#times = this.#within(this.#times)
      if (this.#times.length > intensity) {
        this.#log(`report intensity_exceeded ${first.spec.id} ${exit.kind} ${this.#times.length}`)
        for (const child of children) this.#delete(child)
        throw new Ending('intensity_exceeded')
      }
    }
    if (children.length > 0) this.#startAgain(children, backoff && children.map((child) => this.#delay(child)))
  }

  /** With `delays` it only comes to the waiting. */
  #startAgain(children: NaiveChild[], delays: number[] | undefined): void {
    const { strategy = 'one_for_one' } = this.#script.flags
    const first = children[0] as NaiveChild
    for (const child of children) this.#down(child)
    if (strategy === 'one_for_one') {
      for (const [index, child] of children.entries()) {
        if (delays !== undefined) {
          this.#wait(child, delays[index] as number)
          continue
        }
        this.#checkpoint()
        this.#tryRestart(child)
      }
      return
    }
    const from = strategy === 'rest_for_one' ? this.children.indexOf(first) : 0
    for (const child of this.children.slice(from).toReversed()) {
      this.#checkpoint()
      this.#terminate(child)
    }
    this.#checkpoint()
    if (delays !== undefined) return this.#wait(first, Math.max(...delays))
    for (const child of this.children.slice(from)) {
      this.#checkpoint()
      if (!this.#tryRestart(child)) return
    }
  }

  #wait(child: NaiveChild, delay: number): void {
    child.pid = 'restarting'
    child.wait = ++this.#tokens
    this.#world.waits.push({ id: child.spec.id, incarnation: child.wait })
    this.#log(`wait ${child.spec.id} ${delay}`)
  }

  #delay(child: NaiveChild): number {
    const { initialMs = 0, maxMs = 0, factor = 2, jitter = 0.2, calmMs = maxMs } = this.#script.flags.backoff ?? {}
    if (child.since !== undefined && this.#world.now >= child.since + calmMs) child.row = 0
    let delay = initialMs
    for (let failure = 0; failure < child.row; failure++) delay *= factor
    child.row++
    child.since = undefined
    const chance = this.#script.seed + this.#waits++ * ((Math.sqrt(5) - 1) / 2)
    return Math.max(1, Math.round(Math.min(delay, maxMs) * (1 - jitter * (chance - Math.floor(chance)))))
  }

  #within(times: number[]): number[] {
    const { periodMs = 5000 } = this.#script.flags
    return [this.#world.now, ...times.filter((time) => time >= this.#world.now - periodMs)]
  }

  #tryRestart(child: NaiveChild): boolean {
    const failure = this.#start(child)
    if (failure === undefined) return true
    const { id } = child.spec
    child.pid = 'restarting'
    child.failure = failure.exit
    this.#log(`report start_failed ${id} ${failure.exit.kind}`)
    // What made the start fail is the last thing that arrived; if it was a core's loss, the child goes with that.
    if (failure.lost === undefined) {
      this.#mailbox.push({ type: 'try_again', id })
    } else {
      failure.lost.joined.push(id)
      if (!this.#mailbox.includes(failure.lost)) this.#mailbox.push(failure.lost)
    }
    return false
  }

  #request(request: Request): void {
    const id = request.type === 'add_child' ? request.spec.id : request.id
    const child = this.#find(id)
    const reply = (text: string): void => this.#log(`reply ${request.type} ${id} ${text}`)
    const { kind, maxChildren = Infinity } = this.#script.flags
    if (request.type === 'add_child') {
      if (child !== undefined) return reply(child.pid === 'pid' ? 'already_started' : 'already_present')
      if (this.children.length >= maxChildren) return reply('max_children')
      const added = naiveChild(request.spec)
      this.children.push(added)
      const failure = this.#start(added)
      if (failure !== undefined) this.children = this.children.filter((other) => other !== added)
      return reply(failure === undefined ? 'ok' : `start_failed ${failure.exit.kind}`)
    }
    if (kind === 'dynamic' && request.type !== 'terminate_child') return reply('dynamic')
    if (child === undefined) return reply('not_found')
    if (request.type === 'terminate_child') {
      this.#terminate(child)
      return reply('ok')
    }
    if (child.pid !== 'none') return reply(child.pid === 'pid' ? 'running' : 'restarting')
    if (request.type === 'delete_child') {
      this.children = this.children.filter((other) => other !== child)
      return reply('ok')
    }
    child.times = []
    child.row = 0
    const failure = this.#start(child)
    reply(failure === undefined ? 'ok' : `start_failed ${failure.exit.kind}`)
  }

  #start(child: NaiveChild): { exit: ChildExit; lost?: Mail & { type: 'lost' } } | undefined {
    const { id } = child.spec
    this.#log(`${child.hasRun ? 'restart' : 'start'} ${id}`)
    const plan = this.#world.nextStep()
    for (const happening of plan.during) {
      const hit = this.#arrive(happening, id)
      if (hit !== undefined) return hit
    }
    if (plan.start === 'failed') return { exit: { kind: 'crash' } }
    if (plan.start === 'ignored') {
      this.#delete(child)
    } else {
      this.#world.alive.add(id)
      child.pid = 'pid'
      child.hasRun = true
      child.since = this.#world.now
    }
    return undefined
  }

  #terminate(child: NaiveChild): void {
    if (child.pid === 'pid') this.#reportStop(child, this.#stop(child))
    this.#delete(child)
  }

  #reportStop(child: NaiveChild, exit: ChildExit): void {
    const { id, shutdown, restart = 'permanent' } = child.spec
    const asAsked = exit.kind === (shutdown === 'brutal_kill' ? 'killed' : 'shutdown')
    const orderly = exit.kind === 'normal' || exit.kind === 'shutdown'
    if (!asAsked && !(orderly && restart !== 'permanent')) this.#log(`report shutdown_error ${id} ${exit.kind}`)
  }

  /** terminate_dynamic_children: all are told, then all are waited for. */
  #terminateAtOnce(): void {
    const told: NaiveChild[] = []
    for (const child of this.children.toReversed()) {
      const exit = child.pid === 'pid' ? this.#flush(child) : undefined
      if (exit !== undefined) this.#reportStop(child, exit)
      else if (child.pid === 'pid') {
        this.#log(`stop ${child.spec.id} ${child.spec.shutdown}`)
        told.push(child)
      }
    }
    while (told.length > 0) {
      const turn = told[0] as NaiveChild
      const plan = this.#world.nextStep()
      const ended = (child: NaiveChild, exit: ChildExit): void => {
        this.#world.alive.delete(child.spec.id)
        told.splice(told.indexOf(child), 1)
        this.#reportStop(child, exit)
      }
      for (const happening of plan.during) {
        const event = this.#world.event(happening)
        const hit = event?.type === 'child_exited' ? [event.id] : event?.type === 'core_lost' ? event.ids : []
        if (event !== undefined && isRequest(event)) this.#refuse(event)
        for (const id of hit) {
          const child = told.find((other) => other.spec.id === id)
          if (child !== undefined) ended(child, event?.type === 'child_exited' ? event.exit : { kind: 'core_lost' })
        }
        if (!told.includes(turn)) break
      }
      if (told.includes(turn)) ended(turn, { kind: plan.stop })
    }
    this.children = []
  }

  #stop(child: NaiveChild): ChildExit {
    const { id, shutdown = child.spec.kind === 'supervisor' ? 'infinity' : 5000 } = child.spec
    const flushed = this.#flush(child)
    if (flushed !== undefined) return flushed
    this.#log(`stop ${id} ${shutdown}`)
    const plan = this.#world.nextStep()
    for (const happening of plan.during) {
      const hit = this.#arrive(happening, id)
      if (hit !== undefined) return hit.exit
    }
    this.#world.alive.delete(id)
    return { kind: plan.stop }
  }

  /** unlink_flush: an exit that is in the mailbox is taken out of it. */
  #flush(child: NaiveChild): ChildExit | undefined {
    const { id } = child.spec
    for (const mail of this.#mailbox) {
      if (mail.type === 'child_exited' && mail.id === id) {
        this.#mailbox = this.#mailbox.filter((other) => other !== mail)
        return mail.exit
      }
      if (mail.type === 'lost' && mail.ids.includes(id)) {
        mail.ids = mail.ids.filter((other) => other !== id)
        return { kind: 'core_lost' }
      }
    }
    return undefined
  }

  /** Puts what happens into the mailbox; returns an exit when it hits the child that is being started or stopped. */
  #arrive(happening: Happening, underWay: string | undefined): { exit: ChildExit; lost?: Mail & { type: 'lost' } } | undefined {
    const event = this.#world.event(happening, underWay)
    if (event === undefined) return undefined
    if (event.type === 'child_exited') {
      this.#world.alive.delete(event.id)
      if (event.id === underWay) return { exit: event.exit }
      this.#mailbox.push(event)
    } else if (event.type === 'core_lost') {
      const ids = event.ids.filter((id) => id !== underWay && this.#world.alive.has(id))
      const lost = { type: 'lost' as const, ids, joined: [] }
      for (const id of event.ids) this.#world.alive.delete(id)
      if (ids.length > 0) this.#mailbox.push(lost)
      if (underWay !== undefined && event.ids.includes(underWay)) return { exit: { kind: 'core_lost' }, lost }
    } else if (event.type === 'shutdown') {
      this.#shutdown = true
    } else if (isRequest(event) && (this.#shutdown || this.#ending)) {
      this.#refuse(event)
    } else {
      this.#mailbox.push(event)
    }
    return undefined
  }

  #down(child: NaiveChild): void {
    child.pid = 'none'
    child.wait = undefined
  }

  /** del_child: a temporary or dynamic child is forgotten, of the others the spec stays. */
  #delete(child: NaiveChild): void {
    this.#down(child)
    child.since = undefined
    if (child.spec.restart === 'temporary' || this.#script.flags.kind === 'dynamic')
      this.children = this.children.filter((other) => other !== child)
  }

  #refuse(request: Request): void {
    this.#log(`reply ${request.type} ${request.type === 'add_child' ? request.spec.id : request.id} shutting_down`)
  }

  #find(id: string): NaiveChild | undefined {
    return this.children.find((child) => child.spec.id === id)
  }

  #log(line: string): void {
    this.#world.log.push(line)
  }
}

function isRequest(mail: Mail): mail is Request {
  return (
    mail.type === 'add_child' || mail.type === 'terminate_child' || mail.type === 'restart_child' || mail.type === 'delete_child'
  )
}

function naiveChild(spec: ChildSpec<string>): NaiveChild {
  return { spec, pid: 'none', hasRun: false, failure: { kind: 'crash' }, times: [], wait: undefined, row: 0, since: undefined }
}
