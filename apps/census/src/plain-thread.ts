/** Thread that reads the files once, so that both runs find them in the file cache, and then runs the plain loop over them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { runPlainLoop } from './plain-loop.ts'
import type { PlainOrder, PlainReport } from './plain-run.ts'
import { selectSourceFiles } from './source-files.ts'
import { createWalk } from './walk.ts'

const REPORT_INTERVAL_MS = 100

const { folder, limits, top } = workerData as PlainOrder

const startedAt = performance.now()
const source = selectSourceFiles(createWalk(folder), limits)
for (const { path } of source.files()) {
  try {
    readFileSync(join(folder, path))
  } catch {
    // The census itself counts and names what cannot be read.
  }
}
const { files, bytes } = source.facts()
report({ type: 'warm', files, bytes, elapsedMs: performance.now() - startedAt })

const outcome = runPlainLoop(folder, limits, {
  top,
  onProgress: (progress) => report({ type: 'progress', progress }),
  progressMs: REPORT_INTERVAL_MS,
})
report({ type: 'outcome', outcome })

function report(message: PlainReport): void {
  parentPort?.postMessage(message)
}
