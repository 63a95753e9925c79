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
    for (const child of this.children.toReversed()) this.#terminate(child)
    if (this.#booting) this.#log(ending.startReply)
    this.#log(`ended ${ending.reason}`)
    this.ended = true
  }

  #handle(mail: Mail): void {
    if (mail.type === 'child_exited') {
      const child = this.#find(mail.id) as NaiveChild
      if (this.#exited(child, mail.exit)) this.#restart([child], mail.exit)
    } else if (mail.type === 'lost') {
      const exit: ChildExit = { kind: 'core_lost' }
      const again = this.children.filter((child) => {
        if (mail.joined.includes(child.spec.id) && child.pid === 'restarting') return true
        return mail.ids.includes(child.spec.id) && this.#exited(child, exit)
      })
      if (again.length > 0) this.#restart(again, exit)
    } else if (mail.type === 'try_again') {
      const child = this.#find(mail.id)
      if (child?.pid === 'restarting') this.#restart([child], child.failure)
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

  #restart(children: NaiveChild[], exit: ChildExit): void {
    const { strategy = 'one_for_one', intensity = 1, budget } = this.#script.flags
    const first = children[0] as NaiveChild
    if (budget === 'per_child') {
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
    for (const child of children) child.pid = 'none'
    if (strategy === 'one_for_one') {
      for (const child of children) {
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
    for (const child of this.children.slice(from)) {
      this.#checkpoint()
      if (!this.#tryRestart(child)) return
    }
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
    if (request.type === 'add_child') {
      if (child !== undefined) return reply(child.pid === 'pid' ? 'already_started' : 'already_present')
      const added = naiveChild(request.spec)
      this.children.push(added)
      const failure = this.#start(added)
      if (failure !== undefined) this.children = this.children.filter((other) => other !== added)
      return reply(failure === undefined ? 'ok' : `start_failed ${failure.exit.kind}`)
    }
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
    }
    return undefined
  }

  #terminate(child: NaiveChild): void {
    const { id, shutdown, restart = 'permanent' } = child.spec
    if (child.pid === 'pid') {
      const exit = this.#stop(child)
      const asAsked = exit.kind === (shutdown === 'brutal_kill' ? 'killed' : 'shutdown')
      const orderly = exit.kind === 'normal' || exit.kind === 'shutdown'
      if (!asAsked && !(orderly && restart !== 'permanent')) this.#log(`report shutdown_error ${id} ${exit.kind}`)
    }
    this.#delete(child)
  }

  #stop(child: NaiveChild): ChildExit {
    const { id, shutdown = child.spec.kind === 'supervisor' ? 'infinity' : 5000 } = child.spec
    // unlink_flush: an exit that is in the mailbox is taken out of it.
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
    this.#log(`stop ${id} ${shutdown}`)
    const plan = this.#world.nextStep()
    for (const happening of plan.during) {
      const hit = this.#arrive(happening, id)
      if (hit !== undefined) return hit.exit
    }
    this.#world.alive.delete(id)
    return { kind: plan.stop }
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

  /** del_child: a temporary child is forgotten, of the others the spec stays. */
  #delete(child: NaiveChild): void {
    child.pid = 'none'
    if (child.spec.restart === 'temporary') this.children = this.children.filter((other) => other !== child)
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
  return { spec, pid: 'none', hasRun: false, failure: { kind: 'crash' }, times: [] }
}
