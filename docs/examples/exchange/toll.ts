/**
 * The toll office: what became of all calls. It is on core 0, which outlives every other core. A crowd reports a call before it is placed, and its end
 * soon after; so when a core dies, it is known which calls of its lines had not ended: they are lost.
 */
import { defineActor } from 'cambium'
import type { Ref } from 'cambium'

/** How a call ends that nothing happened to. */
export type Ending = 'done' | 'busy' | 'unanswered' | 'givenUp'
/** `cut`: the core of the other end died while they talked. `unreached`: before that, or its exchange is not there. `lost`: the caller's own core died. */
export type Failure = 'cut' | 'unreached' | 'lost'

/** What a crowd has to report since its last bill; of sessions, how many there are. */
export interface Bill {
  readonly core: number
  readonly placed: number
  readonly connected: number
  /** Answered by another number than was dialled. */
  readonly wrong: number
  readonly ended: Readonly<Record<Ending | Exclude<Failure, 'lost'>, number>>
  /** Receivers off the hook or bells ringing. */
  readonly inSession: number
  readonly talking: number
}

export type TollMessage =
  | ({ readonly type: 'bill' } & Bill)
  /** A crowd has its lines: for the first time, or again after the death of its core. */
  | { readonly type: 'open'; readonly core: number; readonly lines: number }
  | { readonly type: 'report' }

export interface Toll {
  /** Calls tried. Each has ended, or is under way. */
  readonly placed: number
  readonly connected: number
  readonly wrong: number
  readonly underWay: number
  readonly ended: Readonly<Record<Ending, number>>
  readonly failed: Readonly<Record<Failure, number>>
  readonly lines: number
  readonly inSession: number
  readonly talking: number
}

export type TollRef = Ref<TollMessage, Toll>

interface Branch {
  lines: number
  underWay: number
  inSession: number
  talking: number
}

interface Office {
  placed: number
  connected: number
  wrong: number
  readonly ended: Record<Ending, number>
  readonly failed: Record<Failure, number>
  /** By core. */
  readonly branches: Map<number, Branch>
}

export const toll = defineActor<undefined, TollMessage, Toll, Office>(
  import.meta.url,
  'toll',
  {
    init: () => ({
      placed: 0,
      connected: 0,
      wrong: 0,
      ended: { done: 0, busy: 0, unanswered: 0, givenUp: 0 },
      failed: { cut: 0, unreached: 0, lost: 0 },
      branches: new Map(),
    }),
    receive(office, message, context) {
      if (message.type === 'report') context.reply(reportOf(office))
      else if (message.type === 'open') {
        office.failed.lost += office.branches.get(message.core)?.underWay ?? 0
        office.branches.set(message.core, { lines: message.lines, underWay: 0, inSession: 0, talking: 0 })
      } else enter(office, message)
    },
  },
  { mailbox: { capacity: 1 << 16 } },
)

function enter(office: Office, { core, placed, connected, wrong, ended, inSession, talking }: Bill): void {
  const branch = office.branches.get(core)
  if (branch === undefined) return
  office.placed += placed
  office.connected += connected
  office.wrong += wrong
  const { done, busy, unanswered, givenUp, cut, unreached } = ended
  office.ended.done += done
  office.ended.busy += busy
  office.ended.unanswered += unanswered
  office.ended.givenUp += givenUp
  office.failed.cut += cut
  office.failed.unreached += unreached
  branch.underWay += placed - (done + busy + unanswered + givenUp + cut + unreached)
  branch.inSession = inSession
  branch.talking = talking
}

function reportOf({ placed, connected, wrong, ended, failed, branches }: Office): Toll {
  const sum = (field: keyof Branch): number => [...branches.values()].reduce((total, branch) => total + branch[field], 0)
  const [lines, underWay] = [sum('lines'), sum('underWay')]
  const [inSession, talking] = [sum('inSession'), sum('talking')]
  // Copies: who asks on this core is given the object itself.
  return { placed, connected, wrong, underWay, ended: { ...ended }, failed: { ...failed }, lines, inSession, talking }
}
