/** An actor that raises many others on its core, keeps them, and has all of them answer when it is told to. */
import { defineActor } from 'cambium'
import type { Behaviour, Ref } from 'cambium'
import { askEach, idler } from './lifecycle-actors.ts'
import type { Ping } from './lifecycle-actors.ts'

export type CrowdMessage =
  | { readonly type: 'raise'; readonly firstId: number; readonly count: number; readonly chunk: number }
  | { readonly type: 'ask'; readonly chunk: number }

/** Actors that are up, or that have answered; the sum of their answers. */
export interface CrowdTally {
  readonly count: number
  readonly checksum: number
}

export const crowd: Behaviour<null, CrowdMessage, CrowdTally> = defineActor<
  null,
  CrowdMessage,
  CrowdTally,
  { readonly members: Ref<Ping, number>[] }
>(import.meta.url, 'crowd', {
  init: () => ({ members: [] }),
  async receive({ members }, message, context) {
    const { chunk } = message
    if (message.type === 'ask') {
      context.reply(await askEach(members, chunk))
      return
    }
    while (members.length < message.count) {
      const until = Math.min(message.count, members.length + chunk)
      while (members.length < until) members.push(context.spawn(idler, message.firstId + members.length))
      // Children start in order: when the last one answers, the chunk is up.
      await members.at(-1)?.ask({ type: 'ping' })
    }
    context.reply({ count: members.length, checksum: 0 })
  },
})
