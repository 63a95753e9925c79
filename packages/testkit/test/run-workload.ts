/** Runs a workload from the command line: name, runs, seed, faults or not. */
import { simulate } from '@cambium/testkit'
import { WORKLOADS } from '../src/workloads/all-workloads.ts'
const [name, runs = '10', seed = '1', faults = 'faults'] = process.argv.slice(2)
for (const w of WORKLOADS.filter((each) => name === 'all' || each.name === name)) {
  const t = performance.now(), c = process.cpuUsage()
  try {
    const reports = await simulate(w.run, { seed: Number(seed), runs: Number(runs), cores: w.cores, options: w.options ?? {}, faults: faults === 'faults' })
    const cpu = process.cpuUsage(c)
    console.log(w.name, reports.length, 'runs', ((cpu.user + cpu.system) / 1000 / reports.length).toFixed(1), 'ms cpu each', ((performance.now() - t) / reports.length).toFixed(1), 'ms wall; hash of the last', reports.at(-1)?.hash, 'kills', reports.reduce((s, r) => s + r.kills, 0), 'dead', reports.reduce((s, r) => s + r.books.deadTotal, 0), 'sent', reports.at(-1)?.books.sent)
  } catch (error: any) {
    console.log(w.name, 'FAILED', error.message)
    if (process.env.EVENTS) for (const e of error.fields?.events ?? []) console.log(e.atMs.toFixed(3), e.core, e.what)
    console.log(error.cause?.stack)
    process.exitCode = 1
  }
}
