/** What the root keeps of one supervised actor: enough to start it again when its core and all that was there are gone. */
import type { ActorAddress } from '@cambium/base'
import type { ExitReason } from '@cambium/actor'
import type { RestartType, Shutdown, SupervisorFlags } from '@cambium/supervision'
import type { StartSpec } from '@cambium/scheduler'
import type { CheckedActor } from './spawn-options.ts'
import type { SupervisorHost } from './supervisor-host.ts'

export interface SupervisedActor {
  readonly id: string
  start: StartSpec
  readonly layouts: CheckedActor['layouts']
  /** The balancer may move it. */
  readonly isBalanced: boolean
  readonly restart: RestartType
  readonly shutdown: Shutdown
  /** Restarts that are borne, for an actor spawned singly. */
  readonly limits: SupervisorFlags
  readonly core: number
  /** Undefined until the first start. */
  address: ActorAddress | undefined
  /** The latest one, also when the actor has ended: what a ref of it says. */
  lastAddress: ActorAddress | undefined
  /** Of its team; one of its own, made at its first failure, for an actor spawned singly. */
  supervisor: SupervisorHost | undefined
  /** It has its name and counts on its core. */
  isEnlisted: boolean
  /** It was told to end: it is not started again. */
  isEnding: boolean
  /** When it went down, while it is down. */
  downSinceMs: number | undefined
  /** Told once, when it will not be started again, how its last incarnation ended. */
  onGone: ((reason: ExitReason) => void) | undefined
  /** Kept where somebody is told. */
  lastEnd: ExitReason | undefined
  /** Start of the whole life, as a number that orders all actors of the system. */
  readonly order: number
}
