/**
 * Builds a ring and the graph of its consumers as users of the LMAX Disruptor know it:
 *
 * ```
 * disruptor({ capacity: 1024, layout: trade }).handle(journal, replicate).then(apply).build()
 * ```
 *
 * Nodes are handlers, which `topology.poll()` runs in this thread; or names, for threads that attach to them; or modules, which whoever
 * starts threads for the graph has them import (`@cambium/pipeline` does).
 */
import { checkFields, optionError } from '@cambium/base'
import { ringGraphError } from '../errors.ts'
import type { Layout, LayoutFields } from '../layout/layout.ts'
import { checkHandler } from './batch-processor.ts'
import { fixedPlacesOf, planGraph } from './graph.ts'
import type { GraphNode } from './graph.ts'
import { createSlotRing, SLOT_RING_FIELDS } from './slot-ring.ts'
import type { SlotRingOptions } from './slot-ring.ts'
import { createTopology } from './topology.ts'
import type { HandlerModule, NodeHandler, Topology } from './topology.ts'

/** The options of the ring; the graph gives its fixed places. */
export interface DisruptorOptions<F extends LayoutFields> extends Omit<SlotRingOptions, 'fixed' | 'layout'> {
  readonly layout: Layout<F>
}

/** A node with everything that can be said about it. */
export interface NodeDeclaration<F extends LayoutFields> {
  readonly name: string
  /** @default none: a thread attaches to the node by its name */
  readonly handler?: NodeHandler<F>
  /** Makes it a pool: each record to one of so many workers. @default no pool */
  readonly workers?: number
  /** URL of the module that has the handler, for a thread of its own: `new URL('./price.ts', import.meta.url)`. Not beside `handler`. */
  readonly module?: URL | string
  /** What the module exports the handler as. @default the node's name */
  readonly export?: string
  /** Given to the handler's maker in its thread; anything that can be cloned. */
  readonly argument?: unknown
}

/** A node: its name, a handler that is a named function, or a declaration. */
export type NodeInput<F extends LayoutFields> = string | NodeDeclaration<F> | (NodeHandler<F> & ((...args: never[]) => void))

/** Some nodes of a graph; what is added to them comes after all of them. */
export interface NodeGroup<F extends LayoutFields> {
  /** Nodes that come after every node of this group. */
  then(...nodes: readonly NodeInput<F>[]): NodeGroup<F>
  /** This group and another one of the same graph. @throws `ERR_RING_GRAPH` when it is of another one */
  and(group: NodeGroup<F>): NodeGroup<F>
  /** As the builder's. */
  build(): Topology<F>
}

/** Collects nodes. */
export interface DisruptorBuilder<F extends LayoutFields> {
  /** Nodes that come after the producer. @throws `ERR_OPTION`, `ERR_RING_GRAPH` for a declaration that is wrong */
  handle(...nodes: readonly NodeInput<F>[]): NodeGroup<F>
  /** The group of nodes that were declared before. @throws `ERR_RING_GRAPH` when one of them was not */
  after(...names: readonly string[]): NodeGroup<F>
  /**
   * Makes the ring. Once.
   *
   * @throws `ERR_RING_GRAPH`, `ERR_RING_CAPACITY`, `ERR_RING_MEMORY`, `ERR_RING_EXISTS`, `ERR_OPTION`
   */
  build(): Topology<F>
}

/** Begins a graph over a ring with these options. @throws `ERR_OPTION` for a field that is none of them */
export function disruptor<F extends LayoutFields>(options: DisruptorOptions<F>): DisruptorBuilder<F> {
  checkFields('options', options, OPTIONS)
  return new GraphBuilder(options)
}

const PLACES_DEFAULT = 8
const OPTIONS = SLOT_RING_FIELDS.filter((field) => field !== 'fixed')
const DECLARATION = ['name', 'handler', 'workers', 'module', 'export', 'argument']

class GraphBuilder<F extends LayoutFields> implements DisruptorBuilder<F> {
  readonly #options: DisruptorOptions<F>
  readonly #nodes: GraphNode[] = []
  readonly #handlers = new Map<string, NodeHandler<F>>()
  readonly #modules = new Map<string, HandlerModule>()
  #isBuilt = false

  constructor(options: DisruptorOptions<F>) {
    this.#options = options
  }

