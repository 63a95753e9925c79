/** An actor that raises children, and then links itself to all of them, monitors them, or has each take a name. */
import { defineActor } from 'cambium'
import type { ActorContext, Behaviour, Ref } from 'cambium'

export type TieKind = 'name' | 'link' | 'monitor'

/** As long as the name of a session may be. */
export const NAME_CHARACTERS = 16

type ChildMessage = { readonly type: 'ping' } | { readonly type: 'register' }

const child: Behaviour<number, ChildMessage, number> = defineActor<number, ChildMessage, number, { readonly id: number }>(
  import.meta.url,
  'child',
  {
    init: (id) => ({ id }),
    async receive({ id }, { type }, context) {
      if (type === 'register') await context.register(`session-${String(id).padStart(NAME_CHARACTERS - 8, '0')}`)
      context.reply(id)
    },
  },
)

export type TieMessage =
  | { readonly type: 'raise'; readonly count: number }
  | { readonly type: 'tie'; readonly kind: TieKind; readonly from: number }

interface Family {
  readonly children: Ref<ChildMessage, number>[]
}

/** Answers how many children it has. `tie` goes for those from that number on. */
export const tier: Behaviour<number, TieMessage, number> = defineActor<
  number,
  TieMessage,
  number,
  Family & { readonly chunk: number }
>(import.meta.url, 'tier', {
  init: (chunk) => ({ chunk, children: [] }),
  async receive({ chunk, children }, message, context) {
    if (message.type === 'raise') await raise(context, children, message.count, chunk)
    else
      for (let from = message.from; from < children.length; from += chunk)
        await tie(context, children.slice(from, from + chunk), message.kind)
    context.reply(children.length)
  },
  info: () => {},
})

async function raise(
  context: Pick<ActorContext, 'spawn'>,
  children: Ref<ChildMessage, number>[],
  count: number,
  chunk: number,
): Promise<void> {
  const end = children.length + count
  while (children.length < end) {
    const until = Math.min(end, children.length + chunk)
    while (children.length < until) children.push(context.spawn(child, children.length))
    // Children start in order: when the last one answers, the chunk is up.
    await children.at(-1)?.ask({ type: 'ping' })
  }
}

async function tie(
  context: Pick<ActorContext, 'link' | 'monitor'>,
  children: readonly Ref<ChildMessage, number>[],
  kind: TieKind,
): Promise<void> {
  if (kind === 'name') await Promise.all(children.map((ref) => ref.ask({ type: 'register' })))
  else for (const ref of children) context[kind](ref)
}
