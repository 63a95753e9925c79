/** The Java Disruptor: compiles peers/java once per run, and runs it in a Java VM of its own. */
import { readdirSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RoundOutcome } from '../../case.ts'
import { createMessageFormat, expectedChecksum } from '../message-format.ts'
import { absenceOf } from './installed.ts'
import { parsePeerFacts, proofOf, rateOutcome } from './peer-facts.ts'
import { buildOnce, runPeer } from './peer-process.ts'

export interface DisruptorSpec {
  readonly messages: number
  readonly warmup: number
  /** Events in one claim and publish. */
  readonly batch: number
  readonly slots: number
}

/** Where Debian's libdisruptor-java has it; `DISRUPTOR_JAR` names another place. */
const JAR = '/usr/share/java/disruptor.jar'

function jarPath(): string {
  return process.env['DISRUPTOR_JAR'] || JAR
}

export function disruptorAbsent(): string | undefined {
  return absenceOf({
    peer: 'the Java Disruptor',
    programs: ['java', 'javac'],
    files: [jarPath()],
    packages: ['default-jdk-headless', 'libdisruptor-java'],
  })
}

export async function runDisruptor(directory: string, spec: DisruptorSpec): Promise<RoundOutcome> {
  const source = fileURLToPath(import.meta.resolve('#peers/java/DisruptorPeer.java'))
  const jar = realpathSync(jarPath())
  const classes = await buildOnce(directory, 'java', (to) => runPeer('javac', ['-cp', jar, '-d', to, source], to))
  const args = [spec.warmup, spec.messages, spec.batch, spec.slots].map(String)
  const text = await runPeer('java', ['-cp', `${classes}${delimiter}${jar}`, 'DisruptorPeer', ...args], classes)
  const facts = parsePeerFacts(text)
  const outcome = rateOutcome(facts, proofOf(facts, spec.messages, expectedChecksum(createMessageFormat(8), spec.messages)))
  return { ...outcome, facts: { ...facts.about, disruptor: versionOf(jar) } }
}

/** The jar itself does not say; Debian has a link to it beside it that does. */
function versionOf(jar: string): string {
  const versions = readdirSync(dirname(jar))
    .filter((name) => realpathSync(join(dirname(jar), name)) === jar)
    .map((name) => /^disruptor-([\d.]+)\.jar$/.exec(name)?.[1])
  return versions.find((version) => version !== undefined) ?? 'unknown'
}
