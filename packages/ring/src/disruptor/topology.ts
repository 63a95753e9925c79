/**
 * A ring with the graph of its consumers: what every thread needs to attach its part, and a way to run all of it in one thread.
 *
 * The seam for whoever runs nodes on threads of their own:
 * 1. `topology.nodes` is plain data. A thread gets one of them, imports the module with the layout and the handler, and calls `attachNode`.
 *    Then it calls `run` (which blocks the thread), or drives `poll` from a loop of its own, with `bell` to park on.
 * 2. A consumer is attached by one thread, a pool's node by up to `workers` threads, each of which becomes a worker.
 * 3. Nothing is lost while a thread is not there yet: places exist from the beginning, and the producer waits for them.
 * 4. To end: stop producing, wait until `isDrained`, call `halt`. Every `run` then returns, of threads that come later too.
 * 5. A thread that died: after its end, `inspectSlotRing` names what it had in hand. A consumer's place gets a successor by calling
 *    `attachNode` in another thread, or `evictPlace`. A worker's place is freed by `evictOwner`, or succeeded to by `attachSlotWorker`. A
 *    producer's claims are given up by `evictOwner` too. So give each thread an owner's number of its own.
 */
import { checkFields, checkInteger, optionError } from '@cambium/base'
import { ringGraphError, ringPlaceError } from '../errors.ts'
import type { Layout, LayoutFields } from '../layout/layout.ts'
import type { LayoutView } from '../layout/layout-view.ts'
import { batchHandlerOf, createBatchProcessor } from './batch-processor.ts'
import type { ProcessorOptions } from './batch-processor.ts'
import type { PlannedNode } from './graph.ts'
import type { BatchHandler, EventHandler, Processor } from './processor.ts'
import { attachSlotConsumer, haltRing, joinSlotPool } from './slot-places.ts'
import { inspectSlotRing } from './slot-ring-inspection.ts'
import type { SlotRingDescriptor } from './slot-ring.ts'
import { attachSlots } from './slots.ts'
import { createWorkProcessor } from './work-processor.ts'

/** Where the handler of a node is found: code cannot cross threads, so the thread that runs it imports it. Plain data. */
export interface HandlerModule {
  readonly url: string
  /** What the module exports it as. */
  readonly name: string
  readonly argument: unknown
}

/** One node of a running graph: plain data that can be sent to the thread that runs it. */
export interface NodeDescriptor extends PlannedNode {
  readonly ring: SlotRingDescriptor
  /** Of a node that was declared with a module. */
  readonly module?: HandlerModule
}

/** What handles the records of a node; a function, or an object that is told more. */
export type NodeHandler<F extends LayoutFields> = EventHandler<LayoutView<F>> | BatchHandler<LayoutView<F>>

export interface AttachNodeOptions extends ProcessorOptions {
  /** By which the root finds what a dead worker leaves behind: 0 to 2^29 - 1. @default 0 */
  readonly owner?: number
}

/** A ring and the graph of its consumers; made by `disruptor(…).build()`. */
export interface Topology<F extends LayoutFields> {
  readonly ring: SlotRingDescriptor
  readonly layout: Layout<F>
  /** In an order in which each node stands behind those it comes after. */
  readonly nodes: readonly NodeDescriptor[]
  /** @throws `ERR_RING_GRAPH` when there is no such node */
  node(name: string): NodeDescriptor
  /**
   * One round in this thread: every node that was declared with a handler handles what is there, those in front first. Returns how many sequences
   * were handled, all nodes together. Attaches the nodes at the first call, so leave them to this thread.
   *
   * @throws `ERR_RING_HANDLER`
   */
  poll(): number
  /** The processors of this thread's nodes by name, a pool's workers one behind the other. Attaches them. */
  processors(name: string): readonly Processor[]
  /** Whether all that is published has gone through the whole graph. */
  readonly isDrained: boolean
  /** Ends the run loops of all nodes, in whatever threads, after the batch they are at; for good, as `haltRing` does. */
  halt(): void
}

