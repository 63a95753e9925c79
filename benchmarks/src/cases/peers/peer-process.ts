/**
 * Runs a peer's program, or its compiler, and gives what it printed. The program ends with the process of its round, however that ends, so
 * that none is left behind to spin beside the next measurement.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Options that would make the program another one than the parameters say. */
const STRANGE_VARIABLES: readonly string[] = [
  'ERL_FLAGS',
  'ERL_AFLAGS',
  'ERL_ZFLAGS',
  'ERL_LIBS',
  'JAVA_TOOL_OPTIONS',
  'JDK_JAVA_OPTIONS',
  '_JAVA_OPTIONS',
  'CLASSPATH',
]
const STDERR_LINES = 3

export function runPeer(command: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ERL_CRASH_DUMP_SECONDS: '0' } as NodeJS.ProcessEnv
    for (const name of STRANGE_VARIABLES) delete env[name]
    const peer = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const kill = (): void => void peer.kill('SIGKILL')
    process.once('exit', kill)
    let output = ''
    let errors = ''
    peer.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    peer.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    peer.once('error', reject)
    peer.once('close', (code, signal) => {
      process.off('exit', kill)
      if (code === 0) resolve(output)
      else reject(new Error(`${command} failed: code=${code}, signal=${signal}, ${lastLines(errors || output)}`))
    })
  })
}

/**
 * The directory that `build` fills, once for all rounds of a run: rounds follow each other, so none finds a build under way. A build that
 * fails leaves nothing.
 */
export async function buildOnce(parent: string, name: string, build: (directory: string) => Promise<unknown>): Promise<string> {
  const directory = join(parent, name)
  if (existsSync(directory)) return directory
  const unfinished = `${directory}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  await build(unfinished)
  renameSync(unfinished, directory)
  return directory
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-STDERR_LINES).join(' | ')
}
