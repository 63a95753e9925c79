/** An actor stepped beside its model, and sequences made short. */
import { defineActor } from '@cambium/actor'
import { checkModel, simulate } from '@cambium/testkit'
import type { Model, Simulation } from '@cambium/testkit'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { minimise } from '../src/minimise.ts'

type Command = { readonly type: 'push'; readonly value: number } | { readonly type: 'pop' } | { readonly type: 'size' }

const model: Model<readonly number[], Command, number> = {
  init: () => [],
  step(stack, command) {
    if (command.type === 'push') return [[...stack, command.value], stack.length + 1]
    if (command.type === 'size') return [stack, stack.length]
    const last = stack.at(-1)
    if (last === undefined) throw new Error('empty')
    return [stack.slice(0, -1), last]
  },
}

/** Forgets the oldest value when a fourth one comes; keeps its stack through the crash of an empty pop. */
const stackActor = (capacity: number) =>
  defineActor<undefined, Command, number, number[]>(import.meta.url, `stack-${capacity}`, {
    init: () => [],
    receive(stack, command, context) {
      if (command.type === 'push') {
        stack.push(command.value)
        if (stack.length > capacity) stack.shift()
        context.reply(stack.length)
      } else if (command.type === 'size') context.reply(stack.length)
      else {
        const last = stack.pop()
        if (last === undefined) throw new Error('empty')
        context.reply(last)
      }
    },
  })

const commands = (random: { below(bound: number): number }, stack: readonly number[]): Command => {
  if (stack.length > 0 && random.below(3) === 0) return { type: 'pop' }
  return random.below(4) === 0 ? { type: 'size' } : { type: 'push', value: random.below(100) }
}

const check = (sim: Simulation, capacity: number, more: object = {}): Promise<void> =>
  checkModel(sim, { model, actor: () => sim.spawn(stackActor(capacity), undefined, { core: 1 }), commands, ...more })

describe('checkModel', () => {
  test('passes for an actor like its model, errors included', async () => {
    await simulate(
      async (sim) => {
        await check(sim, Infinity)
        await check(sim, Infinity, { commands: [{ type: 'pop' }, { type: 'push', value: 1 }, { type: 'pop' }] })
      },
      { seed: 1, runs: 3 },
    )
  })

  test('shows the shortest sequence that differs', async () => {
    await simulate(
      async (sim) => {
        const error: unknown = await check(sim, 3).catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({
          code: 'ERR_MODEL',
          message: expect.stringMatching(
            /^actor differs from its model: commands=4 \(of \d+, \d+ tries\), expected=4, found=3\n1\. \{type: "push", value: \d+\}\n/,
          ),
          fields: { expected: '4', found: '3', commands: Array.from({ length: 4 }, () => ({ type: 'push' })) },
        })
      },
      { seed: 2 },
    )
  })

  test('tells an error where a value was expected', async () => {
    await simulate(async (sim) => {
      const wrong = {
        ...model,
        step: (stack: readonly number[], command: Command) =>
          (command.type === 'pop' ? [stack, 0] : model.step(stack, command)) as readonly [readonly number[], number],
      }
      const error = checkModel(sim, {
        model: wrong,
        actor: () => sim.spawn(stackActor(9), undefined),
        commands: [{ type: 'pop' } as Command],
      })
      await expect(error).rejects.toMatchObject({
        code: 'ERR_MODEL',
        fields: { expected: '0', found: expect.stringContaining('actor crashed while handling the message') },
      })
    })
  })

  test('performs commands in other ways, and compares as it is told', async () => {
    await simulate(async (sim) => {
      let performed = 0
      await check(sim, Infinity, {
        count: 20,
        perform: async (ref: { ask(command: Command): Promise<number> }, command: Command) => {
          performed += 1
          return (await ref.ask(command)) + 0.4
        },
        isEqual: (found: number, expected: number) => Math.round(found) === expected,
      })
      expect(performed).toBe(20)
    })
  })

  test.each([
    ['actor', { actor: 1 }],
    ['count', { count: 0 }],
    ['commands', { commands: 'all' }],
    ['commands', { commands: [] }],
    ['model.init', { model: undefined }],
    ['model.step', { model: { init: () => [] } }],
    ['check.speed', { speed: 1 }],
  ])('wrong option %s', async (option, more) => {
    await simulate(async (sim) => {
      await expect(check(sim, 3, more)).rejects.toMatchObject({ code: 'ERR_OPTION', fields: { option } })
    })
  })
})

describe('minimise', () => {
  const needs = (wanted: readonly number[]) => async (items: readonly number[]) => wanted.every((item) => items.includes(item))

  test('finds what is needed, wherever it is, in its order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(500), { maxLength: 60 }), fc.infiniteStream(fc.boolean()), async (items, choice) => {
        const wanted = items.filter(() => choice.next().value === true).slice(0, 5)
        const found = await minimise(items, needs(wanted), 5000)
        expect(found.items).toEqual(items.filter((item) => wanted.includes(item)))
      }),
      { numRuns: 100 },
    )
  })

  test('keeps within its tries', async () => {
    let tries = 0
    const items = Array.from({ length: 1000 }, (_, i) => i)
    const found = await minimise(
      items,
      async (some) => {
        tries += 1
        return (await needs([3, 500, 997])(some)) && some.length > 0
      },
      25,
    )
    expect(tries).toBe(25)
    expect(found.tries).toBe(25)
    expect(found.items).toEqual(expect.arrayContaining([3, 500, 997]))
    expect(found.items.length).toBeLessThan(1000)
  })

  test('tries nothing for nothing', async () => {
    expect(await minimise([], needs([]), 10)).toEqual({ items: [], tries: 0 })
    expect(await minimise([1], needs([]), 0)).toEqual({ items: [1], tries: 0 })
  })
})
