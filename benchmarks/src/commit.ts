/** The commit of this benchmark's own sources, with `-dirty` when files differ from it, or `unknown`. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PACKAGE_DIRECTORY = fileURLToPath(new URL('..', import.meta.url))
const GIT_TIMEOUT_MS = 5_000

export function readCommit(directory: string = PACKAGE_DIRECTORY): string {
  try {
    // An installed package may lie inside a stranger's repository, whose commit says nothing about these sources.
    git(directory, ['ls-files', '--error-unmatch', 'package.json'])
    return git(directory, ['describe', '--always', '--abbrev=40', '--dirty', '--exclude=*'])
  } catch {
    return 'unknown'
  }
}

function git(directory: string, args: readonly string[]): string {
  return execFileSync('git', args, {
    cwd: directory,
    encoding: 'utf8',
    timeout: GIT_TIMEOUT_MS,
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()
}
