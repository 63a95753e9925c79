/**
 * Three stages over six items, on real time: one thread for all stages, a thread for each, two for each.
 *
 *   node docs/examples/pipeline/main.ts         0.2 s a stage: 3.6, 1.6 and 1.0 s
 *   node docs/examples/pipeline/main.ts 20      20 ms a stage
 */
import { attachSlotProducer, attachSlots, disruptor } from '@cambium/ring'
import { startPipeline } from '@cambium/pipeline'
import { item } from './stages.ts'

const ITEMS = 6
const stageMs = Number(process.argv[2] ?? 200)
const module = new URL('./stages.ts', import.meta.url)
const all = { name: 'all', module, argument: stageMs }
const stage = (name: string) => ({ name, module, export: 'stage', argument: stageMs })
const pool = (name: string) => ({ ...stage(name), workers: 2 })
const graph = () => disruptor({ capacity: 8, layout: item, places: 16 })

async function timeOf(topology: ReturnType<ReturnType<typeof graph>['build']>): Promise<string> {
  // Those behind learn of each item at once, and not when the batch of all six is done.
  await using pipeline = await startPipeline(topology, { maxBatch: 1 })
  const producer = attachSlotProducer(topology.ring)!
  const slots = attachSlots(topology.ring, item)
  const begin = performance.now()
  const last = producer.tryNext(ITEMS)
  for (let number = 0; number < ITEMS; number++) slots.at(last - ITEMS + 1 + number).set({ number, stages: 0 })
  producer.publish(last)
  if (!(await pipeline.drain())) throw new Error('not all items came through')
  const seconds = (performance.now() - begin) / 1000
  for (let number = 0; number < ITEMS; number++) {
    if (slots.at(last - ITEMS + 1 + number).stages !== 3) throw new Error(`an item missed a stage: number=${number}`)
  }
  return `${seconds.toFixed(1)} s`
}

console.log('sequential               ', await timeOf(graph().handle(all).build()))
console.log(
  'pipelined                ',
  await timeOf(graph().handle(stage('one')).then(stage('two')).then(stage('three')).build()),
)
console.log('sharded over two workers ', await timeOf(graph().handle(pool('one')).then(pool('two')).then(pool('three')).build()))
