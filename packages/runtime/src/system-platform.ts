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

export interface ThreadStart {
  readonly memory: SharedArrayBuffer
  /** For its heap, in MiB; undefined leaves it to the engine. */
  readonly heapMb: number | undefined
  /** It will wait to be needed, so it gets everything ready that can be. */
  readonly isSpare: boolean
}

export interface ThreadEvents {
  /** It has the platform's modules and the memory, and can load others. Called once at most, and not before `startThread` has returned. */
  onReady(): void
  /** Something went wrong that ends it: `onEnd` follows, unless the thread hangs on its way out. */
  onFailing(cause: ErrorRecord): void
  /**
   * Nothing of its JavaScript runs any more, so what it leaves in shared memory is final; `onEnd` follows. Called once at most: a platform that cannot
   * tell before the thread has ended leaves it out.
   */
  onSilent(cause: ErrorRecord): void
  /** Called once, when the thread has ended; `undefined` when it was told to end. */
  onEnd(cause: ErrorRecord | undefined): void
}

/** A thread that is a core, or may become one: until `run` it is a spare. */
export interface CoreThread {
  /** Imports a module ahead of its first use; resolves with the names of the behaviours that it exports. */
  load(module: string): Promise<readonly string[]>
  /** Makes it a core. Once, and also before it is ready. */
  run(start: CoreStart): void
  /** It runs: what goes beside the rings (parcels) finds its way between it and the other cores from now on. */
  connect(): void
  /** A look inside, through the control plane. */
  report(): Promise<CoreReport>
  /** Asks the core to end by itself; `onEnd` follows. */
  stop(): void
  /** Ends it from outside, whatever it is doing; `onEnd` follows, unless the thread does not end. */
  kill(): void
  /** It did not end after {@link kill}, and nobody waits for it any more: calls to it that are under way fail. */
  abandon(): void
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
  startThread(start: ThreadStart, events: ThreadEvents): CoreThread
  /** Ends what the platform holds besides cores (a pool, handles). Called last. */
  close(): Promise<void>
}
