/** Test run of the whole workspace: unit, simulation and thread tests, and the type tests (`*.test-d.ts`). */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'

// The threads and processes that tests start compile each source file once in all, not once each: half of the tests' processor time was that.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.cache/node-compile', import.meta.url))

const TESTS = '{packages/*,apps/*,benchmarks,docs}/test/**/*.test.ts'
/** A test file that names none of these, and is not named for threads itself, starts none and no process. */
const STARTERS =
  /\b(startSystem|startPipeline|startService|worker_threads|child_process|both-platforms|service-under-test|runtime\/test)\b/

/**
 * Files whose tests run on the thread of the test alone, simulations among them. A process runs one such file after the other, loads each module once, and has the
 * engine compile it once: a third of their processor time. All others have a process each, for what a thread or a system leaves behind is what some of them look at.
 */
const ON_ONE_THREAD = globSync(TESTS, { cwd: import.meta.dirname, exclude: ['**/node_modules'] }).filter((path) => {
  const text = readFileSync(join(import.meta.dirname, path), 'utf8')
  return (
    !STARTERS.test(text) &&
    !path.includes('threads') &&
    !(path.startsWith('packages/runtime/') && text.includes("'./harness.ts'"))
  )
})

/** Of `npm test`, which builds first: the threads and processes that tests start run what is published, which starts in half the time. Without it they run the sources. */
const BUILT = 'built'
const CONDITION = '--conditions=cambium-built'

export default defineConfig(({ mode }) => {
  const options = process.env['NODE_OPTIONS'] ?? ''
  if (mode === BUILT && !options.includes(CONDITION)) process.env['NODE_OPTIONS'] = `${options} ${CONDITION}`
  return {
    test: {
      pool: 'forks',
      maxWorkers: 2,
      testTimeout: 30_000,
      hookTimeout: 30_000,
      typecheck: {
        enabled: true,
        include: ['packages/*/test/**/*.test-d.ts'],
        tsconfig: './tsconfig.test.json',
        // Type errors elsewhere are the business of `npm run types`; here a type test fails by its own errors only.
        ignoreSourceErrors: true,
      },
      projects: [
        {
          extends: true,
          // The type tests are run once, with the others.
          test: { name: 'one thread', include: ON_ONE_THREAD, isolate: false, typecheck: { enabled: false } },
        },
        { extends: true, test: { name: 'threads', include: [TESTS], exclude: [...configDefaults.exclude, ...ON_ONE_THREAD] } },
      ],
    },
  }
})
