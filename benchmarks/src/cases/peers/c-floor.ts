/** The floor: a round trip between two threads in C, compiled once per run. Nothing that crosses cores can be faster. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RoundOutcome } from '../../case.ts'
import { absenceOf } from './installed.ts'
import { latencyOutcome, parsePeerFacts, proofOf } from './peer-facts.ts'
import { buildOnce, runPeer } from './peer-process.ts'

export interface FloorSpec {
  readonly readings: number
  readonly tripsPerReading: number
  /** Trips before the first reading. */
  readonly warmup: number
}

export const COMPILER_FLAGS = '-std=gnu11 -O2 -pthread'

export function compilerAbsent(): string | undefined {
  return absenceOf({ peer: 'a C compiler', programs: ['cc'], packages: ['gcc', 'libc6-dev'] })
}

export async function runFloor(directory: string, { readings, tripsPerReading, warmup }: FloorSpec): Promise<RoundOutcome> {
  const source = fileURLToPath(import.meta.resolve('#peers/c/ping-pong.c'))
  const program = 'ping-pong'
  const built = await buildOnce(directory, 'c', (to) =>
    runPeer('cc', [...COMPILER_FLAGS.split(' '), source, '-o', join(to, program)], to),
  )
  const facts = parsePeerFacts(await runPeer(join(built, program), [warmup, readings, tripsPerReading].map(String), built))
  const trips = readings * tripsPerReading
  // The numbers of the trips that were measured: warmup + 1 … warmup + trips.
  const checksum = trips * warmup + (trips * (trips + 1)) / 2
  return latencyOutcome(facts, proofOf(facts, trips, checksum | 0))
}
