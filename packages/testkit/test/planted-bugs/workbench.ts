/** A copy of the packages in which a bug can be planted, and a process that hunts for it there. */
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { PlantedBug } from './planted-bugs.ts'

const REPOSITORY = resolve(import.meta.dirname, '../../../..')
/** A run that takes longer does not end. */
const RUN_MS_MAX = 120_000
const COMMAND_MS_MAX = 240_000
/** Runs that are added where nothing may be found. */
const MORE_RUNS = 20

export interface Catch {
  /** Runs of each workload that it took; undefined when it was not found. */
  readonly runs: number | undefined
  readonly workload: string
  readonly message: string
}

/** An oracle or a kind of fault that is switched off, and for how many runs. */
export interface Without {
  readonly what: '--without-oracle' | '--without-fault'
  readonly name: string
  readonly runs: number
}

export interface Workbench {
  /**
   * Runs the workloads with the bug planted, or the actors that check nothing when it is for one oracle alone; without one on the code as it is. With
   * `without` what alone finds it is switched off.
   */
  hunt(bug: PlantedBug | undefined, seed: number, without?: Without): Promise<Catch>
  /** Runs `cambium` with the bug planted. */
  command(
    bug: PlantedBug,
    args: readonly string[],
  ): { readonly status: number | null; readonly stdout: string; readonly stderr: string }
  remove(): void
}

export function createWorkbench(): Workbench {
  const folder = mkdtempSync(join(tmpdir(), 'cambium-planted-'))
  const files = globSync(['packages/*/{src,test/planted-bugs}/**/*.ts', 'packages/*/package.json'], {
    cwd: REPOSITORY,
    exclude: ['**/node_modules'],
  })
  for (const file of files) {
    mkdirSync(join(folder, dirname(file)), { recursive: true })
    cpSync(join(REPOSITORY, file), join(folder, file))
  }
  symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'), 'dir')
  // Links to the other packages are relative, so they lead to their copies.
  for (const link of globSync('packages/*/node_modules', { cwd: REPOSITORY })) {
    cpSync(join(REPOSITORY, link), join(folder, link), { recursive: true, verbatimSymlinks: true })
  }
  return {
    async hunt(bug, seed, without) {
      if (bug === undefined) return runHunt(folder, [5, seed])
      const file = join(folder, 'packages', bug.file)
      const text = readFileSync(file, 'utf8')
      writeFileSync(file, plant(bug, text))
      try {
        const args = without === undefined ? [bug.runsMax, seed] : [without.runs, seed, without.what, without.name]
        return await runHunt(folder, bug.only?.oracle === undefined ? args : [...args, '--strangers'])
      } finally {
        writeFileSync(file, text)
      }
    },
    command(bug, args) {
      const file = join(folder, 'packages', bug.file)
      const text = readFileSync(file, 'utf8')
      writeFileSync(file, plant(bug, text))
      try {
        return spawnSync(process.execPath, [join(folder, 'packages/cambium/src/cli/main.ts'), ...args], {
          encoding: 'utf8',
          timeout: COMMAND_MS_MAX,
          env: onSources(),
        })
      } finally {
        writeFileSync(file, text)
      }
    },
    remove() {
      rmSync(folder, { recursive: true })
    },
  }
}

/** The source with the bug in it. Throws when its place is not there exactly once. */
export function plant(bug: PlantedBug, text: string): string {
  const pattern = bug.find
    .split(/\s+/)
    .map((part) => RegExp.escape(part))
    .join(String.raw`\s+`)
  const places = [...text.matchAll(new RegExp(pattern, 'g'))]
  if (places.length !== 1)
    throw new Error(`a planted bug has no place of its own: bug=${bug.name}, file=${bug.file}, places=${places.length}`)
  return text.replace(new RegExp(pattern), () => bug.replace)
}

/** The source of the file that a bug is planted in, as it is. */
export function sourceOf(bug: PlantedBug): string {
  return readFileSync(join(REPOSITORY, 'packages', bug.file), 'utf8')
}

/** What alone finds the bug, each to be switched off for as many runs as it took to find it, and some more. */
export function withouts({ only }: PlantedBug, runs: number): Without[] {
  const off: Without[] = []
  if (only?.oracle !== undefined) off.push({ what: '--without-oracle', name: only.oracle, runs: runs + MORE_RUNS })
  if (only?.fault !== undefined) off.push({ what: '--without-fault', name: only.fault, runs: runs + MORE_RUNS })
  return off
}

/** The bugs are in the sources, whatever the tests' own processes run. */
function onSources(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_OPTIONS: '' }
}

function runHunt(folder: string, args: readonly (string | number)[]): Promise<Catch> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [join(folder, 'packages/testkit/test/planted-bugs/hunt.ts'), ...args.map(String)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: onSources(),
    })
    let out = ''
    let err = ''
    const timer = setTimeout(() => child.kill('SIGKILL'), RUN_MS_MAX)
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      timer.refresh() // it says so when the next run begins
    })
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const last = out.trim().split('\n').at(-1) ?? ''
      if (code === 0 && last.startsWith('{')) done(JSON.parse(last) as Catch)
      else {
        // It says which run it is in; whatever ended it there ended it because of the bug. Before the first run nothing has been looked for.
        const begun = /(\d+) ([\w-]+)\s*$/.exec(out)
        if (begun === null || /^SyntaxError\b/m.test(err)) {
          failed(new Error(`the code with the bug in it does not run: ${errorOf(err)}`))
          return
        }
        const [, runs, workload] = begun as unknown as [string, string, string]
        done({
          runs: Number(runs),
          workload,
          message: signal === null ? `process failed: ${errorOf(err)}` : 'a run did not end',
        })
      }
    })
  })
}

/** The line of what a process has written that says what failed. */
function errorOf(text: string): string {
  return (
    text
      .trim()
      .split('\n')
      .find((line) => line.includes('Error')) ?? text.slice(0, 200)
  )
}
