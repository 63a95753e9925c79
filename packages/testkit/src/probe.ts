/** Probes: actors that keep what they are told, and look at it in virtual time, so that absence costs no waiting. */
import { defineActor } from '@cambium/actor'
import type { Ref } from '@cambium/actor'
import { CambiumError, formatAddress, toMilliseconds } from '@cambium/base'
import type { ActorAddress, Duration } from '@cambium/base'
import { describeMatcher, matches } from './matcher.ts'
import type { Matcher } from './matcher.ts'
import { preview } from './preview.ts'
import type { Simulation } from './simulation.ts'

export interface Probe<M, R = unknown> {
  readonly ref: Ref<M, R>
  /** Messages that no expectation has taken, oldest first. */
  readonly messages: readonly M[]
  /**
   * Takes the oldest message, waiting for it in virtual time, 3 s by default. Throws `ERR_EXPECTATION` when none comes, or when it does not
   * match; it says what was there instead.
   */
  expectMessage(matcher?: Matcher<M>, within?: Duration): Promise<M>
  /** Answers the oldest ask that has no answer yet. Throws `ERR_EXPECTATION` when there is none. */
  reply(value: R): void
  /** Takes the first message that matches, and leaves the others. Throws `ERR_EXPECTATION`. */
  expectAnyMessage(matcher: Matcher<M>, within?: Duration): Promise<M>
  /** Throws `ERR_EXPECTATION` when a message is there or comes within the virtual time, 3 s by default. */
  expectNoMessage(during?: Duration): Promise<void>
  /** Waits until that actor has ended for good: a crash that is followed by a restart is not its end. Throws `ERR_EXPECTATION`. */
  expectTerminated(ref: ActorAddress, within?: Duration): Promise<void>
}

const WITHIN_DEFAULT = '3s'
const LOOK_MS = 1
/** Messages that an error shows. */
const SHOWN_MAX = 5

export async function createProbe<M, R>(sim: Simulation, number: number, name: string | undefined): Promise<Probe<M, R>> {
  const inbox: M[] = []
  const asked: ((value: R) => void)[] = []
  /** Who waits for a change, in order. */
  const waiting = new Set<() => void>()
  const behaviour = defineActor<undefined, M, R, null>(import.meta.url, `probe-${number}`, {
    init: () => null,
    receive(_state, message, context) {
      inbox.push(message)
      if (context.isAsked) asked.push(context.deferReply())
      for (const wake of waiting) wake()
      waiting.clear()
    },
  })
  const label = name ?? `probe-${number}`
  const ref = await sim.spawn(behaviour, undefined, { core: 0, name: label })
  const failed = (what: string, fields: Readonly<Record<string, unknown>>): CambiumError => {
    const shown = Object.entries({ probe: label, ...fields }).map(([key, value]) => `${key}=${String(value)}`)
    return new CambiumError('ERR_EXPECTATION', `${what}: ${shown.join(', ')}`, { fields })
  }
  const found = (): string =>
    inbox.length === 0
      ? 'none'
      : `${inbox.length}, ${inbox
          .slice(0, SHOWN_MAX)
          .map((message) => preview(message))
          .join(', ')}`
  /** Resolves when a message comes, or at the virtual time. */
  const change = async (untilMs: number): Promise<void> => {
    let wake = (): void => {}
    const came = new Promise<void>((resolve) => {
      wake = resolve
    })
    waiting.add(wake)
    await Promise.race([came, sim.advance(Math.max(0, untilMs - sim.now()))])
    waiting.delete(wake)
  }

  return {
    ref,
    get messages() {
      return inbox
    },
    async expectMessage(matcher, within = WITHIN_DEFAULT) {
      const untilMs = sim.now() + toMilliseconds(within, 'within')
      while (inbox.length === 0 && sim.now() < untilMs) {
        await change(untilMs)
      }
      const expected = matcher === undefined ? 'any message' : describeMatcher(matcher)
      if (inbox.length === 0) throw failed('no message came', { within, expected })
      const message = inbox.shift() as M
      if (matcher !== undefined && !matches(message, matcher))
        throw failed('message is not the expected one', { expected, found: preview(message), next: found() })
      return message
    },
    reply(value) {
      const answer = asked.shift()
      if (answer === undefined) throw failed('nobody waits for an answer', { found: found() })
      answer(value)
    },
    async expectAnyMessage(matcher, within = WITHIN_DEFAULT) {
      const untilMs = sim.now() + toMilliseconds(within, 'within')
      for (;;) {
        const at = inbox.findIndex((message) => matches(message, matcher))
        if (at >= 0) return inbox.splice(at, 1)[0] as M
        if (sim.now() >= untilMs)
          throw failed('no such message came', { within, expected: describeMatcher(matcher), found: found() })
        await change(untilMs)
      }
    },
    async expectNoMessage(during = WITHIN_DEFAULT) {
      const beganMs = sim.now()
      if (inbox.length === 0) await change(beganMs + toMilliseconds(during, 'during'))
      if (inbox.length > 0) throw failed('a message came', { during, afterMs: Math.round(sim.now() - beganMs), found: found() })
    },
    async expectTerminated(target, within = WITHIN_DEFAULT) {
      const untilMs = sim.now() + toMilliseconds(within, 'within')
      while (!sim.isGone(target)) {
        if (sim.now() >= untilMs) throw failed('actor has not ended', { within, actor: formatAddress(target) })
        await sim.advance(LOOK_MS)
      }
    },
  }
}
