/** Accounts, and tellers that move money between them. The teller has a bug, left here on purpose: a simulation finds it. */
import { defineActor } from 'cambium'
import type { Ref } from 'cambium'

export type AccountMessage = { type: 'read' } | { type: 'write'; balance: number } | { type: 'add'; amount: number }
export type Account = Ref<AccountMessage, number>

export const account = defineActor<number, AccountMessage, number, number>(import.meta.url, 'account', {
  init: (balance) => balance,
  receive(balance, message, context) {
    const next = message.type === 'write' ? message.balance : message.type === 'add' ? balance + message.amount : balance
    if (context.isAsked) context.reply(next)
    return next
  },
})

export interface Transfer {
  readonly from: Account
  readonly to: Account
  readonly amount: number
}

/** Reads both balances, then writes both: what another teller wrote in between is lost. */
export const teller = defineActor<undefined, Transfer, 'done', null>(import.meta.url, 'teller', {
  init: () => null,
  async receive(_state, { from, to, amount }, context) {
    const available = await from.ask({ type: 'read' })
    const present = await to.ask({ type: 'read' })
    await from.ask({ type: 'write', balance: available - amount })
    await to.ask({ type: 'write', balance: present + amount })
    context.reply('done')
  },
})

/** Leaves the sums to the accounts, one message each: nothing can come in between. */
export const carefulTeller = defineActor<undefined, Transfer, 'done', null>(import.meta.url, 'carefulTeller', {
  init: () => null,
  async receive(_state, { from, to, amount }, context) {
    await from.ask({ type: 'add', amount: -amount })
    await to.ask({ type: 'add', amount })
    context.reply('done')
  },
})
