/** Probes: actors that keep what they are told, and look at it in virtual time, so that absence costs no waiting. */
import { defineActor } from '@cambium/actor'
import type { Behaviour, Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import { toMilliseconds } from './duration.ts'
import type { Duration } from './duration.ts'
import type { Simulation } from './simulation.ts'

export interface Probe<M> {
  readonly ref: Ref<M>
  /** Messages that no expectation has taken, oldest first. */
  readonly messages: readonly M[]
  /** Takes the oldest message, waiting for it in virtual time. Throws `ERR_EXPECTATION` when none comes, or it does not match. */
  expectMessage(match?: (message: M) => boolean, within?: Duration): Promise<M>
  /** Throws `ERR_EXPECTATION` when any message comes within the time. */
  expectNoMessage(during?: Duration): Promise<void>
}

const WITHIN_DEFAULT = '3s'
const LOOK_MS = 1

/** Messages of all probes of this thread, by the probe's number; a probe lives on core 0, which no fault ends. */
const inboxes = new Map<number, unknown[]>()
let probes = 0

const probeActor: Behaviour<number, unknown, never> = defineActor<number, unknown, never, number>(import.meta.url, 'probe', {
  init: (id) => id,
  receive(id, message) {
    inboxes.get(id)?.push(message)
    return id
  },
  terminate(id) {
    inboxes.delete(id)
  },
})

export async function createProbe<M>(sim: Simulation, name?: string): Promise<Probe<M>> {
  probes += 1
  const id = probes
  const inbox: M[] = []
  inboxes.set(id, inbox)
  const ref = await sim.spawn(probeActor, id, { core: 0, ...(name === undefined ? {} : { name }) })
  return {
    ref: ref as Ref<M>,
    get messages() {
      return inbox
    },
    async expectMessage(match = () => true, within = WITHIN_DEFAULT) {
      const untilMs = sim.now() + toMilliseconds(within)
      while (inbox.length === 0 && sim.now() < untilMs) {
        // eslint-disable-next-line no-await-in-loop
        await sim.advance(LOOK_MS)
      }
      const message = inbox.shift()
      if (message === undefined) throw new CambiumError('ERR_EXPECTATION', `no message came: within=${within}`)
      if (!match(message)) throw new CambiumError('ERR_EXPECTATION', `message is not the expected one: found ${JSON.stringify(message)}`)
      return message
    },
    async expectNoMessage(during = WITHIN_DEFAULT) {
      await sim.advance(during)
      if (inbox.length > 0) throw new CambiumError('ERR_EXPECTATION', `a message came: found ${JSON.stringify(inbox[0])}`)
    },
  }
}
