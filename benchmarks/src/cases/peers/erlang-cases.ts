/** What the Erlang programs measure, as rounds: their arguments, proofs and figures. */
import type { RoundOutcome } from '../../case.ts'
import { answersChecksum } from '../actors/ask-actors.ts'
import { checksumOf } from '../actors/messages.ts'
import type { MessageKind } from '../actors/messages.ts'
import { ONE_SCHEDULER, runErlang, TWO_SCHEDULERS } from './erlang.ts'
import { latencyOutcome, proofOf, rateOutcome } from './peer-facts.ts'

/** On one scheduler, or from the first to the second of two. */
export type Schedulers = 1 | 2

export function flagsOf(schedulers: Schedulers): string {
  return schedulers === 1 ? ONE_SCHEDULER : TWO_SCHEDULERS
}

export interface ErlangTellSpec {
  readonly kind: MessageKind
  readonly schedulers: Schedulers
  readonly messages: number
  readonly warmup: number
  /** Messages under way; half of them are acknowledged at a time. */
  readonly window: number
  /** Words of heap that both processes begin with; 233 is Erlang's default. */
  readonly minHeapWords: number
}

export async function runErlangTell(directory: string, spec: ErlangTellSpec): Promise<RoundOutcome> {
  const { kind, schedulers, warmup, messages, window, minHeapWords } = spec
  const facts = await runErlang(directory, {
    module: 'peer_tell',
    args: [kind, 1, schedulers, warmup, messages, window, minHeapWords],
    flags: flagsOf(schedulers),
  })
  return rateOutcome(facts, proofOf(facts, messages, checksumOf(kind, messages)))
}

export interface ErlangCallSpec {
  readonly schedulers: Schedulers
  readonly calls: number
  readonly warmup: number
  readonly timed: 'each' | 'together'
  /** The default time limit of a call, or none. */
  readonly timeout: '5000' | 'infinity'
  /** Keeps every scheduler awake by a process of low priority that only yields. */
  readonly busy: boolean
}

export async function runErlangCall(directory: string, spec: ErlangCallSpec): Promise<RoundOutcome> {
  const { schedulers, warmup, calls, timed, timeout, busy } = spec
  const facts = await runErlang(directory, {
    module: 'peer_call',
    args: [timed, timeout, String(busy), 1, schedulers, warmup, calls],
    flags: flagsOf(schedulers),
  })
  const proof = proofOf(facts, calls, answersChecksum(calls))
  return timed === 'each' ? latencyOutcome(facts, proof) : rateOutcome(facts, proof)
}

export interface ErlangLifeSpec {
  readonly processes: number
  readonly warmup: number
  /** Spawns, asks and stops under way at a time. */
  readonly chunk: number
}

/** Processes that live at once: spawned, asked once each, stopped and known to have ended. */
export async function runErlangSpawn(directory: string, spec: ErlangLifeSpec): Promise<RoundOutcome> {
  const facts = await runLife(directory, 'spawn', spec)
  const [spawnNs, askNs, stopNs] = [facts.number('spawn_ns'), facts.number('ask_ns'), facts.number('stop_ns')]
  const rate = (ns: number): number => (spec.processes * 1e9) / ns
  return {
    metrics: {
      spawn: rate(spawnNs),
      ask: rate(askNs),
      stop: rate(stopNs),
      'spawn-and-stop': rate(spawnNs + stopNs),
    },
    proof: proofOf(facts, spec.processes, idsChecksum(spec.processes)),
    facts: facts.about,
  }
}

/** Processes that send one message and end by themselves: less than what an actor does. */
export async function runErlangBareSpawn(directory: string, spec: ErlangLifeSpec): Promise<RoundOutcome> {
  const facts = await runLife(directory, 'bare', spec)
  return rateOutcome(facts, proofOf(facts, spec.processes, idsChecksum(spec.processes)))
}

/** Bytes for each process by process_info(Pid, memory), that has answered once; then the same when all hibernate. */
export async function runErlangMemory(directory: string, spec: ErlangLifeSpec): Promise<RoundOutcome> {
  const facts = await runLife(directory, 'memory', spec)
  return {
    metrics: { process: facts.number('process_bytes'), hibernated: facts.number('hibernated_bytes') },
    proof: proofOf(facts, spec.processes, idsChecksum(spec.processes)),
    facts: facts.about,
  }
}

export interface ErlangRestartSpec {
  readonly restarts: number
  readonly warmup: number
}

export async function runErlangRestart(directory: string, { restarts, warmup }: ErlangRestartSpec): Promise<RoundOutcome> {
  const facts = await runErlang(directory, { module: 'peer_restart', args: [warmup, restarts], flags: flagsOf(1) })
  return latencyOutcome(facts, proofOf(facts, restarts, restarts))
}

function runLife(directory: string, mode: string, { warmup, processes, chunk }: ErlangLifeSpec): ReturnType<typeof runErlang> {
  return runErlang(directory, { module: 'peer_life', args: [mode, warmup, processes, chunk], flags: flagsOf(1) })
}

function idsChecksum(count: number): number {
  return ((count * (count - 1)) / 2) | 0
}
