/**
 * Banking: transfers between accounts, each in two messages, while everything fails. The ledger stands outside the system, as a database
 * would; what is checked is that money moves exactly as often as messages do, and that what is missing is in the dead letters.
 */
import { defineActor } from '@cambium/actor'
import type { Behaviour, Ref } from '@cambium/actor'
import { CambiumError } from '@cambium/base'
import { violation } from '../oracles/violation.ts'
import { Journal, journalOf, OUTSIDE, tellStamped } from './journal.ts'
import type { Member, Stamp } from './journal.ts'
import {
  ASK_OPTIONS,
  booksOf,
  checkBooks,
  comeToRest,
  countLosses,
  FORGIVEN_ASKS,
  moveSomewhere,
  spawnPatiently,
} from './workload.ts'
import type { Workload, WorkloadWorld } from './workload.ts'

type Account = Ref<AccountMessage, Reading>

type AccountMessage =
  | { readonly type: 'transfer'; readonly stamp: Stamp; readonly transfer: number; readonly to: Account; readonly toId: string }
  | { readonly type: 'credit'; readonly stamp: Stamp; readonly transfer: number }
  | { readonly type: 'read'; readonly stamp: Stamp; readonly nonce: number }

interface Reading {
  readonly id: string
  readonly nonce: number
}

interface Transfer {
  readonly amount: number
  state: 'asked' | 'withdrawn' | 'credited'
}

const OPENING_BALANCE = 1000
class Ledger extends Journal {
  readonly balances = new Map<string, number>()
  readonly transfers = new Map<number, Transfer>()

  withdraw(id: string, number: number): void {
    const transfer = this.transfers.get(number) as Transfer
    if (transfer.state !== 'asked')
      this.fail('ERR_ORACLE_WORKLOAD', 'money was withdrawn twice', { account: id, transfer: number })
    transfer.state = 'withdrawn'
    this.balances.set(id, (this.balances.get(id) as number) - transfer.amount)
  }

  credit(id: string, number: number): void {
    const transfer = this.transfers.get(number) as Transfer
    if (transfer.state !== 'withdrawn')
      this.fail('ERR_ORACLE_WORKLOAD', 'money was credited twice, or before it was withdrawn', {
        account: id,
        transfer: number,
        state: transfer.state,
      })
    transfer.state = 'credited'
    this.balances.set(id, (this.balances.get(id) as number) + transfer.amount)
  }

  count(state: Transfer['state']): number {
    let count = 0
    for (const transfer of this.transfers.values()) if (transfer.state === state) count += 1
    return count
  }
}

export const account: Behaviour<Member, AccountMessage, Reading> = defineActor<Member, AccountMessage, Reading, Member>(
  import.meta.url,
  'account',
  {
    init: (member) => member,
    receive({ run, id }, message, ctx) {
      const ledger = journalOf(run, Ledger)
      ledger.take(message.stamp, id)
      if (message.type === 'transfer') {
        ledger.withdraw(id, message.transfer)
        const { transfer } = message
        tellStamped<AccountMessage>(ledger, id, { id: message.toId, ref: message.to }, (stamp) => ({
          type: 'credit',
          stamp,
          transfer,
        }))
      } else if (message.type === 'credit') ledger.credit(id, message.transfer)
      else {
        ledger.answering()
        ctx.reply({ id, nonce: message.nonce })
      }
      ledger.finish()
    },
  },
  { balance: true },
)

