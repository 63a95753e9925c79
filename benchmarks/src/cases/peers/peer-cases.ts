/** The peers' side of every comparison: each as a case with its parameters, and the reason when it is not installed. */
import type { BenchCase, Params, Unit } from '../../case.ts'
import { COMPILER_FLAGS, compilerAbsent, runFloor } from './c-floor.ts'
import type { FloorSpec } from './c-floor.ts'
import { disruptorAbsent, runDisruptor } from './disruptor.ts'
import type { DisruptorSpec } from './disruptor.ts'
import { erlangAbsent } from './erlang.ts'
import {
  flagsOf,
  runErlangBareSpawn,
  runErlangCall,
  runErlangMemory,
  runErlangRestart,
  runErlangSpawn,
  runErlangTell,
} from './erlang-cases.ts'
import type { ErlangCallSpec, ErlangLifeSpec, ErlangRestartSpec, ErlangTellSpec } from './erlang-cases.ts'
import { runNactAsk, runNactTell, runXstateTell } from './in-process.ts'
import type { InProcessSpec } from './in-process.ts'
import { runCalls } from './remote-call.ts'
import type { CallPeer, CallSpec } from './remote-call.ts'
import { runRingbuf } from './ringbuf.ts'
import type { RingbufSpec } from './ringbuf.ts'

export function erlangTell(contender: string, spec: ErlangTellSpec): BenchCase {
  return erlang(contender, 'msg/s', { ...spec, flags: flagsOf(spec.schedulers) }, (directory) => runErlangTell(directory, spec))
}

export function erlangCall(contender: string, spec: ErlangCallSpec): BenchCase {
  const unit = spec.timed === 'each' ? 'ns' : 'op/s'
  return erlang(contender, unit, { ...spec, flags: flagsOf(spec.schedulers) }, (directory) => runErlangCall(directory, spec))
}

export function erlangSpawn(spec: ErlangLifeSpec): BenchCase {
  return erlang('beam', 'op/s', { ...spec, flags: flagsOf(1) }, (directory) => runErlangSpawn(directory, spec))
}

export function erlangBareSpawn(spec: ErlangLifeSpec): BenchCase {
  return erlang('beam-bare', 'op/s', { ...spec, flags: flagsOf(1) }, (directory) => runErlangBareSpawn(directory, spec))
}

export function erlangMemory(spec: ErlangLifeSpec): BenchCase {
  return erlang('beam', 'B', { ...spec, flags: flagsOf(1) }, (directory) => runErlangMemory(directory, spec))
}

export function erlangRestart(spec: ErlangRestartSpec): BenchCase {
  return erlang('beam', 'ns', { ...spec, flags: flagsOf(1) }, (directory) => runErlangRestart(directory, spec))
}

export function disruptor(spec: DisruptorSpec): BenchCase {
  return {
    contender: 'disruptor',
    unit: 'msg/s',
    params: { ...spec, bytes: 8, wait: 'busy-spin', threads: 2 },
    absent: disruptorAbsent,
    run: (directory) => runDisruptor(directory, spec),
  }
}

export function floor(spec: FloorSpec): BenchCase {
  return {
    contender: 'c',
    unit: 'ns',
    params: { ...spec, flags: COMPILER_FLAGS, threads: 2 },
    absent: compilerAbsent,
    run: (directory) => runFloor(directory, spec),
  }
}

export function nactTell(spec: InProcessSpec): BenchCase {
  return { contender: 'nact', unit: 'msg/s', params: { ...spec, threads: 1 }, run: () => runNactTell(spec) }
}

export function nactAsk(spec: InProcessSpec): BenchCase {
  return { contender: 'nact', unit: 'op/s', params: { ...spec, threads: 1 }, run: () => runNactAsk(spec) }
}

export function xstateTell(spec: Omit<InProcessSpec, 'chunk'>): BenchCase {
  return { contender: 'xstate', unit: 'msg/s', params: { ...spec, threads: 1 }, run: () => runXstateTell({ ...spec, chunk: 0 }) }
}

export function call(peer: CallPeer, spec: CallSpec): BenchCase {
  const { tasksPerWorker, ...rest } = spec
  const params = peer === 'comlink' ? { ...rest, threads: 2 } : { ...rest, tasksPerWorker, threads: 2 }
  return { contender: peer, unit: spec.timed === 'each' ? 'ns' : 'op/s', params, run: () => runCalls(peer, spec) }
}

export function ringbuf(spec: RingbufSpec): BenchCase {
  return { contender: 'ringbuf.js', unit: 'msg/s', params: { ...spec, bytes: 32, threads: 2 }, run: () => runRingbuf(spec) }
}

function erlang(contender: string, unit: Unit, params: Params, run: BenchCase['run']): BenchCase {
  return { contender, unit, params, absent: erlangAbsent, run }
}
