/** The context of handlers: what of the actor that they run in they may use. They may not end it, nor answer for it. */
import type { ActorContext, AnyRef } from '@cambium/actor'
import type { HandlerContext } from './define-event-handler.ts'

export function handlerContext(context: ActorContext, manager: AnyRef): HandlerContext {
  return Object.freeze<HandlerContext>({
    manager,
    core: context.core,
    now: () => context.now(),
    random: () => context.random(),
    get signal() {
      return context.signal
    },
    monitor: (ref) => context.monitor(ref),
    demonitor: (monitor, options) => context.demonitor(monitor, options),
    whereis: (name) => context.whereis(name),
    get directory() {
      return context.directory
    },
  })
}
