/** What the simulator does around the callbacks of actors: a point of death before and after each, the oracles, the trace, crashes. */
import type { ActorContext } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import type { CrashKind, FaultPlan } from './fault-plan.ts'
import type { RunOracles } from './oracles/run-oracles.ts'
import type { Trace } from './trace.ts'
import type { ProgramWatch } from './watched-behaviour.ts'

export interface ProgramWatchOptions {
  readonly faults: FaultPlan
  readonly oracles: RunOracles
  readonly trace: Trace
  /** One of the places in a turn of that core where its thread may end. */
  readonly point: (core: number) => void
}

export function createProgramWatch({ faults, oracles, trace, point }: ProgramWatchOptions): ProgramWatch {
  const crash = (kind: CrashKind, context: ActorContext): void => {
    // Core 0 is spared: probes live there.
    if (context.core !== 0 && faults.crashes(kind))
      throw new CambiumError('ERR_SIM_CRASH', `crashed by the simulation: ${kind}`, { severity: 'crash' })
  }
  return {
    starting(context) {
      point(context.core)
      oracles.starting(context)
      if (context.incarnation > 0) crash('initCrash', context)
    },
    started(context) {
      point(context.core)
    },
    receiving(owner, context) {
      point(context.core)
      trace.received(context.core, oracles.receiving(owner, context))
      crash('handlerCrash', context)
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