/** The workload at a size of the caller's. */
export async function bank(
  sim: WorkloadWorld,
  size: { readonly accounts: number; readonly transfers: number; readonly moves?: number },
): Promise<void> {
  const ledger = new Ledger(sim.random.seed)
  const losses = countLosses(sim)
  const accounts: { readonly id: string; readonly ref: Account }[] = []
  for (let i = 0; i < size.accounts; i += 1) {
    const id = `account-${i}`
    ledger.balances.set(id, OPENING_BALANCE)
    accounts.push({ id, ref: await spawnPatiently(sim, account, { run: ledger.run, id }) })
  }
  const reads: Promise<void>[] = []
  const moves: Promise<void>[] = []
  for (let number = 0; number < size.transfers; number += 1) {
    const from = sim.random.pick(accounts)
    const to = sim.random.pick(accounts)
    ledger.transfers.set(number, { amount: 1 + sim.random.below(5), state: 'asked' })
    from.ref.tell({ type: 'transfer', stamp: ledger.stamp(OUTSIDE, from.id), transfer: number, to: to.ref, toId: to.id })
    if (sim.random.chance(0.01)) reads.push(read(ledger, to.id, to.ref, number))
    if (size.moves !== undefined && sim.random.chance(size.moves)) moves.push(moveSomewhere(sim, sim.random.pick(accounts).ref))
    if (sim.random.chance(0.01)) await sim.advance(1)
  }
  const isRunning = await comeToRest(sim, ledger, losses)
  await Promise.all(reads)
  await Promise.all(moves)
  ledger.check()
  checkBooks(sim, ledger, losses)
  const { dead } = sim.system.books()
  // No account is ever closed: restarts and new cores keep its address.
  if (isRunning && dead.no_such_actor > 0)
    throw violation('ERR_ORACLE_WORKLOAD', 'a message did not find an account that is there', {
      dead: dead.no_such_actor,
      deaths: losses.deaths,
    })
  checkMoney(sim, ledger, losses.deaths)
  ledger.close()
}

async function read(ledger: Ledger, id: string, ref: Account, nonce: number): Promise<void> {
  ledger.ask()
  try {
    const answer = await ref.ask({ type: 'read', stamp: ledger.stamp(OUTSIDE, id), nonce }, ASK_OPTIONS)
    ledger.askAnswered()
    if (answer.nonce !== nonce || answer.id !== id)
      throw violation('ERR_ORACLE_WORKLOAD', 'a reply reached another asker', {
        asked: id,
        answered: answer.id,
        nonce,
        found: answer.nonce,
      })
  } catch (error) {
    if (!(error instanceof CambiumError) || !FORGIVEN_ASKS.has(error.code)) throw error
    ledger.askFailed()
  }
}

function checkMoney(sim: WorkloadWorld, ledger: Ledger, deaths: number): void {
  const { dead, deadTotal, queued } = booksOf(sim)
  const lost = ledger.count('asked') + ledger.count('withdrawn')
  const facts = {
    transfers: ledger.transfers.size,
    asked: ledger.count('asked'),
    withdrawn: ledger.count('withdrawn'),
    dead: deadTotal,
    crashed: dead.crashed,
    deaths,
    queued,
  }
  if (lost > deadTotal) throw violation('ERR_ORACLE_WORKLOAD', 'money is missing that no dead letter carried', facts)
  if (deadTotal === 0 && ledger.count('credited') !== ledger.transfers.size)
    throw violation('ERR_ORACLE_WORKLOAD', 'a transfer was not carried out', facts)
  let total = 0
  for (const balance of ledger.balances.values()) total += balance
  for (const { state, amount } of ledger.transfers.values()) if (state === 'withdrawn') total += amount
  if (total !== ledger.balances.size * OPENING_BALANCE)
    throw violation('ERR_ORACLE_WORKLOAD', 'money was made or lost', { ...facts, total })
}

export const banking: Workload = {
  name: 'banking',
  summary: 'transfers between 40 accounts; money is conserved',
  cores: 3,
  run: (sim) => bank(sim, { accounts: 40, transfers: 1000 }),
}

export const nomads: Workload = {
  name: 'nomads',
  summary: 'banking with accounts that move from core to core',
  cores: 4,
  run: (sim) => bank(sim, { accounts: 30, transfers: 1000, moves: 0.1 }),
}

/** The size by which the simulator's speed is stated: 5 cores, 200 actors, 10,000 messages. */
export const standard: Workload = {
  name: 'standard',
  summary: 'banking with 5 cores, 200 actors and 10,000 messages',
  cores: 4,
  run: (sim) => bank(sim, { accounts: 200, transfers: 5000 }),
}
