/** C-16: work is counted, not timed: how many children a decision looks at does not depend on how many there are. */
import { describe, expect, it } from 'vitest'

import type { Child } from '../src/child-list.ts'
import {
  countChildren,
  createSupervisor,
  decide,
  type SupervisorEvent,
  type SupervisorFlags,
  type SupervisorState,
} from '../src/index.ts'

const MANY = 100_000
const WATCHED = ['status', 'unhandled', 'next', 'previous', 'spec', 'place'] as const

interface Counted {
  readonly state: SupervisorState<number>
  /** Reads of children's fields since the last call. */
  readonly reads: () => number
  /** Feeds one event and answers until it is quiet; how many steps that took. */
  readonly run: (event: SupervisorEvent<number>) => number
}

function createCounted(flags: SupervisorFlags, count: number): Counted {
  const specs = Array.from({ length: count }, (_, index) => ({ id: `child-${index}`, start: index }))
  const state = createSupervisor(flags, specs)
  let reads = 0
  for (const child of state.children.byId.values()) {
    watchChild(child, () => reads++)
  }
  const run = (event: SupervisorEvent<number>): number => {
    let steps = 0
    for (let next: SupervisorEvent<number> | undefined = event; next !== undefined;) {
      const last = decide(state, next, 0).actions.at(-1)
      next = undefined
      if (last?.type === 'start_child') next = { type: 'child_started', id: last.spec.id }
      if (last?.type === 'stop_child') next = { type: 'child_stopped', id: last.id, exit: { kind: 'shutdown' } }
      if (next !== undefined) steps++
    }
    return steps
  }
  return {
    state,
    run,
    reads() {
      const result = reads
      reads = 0
      return result
    },
  }
}

function watchChild(child: Child<number>, onRead: () => void): void {
  for (const field of WATCHED) {
    let value: unknown = child[field]
    Object.defineProperty(child, field, {
      get() {
        onRead()
        return value
      },
      set(next: unknown) {
        value = next
      },
    })
  }
}

/** A child in the middle of a started supervisor of `count` children, and what one event costs there. */
function createStarted(count: number): (makeEvent: (id: string) => SupervisorEvent<number>) => number {
  const counted = createCounted({ intensity: 10 }, count)
  counted.run({ type: 'start' })
  return (makeEvent) => {
    counted.reads()
    counted.run(makeEvent(`child-${count / 2}`))
    return counted.reads()
  }
}

describe('C-16: 100,000 children', () => {
  const few = createStarted(10)
  const many = createStarted(MANY)

  it.each<[string, (id: string) => SupervisorEvent<number>]>([
    ['an exit', (id) => ({ type: 'child_exited', id, exit: { kind: 'crash' } })],
    ['the loss of a core with one child', (id) => ({ type: 'core_lost', ids: [id] })],
    ['the end of one child on request', (id) => ({ type: 'terminate_child', id })],
    ['its removal', (id) => ({ type: 'delete_child', id })],
    ['one child more', () => ({ type: 'add_child', spec: { id: 'more', start: 0 } })],
  ])('%s costs as much as among ten', (_, makeEvent) => {
    const reads = few(makeEvent)
    expect(many(makeEvent)).toBe(reads)
    expect(reads).toBeLessThan(50)
  })

  it('start, loss of everything and stop take one step a child, and work in proportion', () => {
    const perChild = (count: number): number[] => {
      const { state, run, reads } = createCounted({}, count)
      const all = [...state.children.byId.keys()]
      return ([{ type: 'start' }, { type: 'core_lost', ids: all }, { type: 'shutdown' }] as const).map((event) => {
        expect(run(event)).toBe(count)
        return reads() / count
      })
    }
    const amongFew = perChild(100)
    for (const [index, reads] of perChild(MANY).entries()) expect(reads).toBeLessThan((amongFew[index] as number) * 1.1 + 1)
  })

  it('deleted one by one, in any order, they leave nothing', () => {
    const { state, run } = createCounted({ intensity: 0 }, 1000)
    run({ type: 'start' })
    for (let index = 0; index < 1000; index++) {
      const id = `child-${(index * 7) % 1000}`
      run({ type: 'terminate_child', id })
      run({ type: 'delete_child', id })
    }
    expect(countChildren(state)).toEqual({ specs: 0, active: 0, supervisors: 0, workers: 0 })
    expect([state.children.head, state.children.tail]).toEqual([undefined, undefined])
  })
})
