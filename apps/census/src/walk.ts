/**
 * The files below a folder, one at a time and in one order: depth first, the entries of a directory by the code units of
 * their names. The walk holds one sorted listing per directory on the way down, never the list of all files.
 *
 * 1. Links are named by kind and not followed. What a link inside the folder points to is met in its own place; what lies
 *    outside was not asked for. So a cycle of links cannot trap the walk, and no file is met by two paths through them.
 * 2. A directory that is its own ancestor without a link (a bind mount) is recognised by device and inode, and left.
 * 3. A file with several hard links is met once. pnpm links every file from its store, so this is the common case.
 * 4. Only regular files come out: a FIFO or a socket would block whoever opens it.
 * 5. What cannot be read is counted and named, and the walk goes on.
 */
import { lstatSync, readdirSync, realpathSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { BigIntStats } from 'node:fs'

interface WalkedFile {
  /** Relative to the folder, with the separators of the platform. */
  readonly path: string
  readonly name: string
  readonly bytes: number
}

/** A count with the first paths that made it up; at most {@link NAMED_MAX} of them. */
interface NamedCount {
  readonly count: number
  readonly named: readonly string[]
}

/** How a link was found: `cycle` leads to a directory that holds it, `loop` to itself through other links. */
export type LinkKind = 'inside' | 'outside' | 'cycle' | 'loop' | 'dangling' | 'unreadable'

export interface WalkFacts {
  readonly directories: number
  readonly files: number
  readonly bytes: number
  readonly links: Readonly<Record<LinkKind, NamedCount>>
  /** Further names of a file that was already met. */
  readonly hardLinks: number
  /** FIFOs, sockets and devices. */
  readonly special: NamedCount
  readonly unreadable: NamedCount
  /** Directories that were not entered: their own ancestor, or deeper than {@link DEPTH_MAX}. */
  readonly notEntered: NamedCount
  /** False when more than {@link IDENTITIES_MAX} hard-linked files were met: later ones may then come out twice. */
  readonly identitiesComplete: boolean
}

export interface Walk {
  /** To be iterated once; leaving the loop early is fine. */
  readonly files: () => Generator<WalkedFile, void, undefined>
  /** What has been met so far. */
  readonly facts: () => WalkFacts
}

const NAMED_MAX = 20
const DEPTH_MAX = 256
const IDENTITIES_MAX = 1_000_000

interface Level {
  readonly path: string
  readonly identity: string
  readonly names: readonly string[]
  next: number
}

export function createWalk(folder: string): Walk {
  const links = {
    inside: createTally(),
    outside: createTally(),
    cycle: createTally(),
    loop: createTally(),
    dangling: createTally(),
    unreadable: createTally(),
  }
  const special = createTally()
  const unreadable = createTally()
  const notEntered = createTally()
  const identities = new Set<string>()
  let identitiesComplete = true
  let directories = 0
  let files = 0
  let bytes = 0
  let hardLinks = 0

  const open = (path: string, stats: BigIntStats): Level | undefined => {
    try {
      const names = readdirSync(join(folder, path)).sort(byCodeUnits)
      directories++
      return { path, identity: identityOf(stats), names, next: 0 }
    } catch {
      unreadable.add(path === '' ? '.' : path)
      return undefined
    }
  }

  const isRepeated = (stats: BigIntStats): boolean => {
    if (stats.nlink < 2n) return false
    const identity = identityOf(stats)
    if (identities.has(identity)) return true
    if (identities.size < IDENTITIES_MAX) identities.add(identity)
    else identitiesComplete = false
    return false
  }

  function* walk(): Generator<WalkedFile, void, undefined> {
    let root: string
    let level: Level | undefined
    try {
      root = realpathSync(folder)
      level = open('', lstatSync(root, { bigint: true }))
    } catch {
      unreadable.add('.')
      return
    }
    const above: Level[] = []
    while (level !== undefined) {
      const name: string | undefined = level.names[level.next++]
      if (name === undefined) {
        level = above.pop()
        continue
      }
      const path: string = level.path === '' ? name : `${level.path}${sep}${name}`
      let stats: BigIntStats
      try {
        stats = lstatSync(join(folder, path), { bigint: true })
      } catch {
        unreadable.add(path)
        continue
      }
      if (stats.isSymbolicLink()) {
        links[linkKind(root, level.path, path)].add(path)
      } else if (stats.isDirectory()) {
        const identity = identityOf(stats)
        const isOwnAncestor = level.identity === identity || above.some((ancestor) => ancestor.identity === identity)
        if (isOwnAncestor || above.length + 1 >= DEPTH_MAX) {
          notEntered.add(path)
          continue
        }
        const below = open(path, stats)
        if (below === undefined) continue
        above.push(level)
        level = below
      } else if (!stats.isFile()) {
        special.add(path)
      } else if (isRepeated(stats)) {
        hardLinks++
      } else {
        files++
        bytes += Number(stats.size)
        yield { path, name, bytes: Number(stats.size) }
      }
    }
  }

  return {
    files: walk,
    facts: () => ({
      directories,
      files,
      bytes,
      links: {
        inside: links.inside.read(),
        outside: links.outside.read(),
        cycle: links.cycle.read(),
        loop: links.loop.read(),
        dangling: links.dangling.read(),
        unreadable: links.unreadable.read(),
      },
      hardLinks,
      special: special.read(),
      unreadable: unreadable.read(),
      notEntered: notEntered.read(),
      identitiesComplete,
    }),
  }
}

function linkKind(root: string, directory: string, path: string): LinkKind {
  try {
    const target = realpathSync(join(root, path))
    if (isWithin(join(root, directory), target)) return 'cycle'
    return isWithin(target, root) ? 'inside' : 'outside'
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    return code === 'ELOOP' ? 'loop' : code === 'ENOENT' || code === 'ENOTDIR' ? 'dangling' : 'unreadable'
  }
}

/** Whether `path` is `folder` or lies below it; both absolute and normal. */
function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

// Bigints: on some file systems an inode number does not fit a double, and two files would look like one.
function identityOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`
}

function byCodeUnits(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

interface Tally {
  readonly add: (path: string) => void
  readonly read: () => NamedCount
}

function createTally(): Tally {
  let count = 0
  const named: string[] = []
  return {
    add: (path) => {
      count++
      if (named.length < NAMED_MAX) named.push(path)
    },
    read: () => ({ count, named: named.slice() }),
  }
}
