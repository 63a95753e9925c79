/**
 * What a whole system needs from the world (D11): memory, core 0's thread, and other cores. The real one uses worker threads
 * (`worker-platform.ts`); a simulated one runs every core in one thread.
 */
import type { CorePlatform, ErrorRecord } from '@cambium/base'
import type { Core, CoreReport, SenderLimits } from '@cambium/scheduler'

export interface CoreStart {
  readonly number: number
  readonly memory: SharedArrayBuffer
  readonly limits: SenderLimits
  readonly isStrict: boolean
  /** False for a successor, which waits for its adopted slots. */
  readonly isOpen: boolean
}

export interface CoreEvents {
  /** Called once, when nothing of the core runs any more; `undefined` when it was told to end. */
  onEnd(cause: ErrorRecord | undefined): void
}

export interface CoreHandle {
  /** A look inside, through the control plane. */
  report(): Promise<CoreReport>
  /** Imports a module ahead of its first use; resolves with the names of the behaviours that it exports. */
  load(module: string): Promise<readonly string[]>
  /** Asks the core to end by itself; `onEnd` follows. */
  stop(): void
  /** Ends it from outside, whatever it is doing; `onEnd` follows, unless the thread does not end. */
  kill(): void
}

export interface Driver {
  /** Ends the loop of core 0; its core is not called again. */
  stop(): void
}

export interface SystemPlatform {
  /** Cores that user actors get when the options do not say: those of the machine. */
  readonly parallelism: number
  readonly corePlatform: CorePlatform
  allocate(bytes: number): SharedArrayBuffer
  /** Starts calling the turns of core 0. */
  drive(core: Core): Driver
  startCore(start: CoreStart, events: CoreEvents): CoreHandle
  /** Ends what the platform holds besides cores (a pool, handles). Called last. */
  close(): Promise<void>
}
