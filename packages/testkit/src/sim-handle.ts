/** What a scenario holds of its run: the methods of {@link Simulation}, with their checks. */
import { isBehaviour } from '@cambium/actor'
import type { Behaviour } from '@cambium/actor'
import { CambiumError, formatAddress, optionError, toErrorRecord, toMilliseconds } from '@cambium/base'
import type { ActorAddress, ErrorRecord } from '@cambium/base'
import type { System } from '@cambium/runtime'
import { checkSides } from './partitions.ts'
import { createProbe } from './probe.ts'
import type { SimRun } from './sim-run.ts'
import type { Simulation } from './simulation.ts'

/** Of a cell (`scheduler/src/actor-cell.ts`). */
const STARTING = 0

export function createSimulation(run: SimRun, system: System): Simulation {
  const { world } = run
  let probes = 0
  const learn = (behaviour: Behaviour<never, never>): void => {
    if (!isBehaviour(behaviour)) throw optionError('behaviour', behaviour, 'a behaviour')
    world.learn(behaviour)
  }
  const checkCore = (core: number, min: number): void => {
    if (!Number.isInteger(core) || core < min || core > system.cores)
      throw optionError('core', core, `a core from ${min} to ${system.cores}`)
  }
  const sim: Simulation = {
    seed: run.seed,
    random: run.choices,
    system,
    get nonDeterministic() {
      return [...run.nonDeterministic]
    },
    get storms() {
      return world.storms.counts
    },
    now: () => world.nowMs,
    learn,
    async spawn(behaviour, argument, options) {
      run.touch()
      // What is no behaviour is for the system to complain of.
      if (isBehaviour(behaviour)) learn(behaviour)
      return system.spawn(behaviour, argument, options)
    },
    async supervise(children, options) {
      run.touch()
      for (const each of Object.values(children ?? {})) if (isBehaviour(each?.behaviour)) learn(each.behaviour)
      return system.supervise(children, options)
    },
    advance: (duration) =>
      new Promise((resolve) => {
        run.touch()
        const ms = toMilliseconds(duration)
        run.advances += 1
        world.after(ms, () => {
          run.advances -= 1
          if (!run.isOver) run.touch()
          resolve()
        })
      }),
    settle: () =>
      new Promise((resolve) => {
        run.touch()
        run.settled.push(resolve)
      }),
    crash(ref, message = 'crashed by the simulation') {
      run.touch()
      checkAddress(ref)
      const core = world.cores.find((each) => each.coreNumber === ref.core)
      const cell = core?.slots.find(ref.slot, ref.generation)
      if (core === undefined || cell === undefined || cell.context === undefined) return false
      const error: ErrorRecord = toErrorRecord(
        new CambiumError('ERR_SIM_CRASH', `${message}: ref=${formatAddress(ref)}`, { severity: 'crash' }),
      )
      // Whoever starts it waits for an answer: it crashes when it has one.
      if (cell.status === STARTING) core.lifecycle.exit(cell, { kind: 'crash', error }, false)
      else core.ended(cell, { kind: 'crash', error })
      core.requestTurn()
      return true
    },
    killCore(core) {
      run.touch()
      checkCore(core, 1)
      return world.killCore(core)
    },
    pauseCore(core, duration) {
      run.touch()
      checkCore(core, 0)
      world.pauseCore(core, toMilliseconds(duration))
    },
    partition(sides) {
      run.touch()
      checkSides(sides, system.cores)
      const heal = world.partitions.cut(sides)
      return () => {
        run.touch()
        heal()
      }
    },
    heal() {
      run.touch()
      run.heal()
    },
    isGone(ref) {
      checkAddress(ref)
      return run.isGone(ref)
    },
    probe(name) {
      probes += 1
      return createProbe(sim, probes, name)
    },
  }
  return sim
}

function checkAddress(ref: Partial<ActorAddress> | undefined): void {
  if (![ref?.core, ref?.slot, ref?.generation].every((part) => Number.isInteger(part)))
    throw optionError('ref', ref, "an actor's ref or address")
}
