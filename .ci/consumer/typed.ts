/** What a user's TypeScript program looks like; it runs against the packed packages, unbuilt, outside the repository. */
import { deepStrictEqual } from 'node:assert/strict'
import { once } from 'node:events'
import { CambiumError, run, startSystem, type Ref } from 'cambium'
import { counter, type Input, type Output } from './counter.ts'

deepStrictEqual(run(counter, 0, [{ type: 'increment' }, { type: 'read' }]).output, { type: 'value', value: 1 })

const system = await startSystem({ cores: 2 })
const ref: Ref<Input, Output> = await system.spawn(counter, 40, { name: 'counter' })
ref.tell({ type: 'increment' })
await ref.send({ type: 'increment' })
const { value } = await ref.ask({ type: 'read' })
deepStrictEqual(value, 42)

const crash: unknown = await ref.ask({ type: 'break' }).catch((error: unknown) => error)
deepStrictEqual(crash instanceof CambiumError && crash.code, 'ERR_ACTOR_CRASHED')

const lost = once(system.events, 'core_lost')
system.killCore(ref.core)
await lost
deepStrictEqual(await ref.ask({ type: 'read' }), { type: 'value', value: 40 })

const { isDrained, abandoned, books } = await system.shutdown()
deepStrictEqual(
  { isDrained, abandoned, crashed: books.dead.crashed, queued: books.queued },
  { isDrained: true, abandoned: [], crashed: 1, queued: 0 },
)
console.log('consumer: ok')
