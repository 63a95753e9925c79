/** What a supervisor is asked, and answers. Use the calls of `supervisor-calls.ts`; this is what they send. */
import { isRef } from '@cambium/actor'
import type { Ref } from '@cambium/actor'
import type { ErrorRecord } from '@cambium/base'
import type { ChildCounts, ChildStatus, ReplyError } from '@cambium/supervision'
import { isChildSpec } from './supervised-child.ts'
import type { SupervisedChildSpec } from './supervised-child.ts'

export type SupervisorRequest =
  | { readonly type: 'start_child'; readonly spec: SupervisedChildSpec }
  | { readonly type: 'terminate_child' | 'restart_child' | 'delete_child'; readonly id: string | Ref<never> }
  | { readonly type: 'which_children' }
  | { readonly type: 'count_children' }
  | { readonly type: 'child'; readonly id: string }
  /** The one of its static children, those of its definition, that the key stands for: up or down, always the same. */
  | { readonly type: 'partition'; readonly key: string }

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

/** Whatever may be sent to a supervisor is looked at before it is acted on: a request of another form must not cost its children. */
export function isSupervisorRequest(value: unknown): value is SupervisorRequest {
  const { type, spec, id, key } = Object(value) as Record<string, unknown>
  switch (type) {
    case 'start_child':
      return isChildSpec(spec)
    case 'terminate_child':
    case 'restart_child':
    case 'delete_child':
      return typeof id === 'string' || isRef(id)
    case 'child':
      return typeof id === 'string'
    case 'partition':
      return typeof key === 'string'
    default:
      return type === 'which_children' || type === 'count_children'
  }
}
