/** Whether a peer is installed here: programs on PATH, files at their Debian places, packages of npm. */
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What a system program needs. */
export interface Requirement {
  /** The peer as people call it. */
  readonly peer: string
  readonly programs: readonly string[]
  readonly files?: readonly string[]
  /** Debian packages that have all of it. */
  readonly packages: readonly string[]
}

/** Undefined when everything is there; else what is missing, and the one command that installs it. */
export function absenceOf({ peer, programs, files = [], packages }: Requirement): string | undefined {
  const missing = [...programs.filter((name) => !isOnPath(name)), ...files.filter((file) => !existsSync(file))]
  if (missing.length === 0) return undefined
  return `${peer} is not installed (no ${missing.join(', ')}): apt-get install -y ${packages.join(' ')}`
}

/** Whether the shell would find a program of this name. */
function isOnPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => directory !== '' && isExecutable(join(directory, name)))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
