/**
 * A reference model stepped beside an actor: the same inputs, and after each the outputs must be equal. When they are not, the sequence of
 * inputs is made as short as it can be while the two still differ, each time with a fresh actor and a fresh model.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Ref } from '@cambium/actor'
import { CambiumError, checkFields, checkInteger, optionError } from '@cambium/base'
import type { SeededRandom } from '@cambium/base'
import { minimise } from './minimise.ts'
import { preview } from './preview.ts'
import type { Simulation } from './simulation.ts'

/** The model in the form of a server's definition: `defineServer` and `run` take the same functions. */
export interface Model<State, Command, Output> {
  init(): State
  /** Throws where the actor should answer with an error. */
  step(state: State, command: Command): readonly [State, Output]
}

export interface ModelCheck<State, Command, Output, Target = Ref<Command, Output>> {
  readonly model: Model<State, Command, Output>
  /** Starts a fresh actor; called once for each attempt. */
  readonly actor: () => Promise<Target>
  /** The next command, for the model's present state; or a list of them. */
  readonly commands: ((random: SeededRandom, state: State) => Command) | readonly Command[]
  /** Drawn commands. @default 100 */
  readonly count?: number
  /** Gives the actor one command and answers its output. @default `actor.ask(command)` */
  readonly perform?: (actor: Target, command: Command, sim: Simulation) => Promise<Output>
  /** @default deep and strict equality */
  readonly isEqual?: (found: Output, expected: Output) => boolean
  /** Attempts to make a failing sequence shorter. @default 200 */
  readonly shrinkTries?: number
}

interface Difference {
  /** Index of the command. */
  readonly at: number
  readonly expected: string
  readonly found: string
}

const FIELDS = ['model', 'actor', 'commands', 'count', 'perform', 'isEqual', 'shrinkTries']

/** Throws `ERR_MODEL` with the shortest sequence found; its `fields` have `commands`, `expected` and `found`. */
export async function checkModel<State, Command, Output, Target = Ref<Command, Output>>(
  sim: Simulation,
  check: ModelCheck<State, Command, Output, Target>,
): Promise<void> {
  checkFields('check', check, FIELDS)
  for (const field of ['actor', 'perform', 'isEqual'] as const) {
    if (typeof check[field] !== 'function' && (field === 'actor' || check[field] !== undefined))
      throw optionError(field, check[field], 'a function')
  }
  for (const field of ['init', 'step'] as const) {
    if (typeof check.model?.[field] !== 'function') throw optionError(`model.${field}`, check.model?.[field], 'a function')
  }
  if (Array.isArray(check.commands) && check.commands.length === 0)
    throw optionError('commands', check.commands, 'a function, or a list of one command or more')
  const count = checkInteger('count', check.count, { default: 100, min: 1, max: 1_000_000 })
  const shrinkTries = checkInteger('shrinkTries', check.shrinkTries, { default: 200, min: 0, max: 100_000 })
  const commands = Array.isArray(check.commands) ? (check.commands as readonly Command[]) : draw(sim.random, check, count)
  const first = await compare(sim, check, commands)
  if (first === undefined) return
  const upTo = commands.slice(0, first.at + 1)
  const shrunk = await minimise(
    upTo,
    async (some) => some.length > 0 && (await compare(sim, check, some)) !== undefined,
    shrinkTries,
  )
  const last = shrunk.items.length === upTo.length ? first : ((await compare(sim, check, shrunk.items)) ?? first)
  const shown = shrunk.items.map((command, index) => `${index + 1}. ${preview(command)}`)
  throw new CambiumError(
    'ERR_MODEL',
    `actor differs from its model: commands=${shrunk.items.length} (of ${upTo.length}, ${shrunk.tries} tries), expected=${last.expected}, found=${last.found}\n${shown.join('\n')}`,
    { severity: 'crash', fields: { commands: shrunk.items, expected: last.expected, found: last.found } },
  )
}

/** The commands depend on the model's states only, so that they are there before any actor is. */
function draw<State, Command, Output, Target>(
  random: SeededRandom,
  { model, commands }: ModelCheck<State, Command, Output, Target>,
  count: number,
): Command[] {
  if (typeof commands !== 'function') throw optionError('commands', commands, 'a function or a list')
  const drawn: Command[] = []
  let state = model.init()
  for (let i = 0; i < count; i += 1) {
    const command = commands(random, state)
    drawn.push(command)
    try {
      ;[state] = model.step(state, command)
    } catch {
      // An error leaves the state as it was.
    }
  }
  return drawn
}

async function compare<State, Command, Output, Target>(
  sim: Simulation,
  check: ModelCheck<State, Command, Output, Target>,
  commands: readonly Command[],
): Promise<Difference | undefined> {
  const { model, isEqual = isDeepStrictEqual } = check
  const perform =
    check.perform ?? ((actor: Target, command: Command) => (actor as Ref<Command, Output>).ask(command) as Promise<Output>)
  const actor = await check.actor()
  let state = model.init()
  for (const [at, command] of commands.entries()) {
    let expected: { readonly value: Output } | undefined
    try {
      const [next, value] = model.step(state, command)
      state = next
      expected = { value }
    } catch {
      expected = undefined
    }
    let found: { readonly value: Output } | { readonly error: unknown }
    try {
      found = { value: await perform(actor, command, sim) }
    } catch (error) {
      found = { error }
    }
    const isSame = expected === undefined ? 'error' in found : 'value' in found && isEqual(found.value, expected.value)
    if (!isSame)
      return {
        at,
        expected: expected === undefined ? 'an error' : preview(expected.value),
        found: 'error' in found ? preview(found.error) : preview(found.value),
      }
  }
  return undefined
}
