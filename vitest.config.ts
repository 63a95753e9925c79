/** Test run of the whole workspace: unit, simulation and thread tests, and the type tests (`*.test-d.ts`). */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// The threads and processes that tests start compile each source file once in all, not once each: half of the tests' processor time was that.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.cache/node-compile', import.meta.url))

export default defineConfig({
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'apps/*/test/**/*.test.ts',
      'benchmarks/test/**/*.test.ts',
      'docs/test/**/*.test.ts',
    ],
    typecheck: {
      enabled: true,
      include: ['packages/*/test/**/*.test-d.ts'],
      tsconfig: './tsconfig.test.json',
      // Type errors elsewhere are the business of `npm run types`; here a type test fails by its own errors only.
      ignoreSourceErrors: true,
    },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
