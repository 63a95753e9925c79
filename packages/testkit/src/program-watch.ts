/** What the simulator does around the callbacks of actors: a point of death before and after each, the oracles, the trace, crashes. */
import { NORMAL, priorityNumber, UNSET } from '@cambium/actor'
import type { ActorContext } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import type { Core } from '@cambium/scheduler'
import type { CrashKind, FaultPlan } from './fault-plan.ts'
import type { RunOracles } from './oracles/run-oracles.ts'
import { Marked, unmarked } from './marked.ts'
import { isStorm } from './storms.ts'
import type { Storms } from './storms.ts'
import type { Trace } from './trace.ts'
import { NOT_FOR_ACTOR } from './watched-behaviour.ts'
import type { ProgramWatch } from './watched-behaviour.ts'

export interface ProgramWatchOptions {
  readonly faults: FaultPlan
  readonly oracles: RunOracles
  readonly trace: Trace
  readonly storms: Storms
  readonly coreOf: (core: number) => Core | undefined
  /** One of the places in a turn of that core where its thread may end. */
  readonly point: (core: number) => void
}

export function createProgramWatch(options: ProgramWatchOptions): ProgramWatch {
  const { faults, oracles, trace, storms, coreOf, point } = options
  const crash = (kind: CrashKind, context: ActorContext): void => {
    // Core 0 is spared: probes live there.
    if (context.core !== 0 && faults.crashes(kind))
      throw new CambiumError('ERR_SIM_CRASH', `crashed by the simulation: ${kind}`, { severity: 'crash' })
  }
  return {
    starting(context) {
      point(context.core)
      oracles.starting(context, coreOf(context.core))
      if (context.incarnation > 0) crash('initCrash', context)
    },
    started(context) {
      point(context.core)
    },
    judging(message, judge) {
      if (isStorm(unmarked(message))) return 'normal'
      const priority = judge(unmarked(message))
      if (message instanceof Marked && priorityNumber(priority) !== UNSET) {
        message.priority = priorityNumber(priority)
        if (message.priority !== NORMAL) oracles.judged(message)
      }
      return priority
    },
    receiving(owner, context, message) {
      const received = oracles.taken(message)
      // Before the points where the core may die: what is counted here is counted in its books next.
      if (storms.take(received)) return NOT_FOR_ACTOR
      point(context.core)
      trace.received(context.core, oracles.receiving(owner, context), received)
      crash('handlerCrash', context)
      return received
    },
    received(context) {
      point(context.core)
      crash('handlerCrash', context)
    },
    terminating(context) {
      point(context.core)
    },
    terminated(context) {
      point(context.core)
      crash('terminateCrash', context)
    },
  }
}