/**
 * Attaches the calling thread to a node: as its consumer, or as one more worker of its pool. Also as the successor of a consumer whose thread
 * has ended.
 *
 * @throws `ERR_RING_PLACE` when the ring has no place left for a worker, `ERR_RING_LAYOUT`, `ERR_RING_MEMORY`, `ERR_RING_MAGIC`,
 * `ERR_RING_VERSION`, `ERR_RING_CORRUPT`, `ERR_OPTION`
 */
export function attachNode<F extends LayoutFields>(
  node: NodeDescriptor,
  layout: Layout<F>,
  handler: NodeHandler<F>,
  options: AttachNodeOptions = {},
): Processor {
  checkFields('options', options, ['maxBatch', 'owner'])
  if (typeof node !== 'object' || node === null) throw optionError('node', node, 'a node of a topology')
  const slots = attachSlots(node.ring, layout)
  const limits = options.maxBatch === undefined ? {} : { maxBatch: options.maxBatch }
  // Before a place is taken, which nobody would give back.
  batchHandlerOf(handler)
  checkInteger('maxBatch', options.maxBatch, { default: 1, min: 1, max: 2 ** 30 })
  if (node.kind === 'consumer') return createBatchProcessor(attachSlotConsumer(node.ring, node.place), slots, handler, limits)
  const worker = joinSlotPool(node.ring, node.place, { owner: options.owner ?? 0 })
  if (worker === undefined) throw ringPlaceError('no place is left for a worker', { node: node.name })
  return createWorkProcessor(worker, slots, handler, limits)
}

/** Internal; see `disruptor`. */
export function createTopology<F extends LayoutFields>(
  ring: SlotRingDescriptor,
  layout: Layout<F>,
  plan: readonly PlannedNode[],
  code: NodeCode<F>,
): Topology<F> {
  return new RingTopology(ring, layout, plan, code)
}

/** What runs at the nodes, by their names. Internal. */
export interface NodeCode<F extends LayoutFields> {
  readonly handlers: ReadonlyMap<string, NodeHandler<F>>
  readonly modules: ReadonlyMap<string, HandlerModule>
}

class RingTopology<F extends LayoutFields> implements Topology<F> {
  readonly ring: SlotRingDescriptor
  readonly layout: Layout<F>
  readonly nodes: readonly NodeDescriptor[]
  readonly #handlers: ReadonlyMap<string, NodeHandler<F>>
  #processors: ReadonlyMap<string, readonly Processor[]> | undefined

  constructor(ring: SlotRingDescriptor, layout: Layout<F>, plan: readonly PlannedNode[], { handlers, modules }: NodeCode<F>) {
    this.ring = ring
    this.layout = layout
    this.nodes = plan.map((node) => {
      const module = modules.get(node.name)
      return module === undefined ? { ...node, ring } : { ...node, ring, module }
    })
    this.#handlers = handlers
  }

  node(name: string): NodeDescriptor {
    const node = this.nodes.find((one) => one.name === name)
    if (node === undefined) throw ringGraphError('there is no such node', { name })
    return node
  }

  poll(): number {
    let count = 0
    for (const processors of this.#attached().values()) for (const processor of processors) count += processor.poll()
    return count
  }

  processors(name: string): readonly Processor[] {
    return this.#attached().get(this.node(name).name) ?? []
  }

  get isDrained(): boolean {
    const { readers } = inspectSlotRing(this.ring)
    return readers.every(({ gates, backlog, inHand }) => (!gates || backlog === 0) && inHand === undefined)
  }

  halt(): void {
    haltRing(this.ring)
  }

  #attached(): ReadonlyMap<string, readonly Processor[]> {
    this.#processors ??= new Map(
      this.nodes.map((node) => {
        const handler = this.#handlers.get(node.name)
        const count = handler === undefined ? 0 : Math.max(node.workers, 1)
        return [node.name, Array.from({ length: count }, () => attachNode(node, this.layout, handler!))]
      }),
    )
    return this.#processors
  }
}
