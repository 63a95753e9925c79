/** Partials add up to one result, in whatever order and grouping they come, and the digest notices every difference. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { finish } from '../src/census-result.ts'
import { keepSample } from '../src/identifier-sample.ts'
import { minHash } from '../src/min-hash.ts'
import { addFile, createPartial, mergePartial, SKIPPED_NAMED_MAX } from '../src/partial.ts'
import type { FileFacts, FileSkipped } from '../src/analyse-file.ts'
import type { CensusResult } from '../src/census-result.ts'
import type { CensusPartial } from '../src/partial.ts'

type File = FileFacts | FileSkipped

const signatures = [0, 1, 2].map((seed) => minHash(Int32Array.from({ length: 80 }, (_, index) => index * 31 + seed)))

const analysed: fc.Arbitrary<FileFacts> = fc
  .record({
    language: fc.constantFrom('JavaScript', 'C', 'Python'),
    bytes: fc.nat(1000),
    contentHash: fc.constantFrom('aa', 'bb', 'cc', 'dd'),
    codeLines: fc.nat(100),
    commentLines: fc.nat(100),
    blankLines: fc.nat(100),
    tokens: fc.nat(1000),
    names: fc.dictionary(
      fc.constantFrom('constructor', '__proto__', 'toString', 'alpha', 'beta'),
      fc.integer({ min: 1, max: 9 }),
      {
        noNullPrototype: false,
      },
    ),
    signature: fc.constantFrom(...signatures, new Int32Array(0)),
  })
  .map(({ names, ...rest }) => ({
    outcome: 'analysed' as const,
    path: '',
    lines: rest.codeLines + rest.commentLines + rest.blankLines,
    identifiers: new Map(Object.entries(names)),
    ...rest,
  }))

const skipped: fc.Arbitrary<FileSkipped> = fc
  .constantFrom('binary', 'empty', 'vanished')
  .map((reason) => ({ outcome: 'skipped' as const, path: '', reason }))

/** Files with a path each: a walk meets none twice. */
const files: fc.Arbitrary<File[]> = fc
  .array(fc.oneof({ weight: 4, arbitrary: analysed }, { weight: 1, arbitrary: skipped }), { maxLength: 60 })
  .map((list) => list.map((file, index): File => ({ ...file, path: `f${index}` })))

function partialOf(list: readonly File[]): CensusPartial {
  const partial = createPartial()
  for (const file of list) addFile(partial, file)
  return partial
}

describe('addition', () => {
  test('is that of a plain loop, for every order and every grouping into batches', () => {
    fc.assert(
      fc.property(files, fc.infiniteStream(fc.nat()), (list, choices) => {
        const choose = (bound: number): number => choices.next().value! % bound
        const shuffled = list.slice()
        for (let index = shuffled.length - 1; index > 0; index--) {
          const other = choose(index + 1)
          ;[shuffled[index], shuffled[other]] = [shuffled[other]!, shuffled[index]!]
        }
        const partials: CensusPartial[] = [createPartial()]
        while (shuffled.length > 0) partials.push(partialOf(shuffled.splice(0, 1 + choose(8))))
        // Two at random become one until one is left: every tree of additions, either way round.
        while (partials.length > 1) {
          const [left] = partials.splice(choose(partials.length), 1)
          const at = choose(partials.length)
          partials[at] = choose(2) === 0 ? mergePartial(left!, partials[at]!) : mergePartial(partials[at]!, left!)
        }
        expect(finish(partials[0]!)).toEqual(finish(partialOf(list)))
      }),
      { numRuns: 300 },
    )
  })

  test('leaves its source as it was', () => {
    fc.assert(
      fc.property(files, files, (left, right) => {
        const source = partialOf(right)
        const before = structuredClone(source)
        mergePartial(partialOf(left), source)
        expect(source).toEqual(before)
      }),
    )
  })

  test('goes through a structured clone unharmed', () => {
    fc.assert(
      fc.property(files, (list) => {
        expect(finish(structuredClone(partialOf(list)))).toEqual(finish(partialOf(list)))
      }),
    )
  })
})

