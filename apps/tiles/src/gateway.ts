/**
 * From a request to its region and back: admission, the front cache, deadlines, cancellation, and a second try where something failed underneath.
 *
 * To draw a picture again does no harm, so a request whose actor crashed or whose core died is tried again until its deadline, with a pause that
 * grows. Its client sees a slow answer. Where there is no room it is told so at once, and nothing is queued on its behalf.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { CambiumError } from 'cambium'
import type { Ref } from 'cambium'
import { ByteLru } from './byte-lru.ts'
import { nowMs } from './clock.ts'
import type { Drawing, PictureOutcome, RegionMessage } from './protocol.ts'
import type { RegionDirectory } from './region-directory.ts'
import { pictureKey, regionKey } from './tile-address.ts'
import type { Picture } from './tile-address.ts'

/** What the HTTP side needs of whoever makes pictures. */
export interface PictureSource {
  /**
   * Resolves always: by `deadlineMs` at the latest, a moment of `clock.ts`, and soon after `signal` is aborted. Only a request that a region has, while
   * its core hangs, keeps its place until its deadline though nobody waits for it.
   */
  picture(picture: Picture, deadlineMs: number, signal: AbortSignal): Promise<PictureOutcome>
  /** What lies at the front door, without waiting. */
  atHand(picture: Picture): PictureOutcome | undefined
}

export interface GatewayOptions {
  /** Bytes of pictures kept on the main thread. */
  readonly frontBytesMax: number
  /** Requests that may be under way at once. */
  readonly inFlightMax: number
}

const RETRY_PAUSE_MS = 5
const RETRY_PAUSE_MS_MAX = 100
const FULL = new Set(['ERR_MAILBOX_FULL', 'ERR_OUTBOX_FULL', 'ERR_SYSTEM_CLOSED'])
/** What happens when an actor or its core fails, and what happens to those who are just starting there. */
const PASSING = new Set([
  'ERR_ACTOR_CRASHED',
  'ERR_CORE_LOST',
  'ERR_NO_SUCH_ACTOR',
  'ERR_NO_REPLY',
  'ERR_INIT_FAILED',
  'ERR_INIT_TIMEOUT',
  'ERR_NAME_TAKEN',
])

export class Gateway implements PictureSource {
  readonly #regions: RegionDirectory
  readonly #front: ByteLru<Drawing & { readonly byteLength: number }>
  readonly #inFlightMax: number
  #inFlight = 0
  #retries = 0
  #ticket = 0

  constructor(regions: RegionDirectory, options: GatewayOptions) {
    this.#regions = regions
    this.#front = new ByteLru(options.frontBytesMax)
    this.#inFlightMax = options.inFlightMax
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Tries beyond the first, of all requests. */
  get retries(): number {
    return this.#retries
  }

  atHand(picture: Picture): PictureOutcome | undefined {
    const kept = this.#front.get(pictureKey(picture))
    return kept === undefined ? undefined : { kind: 'picture', png: kept.png, core: kept.core, source: 'cache' }
  }

  async picture(picture: Picture, deadlineMs: number, signal: AbortSignal): Promise<PictureOutcome> {
    if (this.#inFlight >= this.#inFlightMax) return { kind: 'busy' }
    this.#inFlight += 1
    try {
      const outcome = await this.#untilDeadline(picture, deadlineMs, signal)
      if (outcome.kind === 'picture') {
        const { png, core } = outcome
        this.#front.set(pictureKey(picture), { png, core, byteLength: png.byteLength })
      }
      return outcome
    } finally {
      this.#inFlight -= 1
    }
  }

  async #untilDeadline(picture: Picture, deadlineMs: number, signal: AbortSignal): Promise<PictureOutcome> {
    for (let pauseMs = RETRY_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, RETRY_PAUSE_MS_MAX)) {
      try {
        return (await this.#once(picture, deadlineMs, signal)) ?? { kind: 'busy' }
      } catch (error) {
        if (signal.aborted) return { kind: 'cancelled' }
        const code = error instanceof CambiumError ? error.code : ''
        if (FULL.has(code)) return { kind: 'busy' }
        if (code === 'ERR_ASK_TIMEOUT' || code === 'ERR_MESSAGE_EXPIRED') return { kind: 'late' }
        if (!PASSING.has(code)) throw error
      }
      if (nowMs() + pauseMs >= deadlineMs) return { kind: 'late' }
      this.#retries += 1
      await sleep(pauseMs)
    }
  }

  async #once(picture: Picture, deadlineMs: number, signal: AbortSignal): Promise<PictureOutcome | undefined> {
    return this.#regions.with(regionKey(picture.tile), async (starting) => {
      const region = await within(starting, deadlineMs, signal)
      if (signal.aborted) return { kind: 'cancelled' }
      if (region === undefined) return { kind: 'late' }
      const leftMs = deadlineMs - nowMs()
      if (leftMs <= 0) return { kind: 'late' }
      this.#ticket += 1
      const ticket = this.#ticket
      const onAbort = (): void => region.tell({ type: 'cancel', ticket })
      signal.addEventListener('abort', onAbort, { once: true })
      try {
        // Not handled at all when its time is up before its turn.
        const wait = { timeoutMs: leftMs, expiresMs: leftMs, ifFull: 'fail' } as const
        // The signal goes to the region, which answers `cancelled`: so the request is over there too when it is over here.
        return await region.ask({ type: 'picture', ticket, picture, deadlineMs }, wait)
      } finally {
        signal.removeEventListener('abort', onAbort)
      }
    })
  }
}

/** The ref, or undefined when the time is up or the signal aborted before it was there. Leaves neither timer nor listener behind. */
function within(
  starting: Promise<Ref<RegionMessage>>,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Ref<RegionMessage> | undefined> {
  if (signal.aborted) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      letGo()
      resolve(undefined)
    }
    const timer = setTimeout(giveUp, Math.max(0, deadlineMs - nowMs()))
    signal.addEventListener('abort', giveUp)
    function letGo(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
    }
    starting.finally(letGo).then(resolve, reject)
  })
}
