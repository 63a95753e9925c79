/** What does not compile: a child without its parts, the wrong argument, a wrong flag. */
import type { Ref } from '@cambium/actor'
import { child } from '@cambium/runtime'
import { expectTypeOf, test } from 'vitest'
import { defineServer, defineSupervisor, startChild } from '../src/index.ts'
import type { Supervisor, SupervisorRef } from '../src/index.ts'

const server = defineServer(import.meta.url, 'server', {
  init: (start: number) => start,
  step: (state, _input: 'add'): [number, string] => [state + 1, 'done'],
})
declare const supervisor: SupervisorRef

test('children', () => {
  child(server, 1, { restart: 'transient', shutdown: 'infinity', significant: true, id: 'one', core: 1 })
  // @ts-expect-error the argument is missing
  child(server)
  // @ts-expect-error it is a number
  child(server, 'one')
  // @ts-expect-error there is no such restart type
  child(server, 1, { restart: 'always' })
  expectTypeOf(startChild(supervisor, child(server, 1))).resolves.toEqualTypeOf<Ref<'add', string> | undefined>()
})

test('flags', () => {
  const flagged = defineSupervisor(import.meta.url, 'flagged', {
    init: (name: string) => ({ strategy: 'one_for_all', children: [child(server, name.length)] }),
  })
  expectTypeOf(flagged).toEqualTypeOf<Supervisor<string>>()
  // @ts-expect-error there is no such strategy
  defineSupervisor(import.meta.url, 'wrong', { init: () => ({ strategy: 'all_for_one' }) })
  // @ts-expect-error init is missing
  defineSupervisor(import.meta.url, 'wrong', {})
})
