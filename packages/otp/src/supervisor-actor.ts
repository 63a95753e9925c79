/**
 * One incarnation of a supervisor that is an actor: the hands of its decisions (D9). The driver says what is to be done, one step at a time; the
 * keeper does it, on whichever core; requests wait for the answer of the driver and are answered late.
 */
import { EXIT_SHUTDOWN } from '@cambium/actor'
import type { ActorContext, ExitReason, Ref } from '@cambium/actor'
import { CambiumError, hashKey, toErrorRecord } from '@cambium/base'
import { childExitOf } from '@cambium/runtime'
import type { ChildKeeper, RunContext } from '@cambium/scheduler'
import { countChildren, createSupervisorDriver, whichChildren } from '@cambium/supervision'
import type {
  ChildExit,
  ChildSpec,
  Ended,
  Reply,
  Report,
  StartChild,
  StopChild,
  SupervisorDriver,
  SupervisorFlags,
  SupervisorHands,
} from '@cambium/supervision'
import { checkCore, coreOf } from './supervised-child.ts'
import type { SupervisedChild, SupervisedChildSpec } from './supervised-child.ts'
import { isSupervisorRequest } from './supervisor-protocol.ts'
import type { SupervisorReply, SupervisorRequest } from './supervisor-protocol.ts'

/** Nobody has asked for it, and nothing has failed. OTP says `shutdown` alone; the detail lets applications tell it from a failure. */
const AUTO_SHUTDOWN: ExitReason = Object.freeze({ kind: 'shutdown', detail: 'auto_shutdown' })

/** Children that are shown. */
const SHOWN_MAX = 1000

type Context = ActorContext<SupervisorRequest, SupervisorReply>
type Answer = (reply: SupervisorReply) => void

export class SupervisorActor implements SupervisorHands<SupervisedChild> {
  readonly #context: RunContext
  readonly #keeper: ChildKeeper
  readonly #driver: SupervisorDriver<SupervisedChild>
  readonly #static = new Set<string>()
  /** When a child that is to be restarted went down. */
  readonly #downSince = new Map<string, number>()
  #onEnded: (() => void) | undefined = undefined
  #isEnded = false
  #spread = 0
  #named = 0

