/**
 * The model that steps beside each supervisor: what arrives goes to the sequential program of `otp-supervisor.ts` as answers to what it waits for, or
 * into its mailbox, and what it does about it comes out as lines.
 */
import type { CheckedFlags, SupervisorEvent } from '@cambium/supervision'
import { fits } from './otp-mail.ts'
import type { Loss, ModelChild, Outcome, Program, Spec, Step } from './otp-mail.ts'
import { OtpSupervisor } from './otp-supervisor.ts'

export class SupervisionModel {
  readonly #supervisor: OtpSupervisor
  #program: Program | undefined = undefined

  constructor(flags: CheckedFlags, seed: number, specs: readonly Spec[]) {
    this.#supervisor = new OtpSupervisor(flags, seed, specs)
  }

  /** What the supervisor does about an event: one line for each action. */
  feed(event: SupervisorEvent, nowMs: number): readonly string[] {
    this.#supervisor.lines = []
    this.#supervisor.now = nowMs
    if (this.#supervisor.phase !== 'ended') this.#receive(event)
    return this.#supervisor.lines
  }

  /** The steps that it waits for. */
  get steps(): readonly Pick<Step, 'kind' | 'id'>[] {
    return this.#supervisor.steps
  }

  /** Whether a restart waits for its time. */
  get isWaiting(): boolean {
    return this.#supervisor.children.some(({ waitsFor }) => waitsFor !== undefined)
  }

  /** Children that run, as far as it knows. */
  get running(): readonly string[] {
    return this.#supervisor.children.filter(({ pid, isAlive }) => pid === 'pid' && isAlive).map(({ spec }) => spec.id)
  }

  // --- what arrives

  #receive(event: SupervisorEvent): void {
    switch (event.type) {
      case 'start':
        if (this.#supervisor.phase === 'new') {
          this.#supervisor.phase = 'booting'
          this.#program = this.#supervisor.run()
          this.#resume(undefined)
        } else this.#supervisor.log(`reply start ${this.#supervisor.phase === 'ending' ? 'shutting_down' : 'already_started'}`)
        return
      case 'child_started':
      case 'child_ignored':
        if (this.#isStep('start', event)) this.#answer(event.id, { kind: event.type === 'child_started' ? 'started' : 'ignored' })
        return
      case 'child_start_failed':
        if (this.#isStep('start', event)) this.#answer(event.id, { kind: 'ended', id: event.id, exit: event.exit })
        return
      case 'child_stopped':
        if (this.#isStep('stop', event)) this.#answer(event.id, { kind: 'ended', id: event.id, exit: event.exit })
        return
      case 'wait_over':
        // One that comes when nothing waits is of a wait that was cut short.
        if (this.#supervisor.find(event.id)?.waitsFor === undefined) return
        this.#supervisor.mailbox.push(event)
        this.#wake()
        return
      case 'child_exited':
        this.#exited(event)
        return
      case 'core_lost':
        this.#coreLost(event.ids, event.blamed)
        return
      case 'shutdown':
        if (this.#supervisor.phase === 'new') {
          this.#supervisor.log('ended shutdown')
          this.#supervisor.phase = 'ended'
          return
        }
        if (this.#supervisor.phase !== 'ending') this.#supervisor.isShutdownAsked = true
        this.#wake()
        return
      default:
        if (this.#supervisor.phase === 'new') this.#supervisor.refuse(event, 'not_started')
        else if (this.#supervisor.phase === 'ending' || this.#supervisor.isShutdownAsked)
          this.#supervisor.refuse(event, 'shutting_down')
        else {
          this.#supervisor.mailbox.push(event)
          this.#wake()
        }
    }
  }

  #exited(event: Extract<SupervisorEvent, { type: 'child_exited' }>): void {
    if (this.#isStep('start', event) || this.#isStep('stop', event)) {
      this.#answer(event.id, { kind: 'ended', id: event.id, exit: event.exit })
      return
    }
    const child = this.#supervisor.find(event.id)
    if (child === undefined || !child.isAlive || !fits(child.incarnation, event.incarnation)) return
    child.isAlive = false
    this.#supervisor.mailbox.push(event)
    this.#wake()
  }

  #coreLost(ids: readonly string[], blamed: readonly string[] | undefined): void {
    const underWay = new Set(this.#supervisor.steps.map(({ id }) => id))
    const hit = ids.filter((id) => !underWay.has(id) && this.#supervisor.find(id)?.isAlive === true)
    for (const id of hit) (this.#supervisor.find(id) as ModelChild).isAlive = false
    const loss: Loss = { type: 'lost', ids: hit, joined: [], blamed }
    if (hit.length > 0) this.#supervisor.mailbox.push(loss)
    for (const id of ids) if (underWay.has(id)) this.#answer(id, { kind: 'ended', id, exit: { kind: 'core_lost' }, loss })
    this.#wake()
  }

  #isStep(kind: Step['kind'], event: { readonly id: string; readonly incarnation?: number }): boolean {
    return this.#supervisor.steps.some(
      (step) => step.kind === kind && step.id === event.id && fits(step.incarnation, event.incarnation),
    )
  }

  #answer(id: string, outcome: Outcome): void {
    this.#supervisor.steps = this.#supervisor.steps.filter((step) => step.id !== id)
    this.#resume(outcome)
  }

  /** Goes on with the mailbox, unless a step is under way. */
  #wake(): void {
    if (this.#supervisor.steps.length === 0 && this.#program !== undefined && this.#supervisor.phase !== 'ended')
      this.#resume(undefined)
  }

  #resume(outcome: Outcome | undefined): void {
    if ((this.#program as Program).next(outcome).done === true) this.#supervisor.phase = 'ended'
  }
}
