/** What a user's JavaScript program looks like; it runs against the packed packages, outside the repository. */
import { deepStrictEqual } from 'node:assert/strict'
import { once } from 'node:events'
import { startSystem } from 'cambium'
import { counter } from './counter-plain.js'

const system = await startSystem({ cores: 2 })
const ref = await system.spawn(counter, 40, { name: 'counter' })
ref.tell('increment')
await ref.send('increment')
deepStrictEqual(await ref.ask('read'), 42)

const restarted = once(system.events, 'actor_restarted')
ref.tell('break')
await restarted
deepStrictEqual(await ref.ask('read'), 40)

const lost = once(system.events, 'core_lost')
system.killCore(ref.core)
await lost
deepStrictEqual(await ref.ask('read'), 40)

const { isDrained, abandoned, books } = await system.shutdown()
deepStrictEqual(
  { isDrained, abandoned, crashed: books.dead.crashed, queued: books.queued },
  { isDrained: true, abandoned: [], crashed: 1, queued: 0 },
)
console.log('consumer: ok')
