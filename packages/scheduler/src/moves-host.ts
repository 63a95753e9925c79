/** What the moves of actors need of their core. */
import type { CorePlatform } from '@cambium/base'
import type { Encoder } from '@cambium/codec'
import type { AskTable } from './asks.ts'
import type { Bonds } from './bonds.ts'
import type { CoreDirectory } from './core-directory.ts'
import type { CoreRequests } from './core-requests.ts'
import type { DeadLetterOffice } from './dead-letter-office.ts'
import type { InboundLane } from './inbound-link.ts'
import type { OutboundLink } from './outbound-link.ts'
import type { RunContextHost } from './run-context.ts'
import type { Sender } from './sender.ts'
import type { SenderHost, SenderLimits } from './sender-host.ts'
import type { Signal } from './signals.ts'
import type { SlotTable } from './slot-table.ts'

export interface MovesHost extends RunContextHost, SenderHost {
  readonly coreNumber: number
  readonly coreCount: number
  /** Epoch of this core. */
  readonly life: number
  readonly platform: CorePlatform
  readonly encoder: Encoder
  readonly limits: SenderLimits
  readonly isStrict: boolean
  readonly slots: SlotTable
  readonly asks: AskTable
  readonly bonds: Bonds
  readonly directory: CoreDirectory
  readonly sender: Sender
  readonly deadLetters: DeadLetterOffice
  readonly requests: CoreRequests
  readonly links: readonly (OutboundLink | undefined)[]
  readonly dispatcher: RunContextHost['dispatcher']
  readonly wheel: RunContextHost['wheel']
  epochOf(core: number): number
  inbound(core: number): InboundLane | undefined
  signal(core: number, signal: Signal): void
  toRoot(signal: Signal): void
  takeLastSignals(core: number): void
  now(): number
  requestTurn(): void
}
