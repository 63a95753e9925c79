/** The directories of the cores of a system, alone: what one tells another comes at once. */
import type { ActorAddress } from '@cambium/base'
import type { ActorCell } from '../src/actor-cell.ts'
import { CoreDirectory } from '../src/core-directory.ts'
import type { DirectorySignal } from '../src/directory-signals.ts'
import { TimerWheel } from '../src/timer-wheel.ts'

export class Directories {
  readonly wheel: TimerWheel
  readonly cores: CoreDirectory[]
  nowMs = 0

  constructor(count: number) {
    this.wheel = new TimerWheel(0)
    this.cores = []
    for (let number = 0; number < count; number += 1) this.cores.push(this.#make(number, count))
  }

  core(number: number): CoreDirectory {
    return this.cores[number] as CoreDirectory
  }

  /** In place of a core that has died: it knows nothing of what was before. Core 0 hears of the death when the thread is given up, a moment later. */
  succeed(number: number): void {
    this.cores[number] = this.#make(number, this.cores.length)
  }

  #make(coreNumber: number, coreCount: number): CoreDirectory {
    return new CoreDirectory({
      coreNumber,
      coreCount,
      wheel: this.wheel,
      router: { send: (core, signal) => this.core(core).take(coreNumber, signal as DirectorySignal) },
      sender: { hasSettled: false },
      bonds: { infos: { tell: () => {} } as never },
      now: () => this.nowMs,
      refOf: (address) => address as never,
      requestTurn: () => {},
    })
  }
}

/** As much of an actor as the directory looks at. */
export function cellAt({ slot, generation }: Pick<ActorAddress, 'slot' | 'generation'>): ActorCell {
  return { slot, generation, hasEntries: false } as ActorCell
}
