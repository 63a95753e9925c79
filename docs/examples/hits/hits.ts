/**
 * A counter of hits that survives: three plain functions, which know nothing of threads, rings or sockets.
 *
 * `init` loads what was saved, `step` handles one input, `terminate` saves. `decode` and `encode` say what inputs and outputs look like
 * on a wire, a line of text each.
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { defineServer } from 'cambium'

export interface Hits {
  readonly file: string
  readonly count: number
}

export type Input = { type: 'increment' } | { type: 'read' } | { type: 'reset' }
export type Output = { type: 'ack' } | { type: 'value'; value: number }

export const hits = defineServer(import.meta.url, 'hits', {
  async init(file: string): Promise<Hits> {
    return { file, count: await load(file) }
  },

  step(state: Hits, input: Input): [Hits, Output] {
    switch (input.type) {
      case 'increment':
        return [{ ...state, count: state.count + 1 }, { type: 'ack' }]
      case 'read':
        return [state, { type: 'value', value: state.count }]
      case 'reset':
        // A bug, left here on purpose: it shows what a crash costs.
        if (state.count === 0) throw new Error('reset at 0')
        return [{ ...state, count: 0 }, { type: 'ack' }]
    }
  },

  // Runs at the end of the server, and with the last good state after a crash.
  async terminate({ file, count }) {
    await writeFile(`${file}.new`, `${count}\n`)
    await rename(`${file}.new`, file) // a reader sees the old file or the new one, never half of one
  },

  decode(bytes): Input | undefined {
    const text = new TextDecoder().decode(bytes).trim()
    return text === 'increment' || text === 'read' || text === 'reset' ? { type: text } : undefined
  },

  encode: (output) => new TextEncoder().encode(output.type === 'value' ? `value ${output.value}` : 'ack'),
})

async function load(file: string): Promise<number> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 0) throw new Error(`saved state is damaged: file=${file}`)
  return count
}
