/** What a supervisor is asked, and answers. Use the calls of `supervisor-calls.ts`; this is what they send. */
import type { Ref } from '@cambium/actor'
import type { ErrorRecord } from '@cambium/base'
import type { ChildCounts, ChildStatus, ReplyError } from '@cambium/supervision'
import type { SupervisedChildSpec } from './supervised-child.ts'

export type SupervisorRequest =
  | { readonly type: 'start_child'; readonly spec: SupervisedChildSpec }
  | { readonly type: 'terminate_child' | 'restart_child' | 'delete_child'; readonly id: string | Ref<never> }
  | { readonly type: 'which_children' }
  | { readonly type: 'count_children' }
  | { readonly type: 'child'; readonly id: string }

export interface SupervisorFailure {
  readonly error: ReplyError | 'bad_request'
  readonly cause?: ErrorRecord
}

export type SupervisorReply =
  /** Of a child: its ref, none when it ignored its start or is down. */
  | { readonly id: string; readonly ref: Ref<never> | undefined }
  | { readonly children: readonly SupervisorChild[] }
  | { readonly counts: ChildCounts }
  | SupervisorFailure

/** One child, as `whichChildren` shows it. */
export interface SupervisorChild {
  readonly id: string
  /** Undefined while it is down. */
  readonly ref: Ref<never> | undefined
  readonly status: ChildStatus
  readonly kind: 'worker' | 'supervisor'
  /** Times it was started again. */
  readonly restarts: number
}

/** A supervisor, to those who know it. */
export type SupervisorRef = Ref<SupervisorRequest, SupervisorReply>
