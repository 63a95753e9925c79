/**
 * The two kinds of messages that actors and ports exchange here: what a program says in passing, and a term with strings and
 * an array. Both are built anew for each send and read in full by whoever receives them.
 */

export interface SmallMessage {
  readonly type: 'item'
  readonly id: number
  readonly value: number
}

interface GeneralMessage {
  readonly type: 'order'
  readonly id: number
  readonly customer: { readonly name: string; readonly city: string }
  readonly items: readonly { readonly sku: string; readonly quantity: number }[]
}

export type Message = SmallMessage | GeneralMessage
export type MessageKind = 'small' | 'general'

export interface MessageCodeBook {
  readonly build: (id: number) => Message
  /** Adds every field to a checksum. Sums do not depend on order, so the proof holds for several senders too. */
  readonly check: (message: Message, checksum: number) => number
}

const CITIES: readonly string[] = ['Athens', 'Bruges', 'Cork', 'Delft']
const SKUS: readonly string[] = ['SKU-100', 'SKU-2000', 'SKU-30000']

const BOOKS: Readonly<Record<MessageKind, MessageCodeBook>> = {
  small: {
    build: (id) => ({ type: 'item', id, value: id & 1023 }),
    check(message, checksum) {
      const { id, value, type } = message as SmallMessage
      return (checksum + id + value + type.length) | 0
    },
  },
  general: {
    build: (id) => ({
      type: 'order',
      id,
      customer: { name: `customer ${id & 63}`, city: CITIES[id & 3] as string },
      items: SKUS.map((sku, item) => ({ sku, quantity: (id + item) & 15 })),
    }),
    check(message, checksum) {
      const { id, customer, items, type } = message as GeneralMessage
      let sum = checksum + id + type.length + customer.name.length + customer.city.length
      for (const { sku, quantity } of items) sum += sku.length + quantity
      return sum | 0
    },
  },
}

export function messagesOf(kind: MessageKind): MessageCodeBook {
  return BOOKS[kind]
}

/** What a consumer of messages 0 to `count` - 1 must arrive at. */
export function checksumOf(kind: MessageKind, count: number): number {
  const { build, check } = BOOKS[kind]
  let checksum = 0
  for (let id = 0; id < count; id += 1) checksum = check(build(id), checksum)
  return checksum
}

/** One clock for all threads of the process. */
export function nowNs(): number {
  return Number(process.hrtime.bigint())
}
