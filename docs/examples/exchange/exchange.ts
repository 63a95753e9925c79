/**
 * The exchange of one core: its lines and their people are its children, and calls to other cores go through the exchanges there. When
 * its core dies, its supervisor starts it again behind the same ref, and it starts its lines again; the others learn of it by `down` and cut
 * the calls that went there.
 */
import { defineActor } from 'cambium'
import type { ActorContext, Ref } from 'cambium'
import { crowd, type CrowdReport, type Habits, type Heard } from './crowd.ts'
import { line, type LineRef } from './line.ts'

export type ExchangeMessage =
  /** From a line of this core. */
  | { readonly type: 'route'; readonly number: number; readonly call: number; readonly caller: LineRef }
  /** From another exchange. */
  | { readonly type: 'connect'; readonly number: number; readonly call: number; readonly caller: LineRef; readonly core: number }
  /** The exchange of `core` is there; `answer` asks for the same in return. */
  | { readonly type: 'trunk'; readonly core: number; readonly exchange: ExchangeRef; readonly answer: boolean }
  /** Asked by whoever wants to know. */
  | { readonly type: 'report' }
  | { readonly type: 'goHome' }

/** Before all calls that wait: a crowd on a slow machine is minutes behind, and is looked at all the same. */
export const AT_ONCE = { priority: 'high', timeoutMs: 60_000 } as const

export type ExchangeRef = Ref<ExchangeMessage, CrowdReport>

export interface ExchangeOptions {
  readonly core: number
  /** Of each core. The numbers of core `c` are those from `c * lines` on. */
  readonly lines: number
  readonly habits: Habits
  /** Exchanges that were there before this one; the later ones introduce themselves. */
  readonly others: readonly ExchangeRef[]
}

interface Exchange {
  readonly options: ExchangeOptions
  readonly lines: readonly LineRef[]
  readonly people: Ref<Heard, CrowdReport>
  /** By core; one that is down has none. */
  readonly trunks: Map<number, ExchangeRef>
  /** Cores by monitor. */
  readonly monitors: Map<number, number>
}

type Context = ActorContext<ExchangeMessage, CrowdReport>

export const exchange = defineActor<ExchangeOptions, ExchangeMessage, CrowdReport, Exchange>(
  import.meta.url,
  'exchange',
  {
    init(options, context) {
      const { core, habits, others } = options
      const people = context.spawn(crowd, habits, { mailbox: { capacity: 1 << 20 } })
      const lines = Array.from({ length: options.lines }, (_, index) => {
        const number = core * options.lines + index
        return context.spawn(line, { number, index, core, exchange: context.self, crowd: people })
      })
      people.tell({ type: 'begin', lines })
      for (const other of others) introduce(other, core, context, true)
      return { options, lines, people, trunks: new Map(), monitors: new Map() }
    },
    async receive(state, message, context) {
      switch (message.type) {
        case 'route':
          route(state, message)
          return
        case 'connect':
          connect(state, message)
          return
        case 'trunk': {
          const { core, exchange: other, answer } = message
          state.trunks.set(core, other)
          if (!state.monitors.has(core)) state.monitors.set(core, context.monitor(other))
          if (answer) introduce(other, state.options.core, context, false)
          return
        }
        case 'goHome':
          state.people.tell({ type: 'goHome' })
          return
        case 'report':
          context.reply(await state.people.ask({ type: 'report' }, AT_ONCE))
      }
    },
    info(state, info, context) {
      if (info.type !== 'down') return
      for (const [core, monitor] of state.monitors) {
        if (monitor !== info.monitor) continue
        const other = state.trunks.get(core)
        state.monitors.delete(core)
        state.trunks.delete(core)
        for (const each of state.lines) each.tell({ type: 'trunkLost', core })
        // It waits behind the ref for the next incarnation, which answers.
        if (other !== undefined) introduce(other, state.options.core, context, true)
      }
    },
  },
  { mailbox: { capacity: 1 << 20 } },
)

function introduce(other: ExchangeRef, core: number, context: Context, answer: boolean): void {
  other.tell({ type: 'trunk', core, exchange: context.self, answer })
}

function route(state: Exchange, { number, call, caller }: ExchangeMessage & { type: 'route' }): void {
  const { core, lines } = state.options
  const target = Math.floor(number / lines)
  if (target === core) {
    connect(state, { type: 'connect', number, call, caller, core })
    return
  }
  const trunk = state.trunks.get(target)
  if (trunk === undefined) caller.tell({ type: 'refused', call })
  else trunk.tell({ type: 'connect', number, call, caller, core })
}

function connect({ lines }: Exchange, { number, call, caller, core }: ExchangeMessage & { type: 'connect' }): void {
  const callee = lines[number % lines.length]
  if (callee === undefined) caller.tell({ type: 'refused', call })
  else callee.tell({ type: 'incoming', call, caller, core })
}