  handle(...nodes: readonly NodeInput<F>[]): NodeGroup<F> {
    return this.add([], nodes)
  }

  after(...names: readonly string[]): NodeGroup<F> {
    const unknown = names.find((name) => this.#nodes.every((node) => node.name !== name))
    if (unknown !== undefined) throw ringGraphError('there is no such node', { name: unknown })
    return new Group(this, names)
  }

  build(): Topology<F> {
    if (this.#isBuilt) throw ringGraphError('it is built already', { nodes: this.#nodes.length })
    const plan = planGraph(this.#nodes)
    const needed = plan.reduce((sum, { workers }) => sum + 1 + workers, 0)
    const ring = createSlotRing({
      ...this.#options,
      places: this.#options.places ?? Math.max(needed, PLACES_DEFAULT),
      fixed: fixedPlacesOf(plan),
    })
    this.#isBuilt = true
    return createTopology(ring, this.#options.layout, plan, { handlers: this.#handlers, modules: this.#modules })
  }

  /** Nodes that come after those of these names. */
  add(after: readonly string[], inputs: readonly NodeInput<F>[]): NodeGroup<F> {
    if (inputs.length === 0) throw ringGraphError('no node is given', { after: after.join(', ') })
    const names = inputs.map((input) => {
      const declaration = declarationOf(input)
      const { name, handler, workers } = declaration
      if (this.#nodes.some((node) => node.name === name)) throw ringGraphError('a name is there twice', { name })
      this.#nodes.push(workers === undefined ? { name, after } : { name, after, workers })
      if (handler !== undefined) this.#handlers.set(name, handler)
      const module = moduleOf(declaration)
      if (module !== undefined) this.#modules.set(name, module)
      return name
    })
    return new Group(this, names)
  }
}

class Group<F extends LayoutFields> implements NodeGroup<F> {
  readonly #builder: GraphBuilder<F>
  readonly #names: readonly string[]

  constructor(builder: GraphBuilder<F>, names: readonly string[]) {
    this.#builder = builder
    this.#names = names
  }

  // oxlint-disable-next-line unicorn/no-thenable -- as the Disruptor has it; a group is never awaited: `then` takes nodes
  then(...nodes: readonly NodeInput<F>[]): NodeGroup<F> {
    return this.#builder.add(this.#names, nodes)
  }

  and(group: NodeGroup<F>): NodeGroup<F> {
    if (!(group instanceof Group) || group.#builder !== this.#builder) {
      throw ringGraphError('the group is not of this graph', { names: this.#names.join(', ') })
    }
    return new Group(this.#builder, [...new Set([...this.#names, ...group.#names])])
  }

  build(): Topology<F> {
    return this.#builder.build()
  }
}

function declarationOf<F extends LayoutFields>(input: NodeInput<F>): NodeDeclaration<F> {
  if (typeof input === 'string') return { name: input }
  if (typeof input === 'function') {
    if (input.name === '') throw ringGraphError('a handler has no name', { handler: 'anonymous function' })
    return { name: input.name, handler: input }
  }
  if (typeof input !== 'object' || input === null) throw optionError('node', input, 'a name, a named function or a declaration')
  const { name, handler, export: exported } = input
  const hasName = typeof name === 'string' && name !== ''
  const option = hasName ? `nodes.${name}` : 'node'
  checkFields(option, input, DECLARATION)
  if (!hasName) throw ringGraphError('a node has no name', { name })
  if (handler !== undefined) checkHandler(`${option}.handler`, handler)
  if (exported !== undefined && typeof exported !== 'string') throw optionError(`${option}.export`, exported, 'a name')
  return input
}

/** Where the handler of a declaration is found; undefined for none. */
function moduleOf<F extends LayoutFields>({ name, handler, module, ...rest }: NodeDeclaration<F>): HandlerModule | undefined {
  if (module === undefined) {
    if (rest.export !== undefined || rest.argument !== undefined) {
      throw ringGraphError('a node without a module has an export or an argument', { name })
    }
    return undefined
  }
  if (handler !== undefined) throw ringGraphError('a node has both a handler and a module', { name })
  const url = String(module)
  if (!URL.canParse(url)) throw ringGraphError('a module is not named by a URL', { name, module: url })
  return { url, name: rest.export ?? name, argument: rest.argument }
}
