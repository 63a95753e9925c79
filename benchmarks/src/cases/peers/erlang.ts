/** Erlang: compiles the modules of peers/erlang once per run, and runs one of them in an Erlang VM of its own. */
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { absenceOf } from './installed.ts'
import { parsePeerFacts } from './peer-facts.ts'
import type { PeerFacts } from './peer-facts.ts'
import { buildOnce, runPeer } from './peer-process.ts'

export interface ErlangProgram {
  readonly module: 'peer_tell' | 'peer_call' | 'peer_life' | 'peer_restart'
  readonly args: readonly (string | number)[]
  /** Of the VM. */
  readonly flags: string
}

/** One scheduler: everything on one core. */
export const ONE_SCHEDULER = '+S 1:1'
/** Two schedulers that stay awake as long as the VM lets them; the dirty ones have nothing to do and are not to wait busily. */
export const TWO_SCHEDULERS = '+S 2:2 +sbwt very_long +sbwtdcpu none +sbwtdio none'

export function erlangAbsent(): string | undefined {
  return absenceOf({ peer: 'Erlang', programs: ['erl', 'erlc'], packages: ['erlang-base'] })
}

export async function runErlang(directory: string, { module, args, flags }: ErlangProgram): Promise<PeerFacts> {
  const beams = await buildOnce(directory, 'erlang', (to) => runPeer('erlc', ['-o', to, ...sources()], to))
  const vm = ['-noshell', '-noinput', ...flags.split(' '), '-pa', beams]
  return parsePeerFacts(await runPeer('erl', [...vm, '-run', module, 'main', ...args.map(String)], beams))
}

function sources(): readonly string[] {
  const folder = dirname(fileURLToPath(import.meta.resolve('#peers/erlang/peer_tell.erl')))
  return readdirSync(folder)
    .filter((name) => name.endsWith('.erl'))
    .map((name) => join(folder, name))
}
