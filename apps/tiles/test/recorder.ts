/** An actor that keeps what it is told, in the place of a renderer, a region or a cache. */
import { defineActor } from 'cambium'
import type { Behaviour, Call } from 'cambium'

export type Recorded = { readonly type: string } & Readonly<Record<string, unknown>>

export const recorder: Behaviour<undefined, Recorded | Call<{ readonly type: 'recorded' }, Recorded[]>> = defineActor<
  undefined,
  Recorded | Call<{ readonly type: 'recorded' }, Recorded[]>,
  unknown,
  Recorded[]
>(import.meta.url, 'recorder', {
  init: () => [],
  receive(seen, message, context) {
    if (message.type === 'recorded') context.reply([...seen])
    else seen.push(message as Recorded)
  },
})
