/** The reply token of a behaviour that is run without a runtime: it can be told its answer, and nothing else. */
import { ActorRef } from '@cambium/actor'
import type { Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'

export function tokenWithoutRuntime<Output>(settle: (value: unknown) => void): Ref<Output> {
  const nobody = (): never => {
    throw new CambiumError('ERR_NO_RUNTIME', 'token of a run can only be told its answer', { severity: 'mistake' })
  }
  const host = {
    system: settle,
    tell: (_target: unknown, value: unknown) => settle(value),
    trySend: nobody,
    send: nobody,
    ask: nobody,
    after: nobody,
  }
  return new ActorRef(host, 0, 0, 0) as unknown as Ref<Output>
}
