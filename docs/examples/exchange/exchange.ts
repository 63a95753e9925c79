/**
 * The exchange of one core: its lines and their people are its children, and calls to other cores go through the exchanges there. When
 * its core dies, its supervisor starts it again behind the same ref, and it starts its lines again; the others learn of it by `down`, cut
 * the calls that went there, and introduce themselves until it answers.
 */
import { defineActor } from 'cambium'
import type { ActorContext, Ref } from 'cambium'
import { crowd, type Habits, type Heard } from './crowd.ts'
import { line, type LineRef } from './line.ts'
import type { TollRef } from './toll.ts'

export type ExchangeMessage =
  /** From a line of this core. */
  | { readonly type: 'route'; readonly number: number; readonly call: number; readonly caller: LineRef }
  /** From another exchange. */
  | { readonly type: 'connect'; readonly number: number; readonly call: number; readonly caller: LineRef; readonly core: number }
  /** The exchange of `core` is there; `answer` asks for the same in return. */
  | { readonly type: 'trunk'; readonly core: number; readonly exchange: ExchangeRef; readonly answer: boolean }
  | { readonly type: 'introduce' | 'goHome' }

export type ExchangeRef = Ref<ExchangeMessage>

export interface ExchangeOptions {
  readonly core: number
  /** Of each core. The numbers of core `c` are those from `c * lines` on. */
  readonly lines: number
  readonly habits: Habits
  readonly toll: TollRef
  /** Exchanges that were there before this one; the later ones introduce themselves. */
  readonly others: readonly ExchangeRef[]
}

interface Exchange {
  readonly options: ExchangeOptions
  readonly lines: readonly LineRef[]
  readonly people: Ref<Heard>
  /** By core; one that is down has none. */
  readonly trunks: Map<number, ExchangeRef>
  /** Cores by monitor. */
  readonly monitors: Map<number, number>
  /** Those that have not answered yet. One that dies as it is told may never have heard of it. */
  readonly silent: Map<number, ExchangeRef>
}

type Context = ActorContext<ExchangeMessage>

const INTRODUCE_MS = 500

export const exchange = defineActor<ExchangeOptions, ExchangeMessage, unknown, Exchange>(
  import.meta.url,
  'exchange',
  {
    init(options, context) {
      const { core, habits, toll, others } = options
      const people = context.spawn(crowd, { core, habits, toll }, { mailbox: { capacity: 1 << 20 } })
      const lines = Array.from({ length: options.lines }, (_, index) => {
        const number = core * options.lines + index
        return context.spawn(line, { number, index, core, lines: options.lines, exchange: context.self, crowd: people })
      })
      people.tell({ type: 'begin', lines })
      context.setTimer('introduce', INTRODUCE_MS, { type: 'introduce' }, { repeat: true })
      const silent = new Map(others.map((other, index) => [index, other]))
      introduce(silent, core, context)
      return { options, lines, people, trunks: new Map(), monitors: new Map(), silent }
    },
    receive(state, message, context) {
      switch (message.type) {
        case 'route':
          route(state, message)
          return
        case 'connect':
          // Of an exchange that has died meanwhile: its line has gone with it.
          if (state.trunks.has(message.core)) connect(state, message)
          return
        case 'trunk': {
          const { core, exchange: other, answer } = message
          state.silent.delete(core)
          state.trunks.set(core, other)
          if (!state.monitors.has(core)) state.monitors.set(core, context.monitor(other))
          if (answer) other.tell({ type: 'trunk', core: state.options.core, exchange: context.self, answer: false })
          return
        }
        case 'introduce':
          introduce(state.silent, state.options.core, context)
          return
        case 'goHome':
          state.people.tell({ type: 'goHome' })
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
        if (other === undefined) continue
        state.silent.set(core, other)
        // It waits behind the ref for the next incarnation, which answers.
        introduce(new Map([[core, other]]), state.options.core, context)
      }
    },
  },
  { mailbox: { capacity: 1 << 20 } },
)

function introduce(others: ReadonlyMap<number, ExchangeRef>, core: number, context: Context): void {
  for (const other of others.values()) other.tell({ type: 'trunk', core, exchange: context.self, answer: true })
}

function route(state: Exchange, { number, call, caller }: ExchangeMessage & { type: 'route' }): void {
  const { core, lines } = state.options
  const target = Math.floor(number / lines)
  if (target === core) {
    connect(state, { type: 'connect', number, call, caller, core })
    return
  }
  const trunk = state.trunks.get(target)
  if (trunk === undefined) caller.tell({ type: 'refused', call, tone: 'reorder' })
  else trunk.tell({ type: 'connect', number, call, caller, core })
}

function connect({ lines }: Exchange, { number, call, caller, core }: ExchangeMessage & { type: 'connect' }): void {
  const callee = lines[number % lines.length]
  if (callee === undefined) caller.tell({ type: 'refused', call, tone: 'unanswered' })
  else callee.tell({ type: 'incoming', call, caller, core })
}
