/** The frames of a run's actors: each incarnation's callbacks run in a context of their own, which `sim-context.ts` tells of. */
import type { ActorContext, Behaviour, Info } from '@cambium/actor'
import type { ChartRecorder } from './chart.ts'
import { simFrames } from './sim-context.ts'
import type { SimFrame, SimScope } from './sim-context.ts'
import { likeCallback } from './watched-behaviour.ts'

export class BehaviourFrames {
  readonly #scope: SimScope
  readonly #chart: ChartRecorder | undefined
  readonly #lifeOf: (core: number) => number
  readonly #frames = new WeakMap<ActorContext, SimFrame>()

  constructor(scope: SimScope, chart: ChartRecorder | undefined, lifeOf: (core: number) => number) {
    this.#scope = scope
    this.#chart = chart
    this.#lifeOf = lifeOf
  }

  /** The behaviour with frames around its callbacks. */
  dress(behaviour: Behaviour<unknown, unknown>): Behaviour<unknown, unknown> {
    const { program, name } = behaviour
    const within = <T>(context: ActorContext, callback: () => T): T => simFrames.run(this.#frameOf(context, name), callback)
    const { migrate } = program
    const dressed: typeof program = {
      ...(program.inner === undefined ? {} : { inner: program.inner }),
      ...(migrate === undefined
        ? {}
        : {
            migrate: {
              save: (state: unknown) => migrate.save(state),
              load: (saved: unknown, context: ActorContext) => within(context, () => migrate.load(saved, context)),
            },
          }),
      ...(program.redact === undefined ? {} : { redact: (state) => program.redact?.(state) }),
      init: (argument, context) => within(context, () => program.init(argument, context)),
      receive: likeCallback(program, 'receive', (state, message, context) => {
        this.#chart?.received(this.#frameOf(context, name), message)
        return within(context, () => program.receive(state, message, context))
      }),
    }
    if (program.info !== undefined) {
      dressed.info = likeCallback(program, 'info', (state: unknown, info: Info, context: ActorContext) =>
        within(context, () => program.info?.(state, info, context)),
      )
    }
    // What has no `terminate` must have none: a core does not wait for one then.
    if (program.terminate !== undefined) {
      dressed.terminate = (state, reason, context) => within(context, () => program.terminate?.(state, reason, context))
    }
    return Object.freeze({ ...behaviour, program: dressed })
  }

  #frameOf(context: ActorContext, behaviour: string): SimFrame {
    const known = this.#frames.get(context)
    if (known !== undefined) return known
    const frame: SimFrame = {
      scope: this.#scope,
      actor: context,
      core: context.core,
      behaviour,
      coreLife: this.#lifeOf(context.core),
    }
    this.#frames.set(context, frame)
    this.#chart?.starting(frame)
    return frame
  }
}
