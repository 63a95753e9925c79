/**
 * Counts hits over TCP: `node main.ts [port] [file]`, then `nc 127.0.0.1 4000` and lines of `increment`, `read` or `reset`.
 * Ctrl-C saves and ends; the next start goes on from there.
 */
import { startSystem } from 'cambium'
import { hits } from './hits.ts'
import { listen } from './tcp.ts'

const [port = '4000', file = 'hits.txt'] = process.argv.slice(2)

const system = await startSystem()
system.events.on('actor_restarted', ({ name, tookMs }) => {
  console.log(`restarted: ${name}, ${tookMs.toFixed(1)} ms`)
})

const counter = await system.spawn(hits, file, { name: 'hits' })
console.log(`listening: port=${await listen(counter, Number(port))}, cores=${system.cores}, counter=${counter.toString()}`)
