/**
 * One telephone line: a call from lifting the receiver to laying it down, at either end. Who lifts and dials is a person (crowd.ts); who
 * finds the other line is the exchange. A call has a number of its own, so that what comes late from an earlier one is told apart.
 */
import { defineStateMachine } from 'cambium'
import type { MachineTurn, Ref } from 'cambium'
import type { ExchangeMessage } from './exchange.ts'
import type { Heard, Tone } from './crowd.ts'

export const DIGITS = 7
const DIAL_MS = 20_000
const RING_MS = 60_000

export type LineEvent =
  // from the person
  | { readonly type: 'lift' | 'hangUp' }
  | { readonly type: 'digit'; readonly digit: number }
  // from the exchange, and from the line at the other end
  | { readonly type: 'incoming'; readonly call: number; readonly caller: LineRef; readonly core: number }
  | { readonly type: 'alerting'; readonly call: number; readonly callee: LineRef }
  /** `number`: of the line that answers. */
  | { readonly type: 'answered'; readonly call: number; readonly number: number }
  | { readonly type: 'cleared'; readonly call: number }
  /** There is no such number, it has a call, or there is no way to it. */
  | { readonly type: 'refused'; readonly call: number; readonly tone: 'busy' | 'unanswered' | 'reorder' }
  | { readonly type: 'trunkLost'; readonly core: number }

export type LineRef = Ref<LineEvent>

/** What a line is, whatever it does. */
interface Subscriber {
  readonly number: number
  readonly index: number
  readonly core: number
  /** Of each core: those of core `c` are numbered from `c * lines` on. */
  readonly lines: number
  readonly exchange: Ref<ExchangeMessage>
  readonly crowd: Ref<Heard>
}

interface Idle {
  readonly of: Subscriber
  /** Calls made. */
  readonly calls: number
}
interface Dialled extends Idle {
  readonly digits: number
  readonly value: number
}
interface Call extends Idle {
  readonly call: number
  /** Unknown to the caller until the other end rings. */
  readonly peer: LineRef | undefined
  readonly peerCore: number
}
interface Ended extends Idle {
  readonly tone: Tone
}

interface Line {
  argument: Subscriber
  states: { onHook: Idle; dialTone: Idle; dialling: Dialled; ringback: Call; ringing: Call; talking: Call; ended: Ended }
  event: LineEvent
}

type Incoming = Extract<LineEvent, { type: 'incoming' }>
type Turn = MachineTurn<Line, unknown>

const hear = ({ of }: Idle, tone: Tone, who = of.number): void => {
  of.crowd.tell({ type: 'heard', index: of.index, tone, who })
}
const idle = ({ of, calls }: Idle): Idle => ({ of, calls })
const refuse = (_data: Idle, { call, caller }: Incoming): void => {
  caller.tell({ type: 'refused', call, tone: 'busy' })
}
/** Whoever rings for a caller that has gone is told to stop. */
const clearStray = (data: Idle, { call, callee }: LineEvent & { type: 'alerting' }): void => {
  if ((data as Partial<Call>).call !== call) callee.tell({ type: 'cleared', call })
}
const layDown = (data: Call) => {
  data.peer?.tell({ type: 'cleared', call: data.call })
  return { state: 'onHook', data: idle(data) } as const
}
const hangUp = (data: Idle) => ({ state: 'onHook', data: idle(data) }) as const
/** There is no more to this call; what is heard says why, until the receiver is laid down. */
const end = (data: Idle, tone: Tone) => ({ state: 'ended', data: { ...idle(data), tone } }) as const
const giveUp = (data: Idle) => end(data, 'over')
/** The other end has gone, if it is the other end of this call. */
const cutOff = (data: Call, { call }: { readonly call: number }) => (call === data.call ? end(data, 'over') : {})
const cutTrunk = (data: Call, { core }: { readonly core: number }) => (core === data.peerCore ? end(data, 'reorder') : {})