describe('the result', () => {
  const file = (path: string, changes: Partial<FileFacts> = {}): FileFacts => ({
    outcome: 'analysed',
    path,
    language: 'C',
    bytes: 10,
    contentHash: path,
    lines: 3,
    codeLines: 1,
    commentLines: 1,
    blankLines: 1,
    tokens: 5,
    identifiers: new Map([['alpha', 1]]),
    signature: new Int32Array(0),
    ...changes,
  })
  const resultOf = (...list: readonly File[]): CensusResult => finish(partialOf(list))

  test('counts names of object prototypes like others', () => {
    const result = resultOf(
      file('a', {
        identifiers: new Map([
          ['constructor', 2],
          ['__proto__', 3],
        ]),
      }),
      file('b'),
    )
    expect(result.topIdentifiers).toEqual([
      { name: '__proto__', count: 3 },
      { name: 'constructor', count: 2 },
      { name: 'alpha', count: 1 },
    ])
    expect(result).toMatchObject({ files: 2, bytes: 20, lines: 6, tokens: 10, identifiers: 6, distinctIdentifiers: 3 })
  })

  test('orders equal counts by name, leaves short names out of the top, and cuts it to length', () => {
    const names = Array.from({ length: 500 }, (_, index): [string, number] => [
      `n${String(index).padStart(3, '0')}`,
      1 + (index % 50),
    ])
    const identifiers = new Map([['no', 99], ...names])
    const result = finish(partialOf([file('a', { identifiers })]), { top: 12 })
    const expected = names.toSorted(([left, m], [right, n]) => n - m || (left < right ? -1 : 1)).slice(0, 12)
    expect(result.topIdentifiers.map(({ name, count }) => [name, count])).toEqual(expected)
  })

  test('groups files of the same bytes, most waste first, and shows one of them to the near duplicates', () => {
    const [signature] = signatures
    const result = resultOf(
      file('d', { contentHash: 'x', signature: signature! }),
      file('c', { contentHash: 'x', signature: signature! }),
      file('b', { contentHash: 'y', bytes: 99, signature: signature! }),
      file('a', { contentHash: 'y', bytes: 99, signature: signature! }),
    )
    expect(result.exactDuplicates).toEqual({
      groups: [
        { paths: ['a', 'b'], bytes: 99 },
        { paths: ['c', 'd'], bytes: 10 },
      ],
      files: 4,
      bytesWasted: 109,
    })
    expect(result.nearDuplicates.groups.map(({ paths }) => paths)).toEqual([['a', 'c']])
  })

  test('names the first of the skipped files, and counts all', () => {
    const list = Array.from({ length: 50 }, (_, index): FileSkipped => ({
      outcome: 'skipped',
      path: `f${99 - index}`,
      reason: 'binary',
    }))
    const [entry] = resultOf(...list).skipped
    expect(entry).toMatchObject({ reason: 'binary', count: 50 })
    expect(entry!.named).toEqual(Array.from({ length: SKIPPED_NAMED_MAX }, (_, index) => `f${50 + index}`))
  })

  test('has another digest for every difference in what was counted', () => {
    const [first, second] = signatures
    const digests = [
      resultOf(),
      resultOf(file('a')),
      resultOf(file('b')),
      resultOf(file('a'), file('a')),
      resultOf(file('a', { language: 'Go' })),
      resultOf(file('a', { tokens: 6 })),
      resultOf(file('a', { contentHash: 'z' })),
      resultOf(file('a', { identifiers: new Map([['alpha', 2]]) })),
      resultOf(file('a', { identifiers: new Map([['beta', 1]]) })),
      resultOf(file('a', { signature: first! })),
      resultOf(file('a', { signature: second! })),
      resultOf(file('a'), { outcome: 'skipped', path: 'b', reason: 'empty' }),
      resultOf(file('a'), { outcome: 'skipped', path: 'b', reason: 'vanished' }),
    ].map(({ digest }) => digest)
    expect(new Set(digests).size).toBe(digests.length)
    expect(resultOf(file('a')).digest).toBe(resultOf(file('a')).digest)
  })
})

describe('a sample of identifiers', () => {
  test('is the same however often the counts were cut on the way, and its counts are exact', () => {
    const names = fc.array(fc.string({ minLength: 1, maxLength: 2, unit: fc.constantFrom('a', 'b', 'c', 'd', 'e') }), {
      maxLength: 200,
    })
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 20 }), (list, size, every) => {
        const whole = new Map<string, number>()
        const cut = new Map<string, number>()
        for (const [index, name] of list.entries()) {
          whole.set(name, (whole.get(name) ?? 0) + 1)
          cut.set(name, (cut.get(name) ?? 0) + 1)
          if (index % every === 0) keepSample(cut, size)
        }
        const distinct = whole.size
        keepSample(whole, size)
        keepSample(cut, size)
        expect(cut).toEqual(whole)
        expect(cut.size).toBe(Math.min(size, distinct))
      }),
    )
  })
})
