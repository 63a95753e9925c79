/** Runs a fixture in a process of its own, and tells how that ended. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export interface Run {
  readonly code: number | null
  readonly signal: string | null
  readonly lines: readonly string[]
  readonly errors: string
}

/** Calls `onReady` when the script says that it is ready. */
export function runScript(name: string, args: readonly string[] = [], onReady?: (script: ChildProcess) => void): Promise<Run> {
  return runNode([fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url)), ...args], { onReady })
}

/** `input` is what comes on stdin; `directory` is where it runs, and where the text of a program has its imports from. */
export function runNode(
  args: readonly string[],
  {
    input = '',
    directory,
    onReady = () => {},
  }: {
    readonly input?: string
    readonly directory?: URL | undefined
    readonly onReady?: ((script: ChildProcess) => void) | undefined
  },
): Promise<Run> {
  const script = spawn(process.execPath, args, { stdio: 'pipe', cwd: directory })
  script.stdin.on('error', () => {}) // a script need not read it
  script.stdin.end(input)
  onTestFinished(() => {
    script.kill('SIGKILL')
  })
  let output = ''
  let errors = ''
  let isReady = false
  script.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk
  })
  script.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
    if (isReady || !output.includes('ready\n')) return
    isReady = true
    onReady(script)
  })
  return new Promise((resolve, reject) => {
    script.on('error', reject)
    script.on('close', (code, by) => {
      resolve({ code, signal: by, lines: output.trimEnd().split('\n'), errors })
    })
  })
}