export const line = defineStateMachine<Line>(import.meta.url, 'line', {
  init: (of) => ({ state: 'onHook', data: { of, calls: 0 } }),
  states: {
    onHook: {
      enter(data, from) {
        if (from !== 'onHook') hear(data, 'silence')
      },
      on: {
        lift: () => ({ state: 'dialTone' }),
        hangUp: 'ignore',
        digit: 'ignore',
        incoming(data, { call, caller, core }, turn: Turn) {
          caller.tell({ type: 'alerting', call, callee: turn.context.self })
          return { state: 'ringing', data: { ...data, call, peer: caller, peerCore: core } }
        },
        alerting: clearStray,
        answered: 'ignore',
        refused: 'ignore',
        cleared: 'ignore',
        trunkLost: 'ignore',
      },
    },
    dialTone: {
      enter(data) {
        hear(data, 'dial')
        return { actions: [{ type: 'state_timeout', ms: DIAL_MS }] }
      },
      on: {
        lift: 'ignore',
        hangUp,
        digit: (data, { digit }) => ({ state: 'dialling', data: { ...data, digits: 1, value: digit } }),
        incoming: refuse,
        alerting: clearStray,
        answered: 'ignore',
        refused: 'ignore',
        cleared: 'ignore',
        trunkLost: 'ignore',
      },
      stateTimeout: giveUp,
    },
    dialling: {
      on: {
        lift: 'ignore',
        hangUp,
        digit(data, { digit }, turn: Turn) {
          const digits = data.digits + 1
          const value = data.value * 10 + digit
          if (digits < DIGITS) return { data: { ...data, digits, value }, actions: [{ type: 'event_timeout', ms: DIAL_MS }] }
          const { of } = data
          const calls = data.calls + 1
          const call = of.number * 1_000_000 + (calls % 1_000_000)
          of.exchange.tell({ type: 'route', number: value, call, caller: turn.context.self })
          return { state: 'ringback', data: { of, calls, call, peer: undefined, peerCore: Math.floor(value / of.lines) } }
        },
        incoming: refuse,
        alerting: clearStray,
        answered: 'ignore',
        refused: 'ignore',
        cleared: 'ignore',
        trunkLost: 'ignore',
      },
      eventTimeout: giveUp,
    },
    ringback: {
      enter: () => ({ actions: [{ type: 'state_timeout', ms: RING_MS }] }),
      on: {
        lift: 'ignore',
        hangUp: layDown,
        digit: 'ignore',
        incoming: refuse,
        alerting(data, event) {
          if (event.call !== data.call) return clearStray(data, event)
          hear(data, 'ringback')
          return { data: { ...data, peer: event.callee } }
        },
        answered(data, { call, number }) {
          if (call !== data.call) return {}
          hear(data, 'callerTalk', number)
          return { state: 'talking' }
        },
        refused: (data, { call, tone }) => (call === data.call ? end(data, tone) : {}),
        cleared: cutOff,
        trunkLost: cutTrunk,
      },
      stateTimeout(data) {
        data.peer?.tell({ type: 'cleared', call: data.call })
        return end(data, 'unanswered')
      },
    },
    ringing: {
      enter(data) {
        hear(data, 'bell')
        // The caller may have gone without a word, with its core.
        return { actions: [{ type: 'state_timeout', ms: 2 * RING_MS }] }
      },
      on: {
        lift(data) {
          data.peer?.tell({ type: 'answered', call: data.call, number: data.of.number })
          hear(data, 'calleeTalk')
          return { state: 'talking' }
        },
        hangUp: 'ignore',
        digit: 'ignore',
        incoming: refuse,
        alerting: clearStray,
        answered: 'ignore',
        refused: 'ignore',
        cleared: (data, { call }) => (call === data.call ? hangUp(data) : {}),
        trunkLost: (data, { core }) => (core === data.peerCore ? hangUp(data) : {}),
      },
      stateTimeout: hangUp,
    },
    talking: {
      on: {
        lift: 'ignore',
        hangUp: layDown,
        digit: 'ignore',
        incoming: refuse,
        alerting: clearStray,
        answered: 'ignore',
        refused: 'ignore',
        cleared: cutOff,
        trunkLost: cutTrunk,
      },
    },
    ended: {
      enter: (data) => hear(data, data.tone),
      on: {
        lift: 'ignore',
        hangUp,
        digit: 'ignore',
        incoming: refuse,
        alerting: clearStray,
        answered: 'ignore',
        refused: 'ignore',
        cleared: 'ignore',
        trunkLost: 'ignore',
      },
    },
  },
})
