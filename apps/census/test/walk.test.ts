/** The walk over a real folder with everything in it that can trap a walk. */
import { execFileSync } from 'node:child_process'
import { chmodSync, linkSync, rmSync, symlinkSync } from 'node:fs'
import { getuid } from 'node:process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { selectSourceFiles } from '../src/source-files.ts'
import { createWalk } from '../src/walk.ts'
import { makeFolder } from './folder.ts'

test('files come in one order, whatever order they were made in', () => {
  const folder = makeFolder({ 'b/z.js': '', 'b/a.js': '', 'a.js': '', 'B.js': '', 'c.js': 'xyz', '.hidden/d.js': '' })
  const walk = createWalk(folder)
  expect(Array.from(walk.files(), ({ path }) => path)).toEqual(['.hidden/d.js', 'B.js', 'a.js', 'b/a.js', 'b/z.js', 'c.js'])
  expect(walk.facts()).toMatchObject({ directories: 3, files: 6, bytes: 3 })
})

test('the walk is incremental: what comes after a place is looked at after it', () => {
  const folder = makeFolder({ 'a/1.js': '', 'b/2.js': '', 'b/3.js': '' })
  const walk = createWalk(folder)
  const files = walk.files()
  expect(files.next().value?.path).toBe('a/1.js')
  expect(walk.facts()).toMatchObject({ files: 1, directories: 2 })
  rmSync(join(folder, 'b/2.js'))
  expect(files.next().value?.path).toBe('b/3.js')
})

test('links are named by kind and not followed', () => {
  const outside = makeFolder({ 'far.js': '' })
  const folder = makeFolder({ 'real/a.js': '', 'real/deep/b.js': '' })
  symlinkSync('../..', join(folder, 'real/deep/up'))
  symlinkSync('.', join(folder, 'real/self'))
  symlinkSync('real', join(folder, 'again'))
  symlinkSync('real/a.js', join(folder, 'file.js'))
  symlinkSync(outside, join(folder, 'out'))
  symlinkSync('nowhere.js', join(folder, 'dangling.js'))
  symlinkSync('loop-b', join(folder, 'loop-a'))
  symlinkSync('loop-a', join(folder, 'loop-b'))
  const walk = createWalk(folder)
  expect(Array.from(walk.files(), ({ path }) => path)).toEqual(['real/a.js', 'real/deep/b.js'])
  expect(walk.facts().links).toEqual({
    cycle: { count: 2, named: ['real/deep/up', 'real/self'] },
    inside: { count: 2, named: ['again', 'file.js'] },
    outside: { count: 1, named: ['out'] },
    dangling: { count: 1, named: ['dangling.js'] },
    loop: { count: 2, named: ['loop-a', 'loop-b'] },
    unreadable: { count: 0, named: [] },
  })
})

test('a folder that is itself a link is walked', () => {
  const folder = makeFolder({ 'real/a.js': '' })
  symlinkSync('real', join(folder, 'link'))
  expect(Array.from(createWalk(join(folder, 'link')).files(), ({ path }) => path)).toEqual(['a.js'])
})

test('a file with two names comes out once', () => {
  const folder = makeFolder({ 'a.js': 'x', 'c.js': 'x' })
  linkSync(join(folder, 'a.js'), join(folder, 'b.js'))
  const walk = createWalk(folder)
  expect(Array.from(walk.files(), ({ path }) => path)).toEqual(['a.js', 'c.js'])
  expect(walk.facts()).toMatchObject({ hardLinks: 1, identitiesComplete: true })
})

test('a FIFO is named and never opened', () => {
  const folder = makeFolder({ 'a.js': '' })
  execFileSync('mkfifo', [join(folder, 'pipe.js')])
  const walk = createWalk(folder)
  expect(Array.from(walk.files(), ({ path }) => path)).toEqual(['a.js'])
  expect(walk.facts().special).toEqual({ count: 1, named: ['pipe.js'] })
})

test('a directory that goes away under the walk is named, and the walk goes on', () => {
  const folder = makeFolder({ 'a.js': '', 'b/c.js': '', 'd.js': '' })
  const walk = createWalk(folder)
  const files = walk.files()
  expect(files.next().value?.path).toBe('a.js')
  rmSync(join(folder, 'b'), { recursive: true })
  expect(Array.from(files, ({ path }) => path)).toEqual(['d.js'])
  expect(walk.facts().unreadable).toEqual({ count: 1, named: ['b'] })
})

test.skipIf(getuid?.() === 0)('a directory without permission is named, and the walk goes on', () => {
  const folder = makeFolder({ 'a/b.js': '', 'c.js': '' })
  chmodSync(join(folder, 'a'), 0)
  const walk = createWalk(folder)
  expect(Array.from(walk.files(), ({ path }) => path)).toEqual(['c.js'])
  expect(walk.facts().unreadable).toEqual({ count: 1, named: ['a'] })
  chmodSync(join(folder, 'a'), 0o700)
})

test('a folder that does not exist has no files', () => {
  const walk = createWalk('/nowhere/at/all')
  expect([...walk.files()]).toEqual([])
  expect(walk.facts().unreadable).toEqual({ count: 1, named: ['.'] })
})

test('source files are the first of the walk within both limits', () => {
  const folder = makeFolder({ 'a.js': '12345', 'b.png': '', 'c.ts': '12345', 'd.py': '12345' })
  const select = (filesMax: number, bytesMax: number): unknown => {
    const source = selectSourceFiles(createWalk(folder), { filesMax, bytesMax })
    return [Array.from(source.files(), ({ path, language }) => `${path} ${language}`).join(), source.facts()]
  }
  expect(select(9, 99)).toEqual([
    'a.js JavaScript,c.ts TypeScript,d.py Python',
    { files: 3, bytes: 15, otherFiles: 1, limited: false },
  ])
  expect(select(2, 99)).toEqual(['a.js JavaScript,c.ts TypeScript', { files: 2, bytes: 10, otherFiles: 1, limited: true }])
  expect(select(9, 9)).toEqual(['a.js JavaScript', { files: 1, bytes: 5, otherFiles: 1, limited: true }])
})