  /** Throws `ERR_SUPERVISOR_FLAGS` or `ERR_CHILD_SPEC`; starts nothing yet. */
  constructor(context: Context, flags: SupervisorFlags, children: readonly ChildSpec<SupervisedChild>[]) {
    this.#context = context as unknown as RunContext
    this.#keeper = this.#context.keeper
    for (const { id, start } of children) {
      checkCore(start.core, this.#keeper.coreCount, id)
      this.#static.add(id)
    }
    this.#driver = createSupervisorDriver(flags, children, this)
    this.#keeper.begin({
      exited: (id, reason) => {
        const address = this.#keeper.addressOf(id)
        this.#downSince.set(id, this.now())
        if (address !== undefined) this.#keeper.tell({ news: 'exited', id, actor: address, reason })
        this.#driver.childExited(id, childExitOf(reason))
      },
      coreLost: (ids, blamed) => {
        for (const id of ids) this.#downSince.set(id, this.now())
        this.#driver.coreLost(ids, blamed)
      },
    })
  }

  /** Starts the children in order. Rejects with the failure of the first that did not start; those before it are stopped by then. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#driver.start((ok) => {
        if (ok !== true) {
          reject(this.#startError(ok))
          return
        }
        this.#keeper.settle()
        resolve()
      })
    })
  }

  /** Stops the children in the reverse order of their start, and frees their slots if the supervisor's own will be. */
  shutdown(): Promise<void> {
    return new Promise((resolve) => {
      const freeRest = (): void => {
        this.#keeper.freeRest(resolve)
      }
      if (this.#isEnded) {
        freeRest()
        return
      }
      this.#onEnded = freeRest
      this.#driver.shutdown()
    })
  }

  /** Does not throw, whatever it is asked. */
  handle(request: unknown, answer: Answer): void {
    if (!isSupervisorRequest(request)) {
      answer({ error: 'bad_request' })
      return
    }
    const { state } = this.#driver
    switch (request.type) {
      case 'start_child':
        this.#add(request.spec, answer)
        return
      case 'terminate_child':
      case 'restart_child':
      case 'delete_child': {
        const id = typeof request.id === 'string' ? request.id : this.#keeper.idOf(request.id)
        if (id === undefined) {
          answer({ error: 'not_found' })
          return
        }
        this.#driver.request({ type: request.type, id }, (ok) => {
          answer(ok === true ? this.#childReply(id) : failure(ok))
        })
        return
      }
      case 'which_children':
        answer({ children: whichChildren(state).map((child) => ({ ...child, ref: this.#refOf(child.id) })) })
        return
      case 'count_children':
        answer({ counts: countChildren(state) })
        return
      case 'child':
        answer(state.children.byId.has(request.id) ? this.#childReply(request.id) : { error: 'not_found' })
        return
      case 'partition': {
        const id = [...this.#static][hashKey(request.key) % this.#static.size]
        answer(id === undefined ? { error: 'not_found' } : this.#childReply(id))
      }
    }
  }

  get path(): string {
    return this.#keeper.path
  }

  /** What those who look inside are shown: plain data. */
  get shown(): Record<string, unknown> {
    const { state } = this.#driver
    const children = whichChildren(state)
    return { phase: state.phase, flags: { ...state.flags }, count: children.length, children: children.slice(0, SHOWN_MAX) }
  }

  // --- hands

  now(): number {
    return this.#context.now()
  }

  random(): number {
    return this.#context.random()
  }

  startChild({ spec }: StartChild<SupervisedChild>, answer: (outcome: 'started' | 'ignored' | ChildExit) => void): void {
    const { id, start, restart } = spec
    checkCore(start.core, this.#keeper.coreCount, id)
    if (start.spread) this.#spread += 1
    const core = coreOf(start, this.#keeper.core, this.#keeper.coreCount, this.#spread)
    const child = { id, spec: start.start, core, isStatic: this.#static.has(id), isKept: restart !== 'temporary' }
    this.#keeper.start(child, (error, address) => {
      if (error === undefined) {
        this.#tellRestarted(id, address as NonNullable<typeof address>)
        answer('started')
      } else if (error instanceof CambiumError && error.code === 'ERR_IGNORED') answer('ignored')
      else {
        const isLost = error instanceof CambiumError && error.code === 'ERR_CORE_LOST'
        answer({ kind: isLost ? 'core_lost' : 'crash', detail: error })
      }
    })
  }

  stopChild({ id, shutdown }: StopChild, answer: (exit: ChildExit) => void): void {
    const timeoutMs = shutdown === 'brutal_kill' ? 0 : shutdown === 'infinity' ? Infinity : shutdown
    this.#keeper.stop(id, timeoutMs, (reason) => {
      this.#downSince.set(id, this.now())
      answer(childExitOf(reason))
    })
  }

  releaseChild(id: string): void {
    this.#downSince.delete(id)
    this.#keeper.release(id)
  }

  report(report: Report): void {
    if (report.report !== 'intensity_exceeded' && report.report !== 'child_given_up') return
    const { id, restarts, exit } = report
    this.#keeper.tell({ news: 'given_up', id, restarts, reason: exit.detail instanceof Error ? exit.detail.message : exit.kind })
  }

  wait(delayMs: number, callback: () => void): () => void {
    return this.#keeper.wait(delayMs, callback)
  }

  ended(reason: Ended['reason']): void {
    this.#isEnded = true
    const onEnded = this.#onEnded
    if (onEnded !== undefined) onEnded()
    // A start that failed is told by `start`. The others are orderly ends to the supervisor's own supervisor, as in OTP.
    else if (reason !== 'start_failed') this.#context.endFor(reason === 'shutdown' ? AUTO_SHUTDOWN : EXIT_SHUTDOWN)
  }

  // --- small parts

  #tellRestarted(id: string, actor: { core: number; slot: number; generation: number }): void {
    const since = this.#downSince.get(id)
    if (since === undefined) return
    this.#downSince.delete(id)
    this.#keeper.tell({ news: 'restarted', id, actor, tookMs: this.now() - since })
  }

  #add(spec: SupervisedChildSpec, answer: Answer): void {
    const id = this.#idOf(spec)
    this.#driver.request({ type: 'add_child', spec: { ...spec, id } }, (ok) => {
      const isTaken = ok !== true && (ok.error === 'already_started' || ok.error === 'already_present')
      // Somebody gave a child of theirs the number that was next; each try takes another one.
      if (isTaken && spec.id === undefined && this.#driver.state.flags.kind === 'dynamic') this.#add(spec, answer)
      else answer(ok === true ? this.#childReply(id) : failure(ok))
    })
  }

  #idOf({ id, start }: SupervisedChildSpec): string {
    if (id !== undefined) return id
    if (this.#driver.state.flags.kind === 'static') return start.start.behaviour
    this.#named += 1
    return `child-${this.#named}`
  }

  #refOf(id: string): Ref<never> | undefined {
    const address = this.#keeper.isUp(id) ? this.#keeper.addressOf(id) : undefined
    return address === undefined ? undefined : this.#context.refTo(address)
  }

  #childReply(id: string): SupervisorReply {
    return { id, ref: this.#refOf(id) }
  }

  #startError(ok: Exclude<Reply['ok'], true>): Error {
    const why = ok.exit?.detail
    if (why instanceof Error) return why
    return new CambiumError('ERR_START_FAILED', `supervisor did not start: supervisor=${this.#keeper.path}, error=${ok.error}`, {
      severity: 'crash',
    })
  }
}

function failure(ok: Exclude<Reply['ok'], true>): SupervisorReply {
  const cause = ok.cause ?? ok.exit?.detail
  return { error: ok.error, ...(cause instanceof Error ? { cause: toErrorRecord(cause) } : {}) }
}
