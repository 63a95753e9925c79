/** What the README and the docs show is real: programs type-check, run and print what the page says; commands and links exist. */
import { execFile } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readPage } from './markdown-page.ts'
import { REPOSITORY } from './source-file.ts'

const PAGES = ['README.md', 'packages/cambium/README.md', ...globSync('docs/*.md', { cwd: REPOSITORY }).toSorted()]
const RUN_TIMEOUT_MS = 20_000
const TYPES_TIMEOUT_MS = 60_000

const execute = promisify(execFile)
const pages = PAGES.map(readPage)
const programs = pages.filter(({ files }) => files.size > 0)
/** Every page's program in a folder of its own, outside the repository, where packages are found as in `docs`. */
let scratch: string

const folderOf = (path: string): string => join(scratch, path.replaceAll('/', '_').replace('.md', ''))

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'cambium-docs-'))
  await symlink(join(REPOSITORY, 'docs/node_modules'), join(scratch, 'node_modules'))
  await writeFile(join(scratch, 'package.json'), JSON.stringify({ type: 'module' }))
  for (const { path, files } of programs) {
    await mkdir(folderOf(path))
    for (const [name, code] of files) await writeFile(join(folderOf(path), name), code)
  }
})
afterAll(async () => {
  await rm(scratch, { recursive: true })
})

test('the README names every package', () => {
  const names = globSync('packages/*/package.json', { cwd: REPOSITORY }).map(
    (path) => (JSON.parse(readFileSync(join(REPOSITORY, path), 'utf8')) as { name: string }).name,
  )
  const { text } = readPage('README.md')
  expect(names.filter((name) => !text.includes(`| \`${name}\` |`) && !text.includes(`| [\`${name}\`](`))).toEqual([])
})

test('there are programs to look at', () => {
  expect(programs.map(({ path }) => path)).toContain('README.md')
  expect(programs.length).toBeGreaterThan(5)
})

test(
  'all programs type-check',
  async () => {
    const options = { typeRoots: [join(REPOSITORY, 'node_modules/@types')] }
    const project = { extends: join(REPOSITORY, 'tsconfig.test.json'), compilerOptions: options, include: ['*/*.ts'] }
    await writeFile(join(scratch, 'tsconfig.json'), JSON.stringify(project))
    const tsc = execute(join(REPOSITORY, 'node_modules/.bin/tsc'), ['-p', '.', '--pretty', 'false'], { cwd: scratch })
    const { stdout } = await tsc.catch((error: unknown) => error as { stdout: string })
    // One diagnostic begins at the start of a line; those of the packages themselves are the business of `npm run types`.
    const diagnostics = stdout.split(/\n(?=\S)/).filter((text) => text !== '' && !text.startsWith('../'))
    expect(diagnostics).toEqual([])
  },
  TYPES_TIMEOUT_MS,
)

describe.each(programs)('$path', ({ path, files, output, quotations }) => {
  test('its program prints what the page says', async () => {
    expect([...files.keys()]).toContain('main.ts')
    const { stdout, stderr } = await execute(process.execPath, ['main.ts'], { cwd: folderOf(path), timeout: RUN_TIMEOUT_MS })
    expect(stderr).toBe('')
    expect(stdout).toBe(output)
  })

  test('quotes files as they are', () => {
    const wrong = quotations.filter(
      (quotation) => !readFileSync(join(REPOSITORY, quotation.path), 'utf8').includes(quotation.text),
    )
    expect(wrong).toEqual([])
  })
})

describe.each(pages)('$path', ({ path, text, commands }) => {
  test('names commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
    const strange = commands.filter((command) => {
      const script = /^npm (?:run )?([\w:-]+)/.exec(command)?.[1]
      if (script !== undefined) return !(script in scripts)
      const file = /^node (\S+)/.exec(command)?.[1]
      return file === undefined ? !/^(nc|git clone) /.test(command) : !existsSync(join(REPOSITORY, file))
    })
    expect(strange).toEqual([])
  })

  test('links to files that exist', () => {
    const targets = Array.from(text.matchAll(/\]\(([^)#]+)[^)]*\)/g), ([, target = '']) => target)
    const local = targets.filter((target) => !/^https?:/.test(target))
    expect(local.filter((target) => !existsSync(join(REPOSITORY, dirname(path), target)))).toEqual([])
  })
})
