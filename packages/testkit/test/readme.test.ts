/** The README's example is run here, and is what the README shows. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import './fixtures/readme/counter-test.ts'

test('the README shows the example as it is', () => {
  const example = readFileSync(new URL('fixtures/readme/counter-test.ts', import.meta.url), 'utf8')
  expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(`\`\`\`ts\n${example}\`\`\``)
})
